# pyright: reportMissingImports=false
"""Sound that waits for its faces, and what stands behind it, on its way to the transport."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.frames.frames import (
    Frame,
    OutputTransportMessageFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.transports.base_output import BaseOutputTransport

from facewire.clock import SECOND, Clock
from facewire_agents.faces import AgentFace, Heard, SpeechRun
from facewire_agents.faces.heard_clock import HeardClock, duration_ns
from facewire_agents.faces.patience import patience_ends
from facewire_agents.faces.speech_run import RATE
from facewire_agents.pipecat.frames import FaceMessageFrame, SoundMark, SoundMarkFrame
from facewire_agents.pipecat.messages import faces_message, names_message
from facewire_agents.pipecat.sound_pieces import SoundPiece, SoundPieces
from facewire_agents.pipecat.timed_words import TimedWords

logger = logging.getLogger(__name__)

HELD_S = 10.0
"""How much sound may wait here before the TTS has to."""


@dataclass(slots=True, eq=False)
class Speech:
    """What a TTS says now."""

    context: str
    run: SpeechRun
    pieces: SoundPieces
    began: int
    """Where its words count from, in ns of the pipeline."""
    last: int
    """When its last sound came, in ns."""
    like: TTSAudioRawFrame
    """Its last frame: pieces are like it."""

    def is_of(self, frame: TTSAudioRawFrame) -> bool:
        """Tell whether a frame goes on with it."""
        like = self.like
        return self.context == (frame.context_id or "") and (
            like.sample_rate, like.num_channels, like.transport_destination, like.interruptible
        ) == (
            frame.sample_rate, frame.num_channels, frame.transport_destination, frame.interruptible
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HeldPiece:
    """A piece of sound that waits for its faces."""

    run: SpeechRun
    piece: SoundPiece
    like: TTSAudioRawFrame
    duration_ns: int


class HeldSound:
    """Frames on their way to the transport, in their order. Used by one event loop."""

    def __init__(
        self,
        face: AgentFace,
        transport: BaseOutputTransport,
        clock: Clock,
        push: Callable[[Frame], Awaitable[None]],
        *,
        pipeline_time: Callable[[], int],
        messages: bool,
    ) -> None:
        """Begin with nothing.

        Args:
            face: makes the faces, and shows them.
            transport: plays the sound.
            clock: keeps time.
            push: passes a frame on to the transport.
            pipeline_time: tells the time of the pipeline, which the pts of frames count in.
            messages: whether faces go through the transport, too.
        """
        self._face = face
        self._transport = transport
        self._clock = clock
        self._push = push
        self._messages = messages
        self._heard = HeardClock()
        self._held: deque[HeldPiece | Frame] = deque()
        self._held_ns = 0
        self._room = asyncio.Event()
        self._speech: Speech | None = None
        self._paused: Speech | None = None
        """What a TTS said before it paused."""
        self._words = TimedWords(pipeline_time)
        self._passing = asyncio.Lock()
        """Held while a frame is passed on, so that an interruption comes before or after it."""

    def add(self, frame: Frame) -> None:
        """Take a frame that stands behind the sound."""
        self._held.append(frame)
        self._face.made.set()

    async def hear(self, frame: TTSAudioRawFrame) -> None:
        """Take the next sound; wait if too much is held.

        Raises:
            ConfigError: there is no such audio.
        """
        if self._speech is not None and not self._speech.is_of(frame):
            await self.end()
        speech = self._speech or self._begin(frame)
        speech.last, speech.like = self._clock.now(), frame
        self._face.runs.push(speech.run, frame.audio)
        self._hold(speech, await speech.pieces.push(frame.audio))
        while self._held_ns > HELD_S * SECOND:
            self._room.clear()
            await self._room.wait()

    def note(self, frame: TTSTextFrame) -> None:
        """Take a word with its time, before or after its sound."""
        speech = self._speech or self._paused
        if speech is not None and frame.context_id in (None, speech.context):
            self._words.note(frame)
            self._note(speech, frame)
        else:
            self._words.hold(frame)

    async def end(self) -> None:
        """Take no more of this speech."""
        await self._end_run()
        self._paused = None

    def taken(self, mark: SoundMark) -> None:
        """Learn that the transport takes a piece now."""
        when = self._heard.take(mark.duration_ns, self._clock.now())
        self._face.play(mark.run, mark.first, mark.last, when)

    async def interrupt(self, pass_on: Callable[[], Awaitable[None]]) -> Heard | None:
        """Drop what may be dropped, and let the face rest.

        Args:
            pass_on: passes the interruption on to the transport.

        Returns:
            What was heard, if anybody spoke.
        """
        async with self._passing:
            kept = [item for item in self._held if not _like(item).interruptible]
            heard = None
            self._held = deque(kept)
            self._held_ns = sum(p.duration_ns for p in kept if isinstance(p, HeldPiece))
            self._room.set()
            if not self._face.goes_on:
                self._speech = self._paused = None
                self._words.forget()
                heard = self._face.interrupt()
                self._heard.forget()
            await pass_on()
            return heard

    async def run(self) -> None:
        """Pass on what is ready, until it is cancelled."""
        while True:
            item = self._held[0] if self._held else None
            if item is None:
                await self._face.made.wait()
            elif isinstance(item, HeldPiece) and not item.run.has_faces(item.piece.last):
                await self._wait_for_faces(item.run)
            else:
                async with self._passing:
                    # An interruption may have dropped it meanwhile.
                    if self._held and self._held[0] is item:
                        self._held.popleft()
                        await self._pass(item)

    async def _end_run(self) -> None:
        speech, self._speech = self._speech, None
        if speech is not None and not speech.run.ended:
            self._face.runs.end(speech.run)
            self._hold(speech, await speech.pieces.flush())

    def _begin(self, frame: TTSAudioRawFrame) -> Speech:
        transport, context = self._transport, frame.context_id or ""
        before, self._paused = self._paused, None
        goes_on = before is not None and before.is_of(frame)
        after = before.run if before and goes_on else None
        offset = after.offset + after.pushed if after else 0
        run = self._face.runs.begin(
            context, frame.sample_rate, frame.num_channels, offset=offset, after=after
        )
        run.interruptible = frame.interruptible
        pieces = SoundPieces(
            frame.sample_rate, frame.num_channels, transport.sample_rate, transport.audio_chunk_size
        )
        began, words = self._words.take(context)
        if before and goes_on:
            began = before.began
        self._speech = Speech(context, run, pieces, began, self._clock.now(), frame)
        for word in words:
            self._note(self._speech, word)
        if self._messages and not offset:
            self.add(OutputTransportMessageFrame(message=names_message()))
        return self._speech

    def _note(self, speech: Speech, frame: TTSTextFrame) -> None:
        if frame.pts:
            start = round((frame.pts - speech.began) * RATE / SECOND)
            self._face.runs.note(
                speech.run, frame.text, start - speech.run.position(speech.run.offset)
            )

    def _hold(self, speech: Speech, pieces: list[SoundPiece]) -> None:
        duration = duration_ns(speech.pieces.samples, speech.pieces.sample_rate)
        for piece in pieces:
            self._held.append(HeldPiece(speech.run, piece, speech.like, duration))
            self._held_ns += duration
        self._face.made.set()

    async def _wait_for_faces(self, run: SpeechRun) -> None:
        """Wait for more faces, or do without what they wait for."""
        now, speech = self._clock.now(), self._speech
        last = speech.last if speech is not None and speech.run is run else now
        until = patience_ends(run, last, self._heard.runs_out(now))
        if until > now:
            await self._face.made.wait(until)
        elif run.ended:
            logger.warning("the faces of some speech take too long; it goes on without them")
            run.over = True
        else:
            # What came is a run of its own, and what comes is the next one.
            self._paused = speech
            await self._end_run()

    async def _pass(self, item: HeldPiece | Frame) -> None:
        if not isinstance(item, HeldPiece):
            await self._push(item)
            return
        self._held_ns -= item.duration_ns
        self._room.set()
        self._heard.give(item.duration_ns, self._clock.now())
        for frame in (self._mark(item), _audio(item)):
            frame.transport_destination = item.like.transport_destination
            frame.interruptible = item.like.interruptible
            await self._push(frame)

    def _mark(self, item: HeldPiece) -> Frame:
        run, piece = item.run, item.piece
        mark = SoundMark(run, piece.first, piece.last, item.duration_ns)
        first, last = run.position(piece.first), run.position(piece.last)
        words = [word.word for word in run.words if first <= word.start < last]
        faces = self._face.faces_between(run, first, last)
        if not self._messages or not (faces or words):
            return SoundMarkFrame(mark=mark)
        return FaceMessageFrame(message=faces_message(faces, words), mark=mark)


def _like(item: HeldPiece | Frame) -> Frame:
    return item.like if isinstance(item, HeldPiece) else item


def _audio(item: HeldPiece) -> TTSAudioRawFrame:
    return TTSAudioRawFrame(
        audio=item.piece.pcm, sample_rate=item.piece.sample_rate,
        num_channels=item.like.num_channels, context_id=item.like.context_id,
    )  # fmt: skip
