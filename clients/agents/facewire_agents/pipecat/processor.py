# pyright: reportMissingImports=false
"""A processor between the TTS and the output of the transport, which gives the agent its face."""

import asyncio
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.transports.base_output import BaseOutputTransport

from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError, FacewireError
from facewire.frames import BlendshapeFrame
from facewire.stream.threads import ServerThreads
from facewire_agents.faces import AgentFace, FaceOptions, Heard
from facewire_agents.faces.agent_face import OpenThreads
from facewire_agents.pipecat.frames import FaceInterruptedFrame, mark_of
from facewire_agents.pipecat.held_sound import HeldSound
from facewire_agents.pipecat.messages import rest_message

NO_TRANSPORT = (
    "FaceProcessor found no output of a transport behind it; put it before transport.output() in "
    "the same Pipeline, or say FaceProcessor(transport=transport.output())"
)


class FaceProcessor(FrameProcessor):
    """Makes faces of what a TTS says, and shows them while the transport plays it.

    The sound goes on as soon as its faces are there, cut into the pieces that the transport plays.
    Everything else passes in its order. An interruption lets the face rest, and is followed by a
    `FaceInterruptedFrame` upstream and the event `on_interrupted(processor, heard)`.
    """

    def __init__(
        self,
        options: FaceOptions | None = None,
        *,
        transport: BaseOutputTransport | None = None,
        messages: bool = True,
        clock: Clock | None = None,
        threads: OpenThreads = ServerThreads,
        **kwargs: Any,
    ) -> None:
        """Get ready; nothing is opened.

        Args:
            options: how faces are made, and where they go besides the transport.
            transport: the output that plays the speech; by default, the one behind.
            messages: whether faces go through the transport, to whoever listens.
            clock: keeps time.
            threads: makes the threads that faces are made on.
            **kwargs: for Pipecat, such as `name`.

        Raises:
            ConfigError: an output cannot be read.
        """
        super().__init__(**kwargs)
        self._register_event_handler("on_interrupted")
        self._clock = clock or SystemClock()
        self._face = AgentFace(options, clock=self._clock, threads=threads)
        self._transport = transport
        self._messages = messages
        self._sound: HeldSound | None = None
        """Once the pipeline has started with a transport."""
        self._tasks: list[asyncio.Task[None]] = []
        self._opened = asyncio.Event()
        self._failure: Exception | None = None
        """Why there was no face at the start."""

    @property
    def face(self) -> AgentFace:
        """The face itself."""
        return self._face

    @property
    def page_urls(self) -> tuple[str, ...]:
        """Where the page is, once it is `opened`; empty without one."""
        return self._face.page_urls

    async def opened(self) -> None:
        """Return as soon as the pipeline is set up, with the face and its page.

        Raises:
            ConfigError: it is set up without a face.
        """
        await self._opened.wait()
        if self._failure is not None:
            raise ConfigError(f"there is no face: {self._failure}") from self._failure

    async def watched(self) -> None:
        """Return as soon as somebody has the page open.

        Raises:
            ConfigError: there is no page, since there is no face.
        """
        await self.opened()
        await self._face.watched()

    def on_face(
        self, listener: Callable[[BlendshapeFrame], None]
    ) -> Callable[[BlendshapeFrame], None]:
        """Have something called with each face when it is shown; a decorator, too."""
        return self._face.on_face(listener)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Open what makes the faces; if that fails, the agent speaks without a face."""
        await super().setup(setup)
        try:
            await self._face.open()
        except Exception as error:
            # A face is not worth an agent that cannot be heard.
            self._failure = error
        self._opened.set()
        if self._failure is None or self._face.options.server:
            self._tasks.append(self.create_task(self._run_face(), name=f"{self}::faces"))

    async def cleanup(self) -> None:
        """Give back what it holds."""
        await super().cleanup()
        for task in self._tasks:
            await self.cancel_task(task)
        self._tasks.clear()
        await self._face.aclose()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame, and pass it on when its faces are there."""
        await super().process_frame(frame, direction)
        sound = self._sound
        if isinstance(frame, StartFrame):
            await self.push_frame(frame, direction)
            await self._start()
            if self._failure is not None:
                await self.push_error(self._without_face(self._failure))
        elif isinstance(frame, InterruptionFrame):
            await self._interrupt(frame, direction)
        elif (
            sound is None
            or isinstance(frame, SystemFrame)
            or direction is not FrameDirection.DOWNSTREAM
        ):
            await self.push_frame(frame, direction)
        elif isinstance(frame, TTSAudioRawFrame):
            await self._hear(sound, frame)
        elif isinstance(frame, (TTSStoppedFrame, EndFrame)):
            await sound.end()
            sound.add(frame)
            if self._messages and isinstance(frame, TTSStoppedFrame):
                sound.add(OutputTransportMessageFrame(message=rest_message("end")))
        else:
            if isinstance(frame, TTSTextFrame):
                sound.note(frame)
            sound.add(frame)

    async def _start(self) -> None:
        transport = self._transport or _output_behind(self)
        if transport is None:
            await self.push_error(NO_TRANSPORT)
            return
        transport.add_event_handler("on_before_push_frame", self._on_transport_frame)
        self._sound = HeldSound(
            self._face, transport, self._clock, self.push_frame,
            pipeline_time=self.get_clock().get_time, messages=self._messages,
        )  # fmt: skip
        self._tasks.append(self.create_task(self._sound.run(), name=f"{self}::sound"))

    async def _hear(self, sound: HeldSound, frame: TTSAudioRawFrame) -> None:
        try:
            await sound.hear(frame)
        except ConfigError as error:
            await self.push_error(f"this speech has no face: {error}", exception=error)
            sound.add(frame)

    async def _interrupt(self, frame: Frame, direction: FrameDirection) -> None:
        if self._sound is None:
            await self.push_frame(frame, direction)
            return
        heard = await self._sound.interrupt(lambda: self.push_frame(frame, direction))
        if heard is None:
            return
        if self._messages:
            message = rest_message("interrupted")
            await self.push_frame(OutputTransportMessageUrgentFrame(message=message))
        await self.push_frame(_interrupted(heard), FrameDirection.UPSTREAM)
        await self._call_event_handler("on_interrupted", heard)

    def _on_transport_frame(self, _transport: FrameProcessor, frame: Frame) -> None:
        """Learn that the transport takes a piece of sound."""
        mark = mark_of(frame)
        if mark is not None and self._sound is not None:
            self._sound.taken(mark)

    def _without_face(self, error: Exception) -> str:
        again = (
            " (its server is asked again from time to time)" if self._face.options.server else ""
        )
        return f"the agent speaks without a face: {error}{again}"

    def _tell(self, problem: str) -> None:
        self._tasks.append(self.create_task(self.push_error(problem), name=f"{self}::problem"))

    async def _run_face(self) -> None:
        try:
            await self._face.run(self._tell)
        except FacewireError as error:
            # The agent goes on to speak.
            await self.push_error(f"the face is gone: {error}", exception=error)


def _output_behind(processor: FrameProcessor) -> BaseOutputTransport | None:
    """Return the next output of a transport, if there is one."""
    following = processor.next
    while following is not None and not isinstance(following, BaseOutputTransport):
        following = following.next
    return following


def _interrupted(heard: Heard) -> FaceInterruptedFrame:
    return FaceInterruptedFrame(
        context_id=heard.context, sample=heard.sample, sample_rate=heard.sample_rate,
        at_ms=heard.at_ms, word=heard.word, text=heard.text,
    )  # fmt: skip
