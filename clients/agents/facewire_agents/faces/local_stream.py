"""Faces that are made in this process."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from facewire.audio.format import AudioFormat, Encoding
from facewire.clock import Clock
from facewire.face import Profile, load_profile, make_face
from facewire.frame_rate import parse_frame_rate
from facewire.frames import Samples, Stamps
from facewire.settings.limits import Limits
from facewire.speaking.alignment.marks import TimedWord
from facewire.speaking.answers import Answer, Cut, TurnEnd
from facewire.speaking.answers import NotInterrupted as Refused
from facewire.speaking.answers import Problem as Failed
from facewire.speaking.conversation import Conversation
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import Pacing
from facewire.speaking.pushed_speech import PushedAudio
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine
from facewire.stream.threads import ServerThreads
from facewire.wire.binary import encode_samples
from facewire.wire.speak import Interrupted, NotInterrupted, Problem, TurnBegins, TurnEnds
from facewire_agents.faces.face_stream import LEAD_S, FaceEvent
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.schedule import MadeFace
from facewire_agents.faces.speech_run import RATE

FOR_EVER_S = 86_400.0
LIMITS = Limits(turns=100_000, speech_s=FOR_EVER_S, speech_bytes=1 << 32, turn_silence_s=FOR_EVER_S)
"""Of an agent that is our own; whoever pushes is held back by `LEAD_S`."""


class LocalStream:
    """A conversation whose turns are pushed audio."""

    def __init__(
        self, engine: Engine, options: FaceOptions, clock: Clock, threads: ServerThreads
    ) -> None:
        """Begin the stream.

        Raises:
            ConfigError: the engine cannot do what the options ask for.
        """
        profile = load_profile(options.profile) if options.profile else Profile()
        models = SpeechModels(
            engine,
            None,
            clock,
            frame_rate=parse_frame_rate(str(options.frame_rate)),
            audio_format=AudioFormat(Encoding.S16LE, RATE, 1),
            lookahead_ms=options.lookahead_ms,
            language=options.language,
        )
        self.spec = models.spec
        self.engine = engine
        self.engine_name = engine.name
        self._alignment = options.alignment
        self._threads = threads
        self._sent: dict[int, int] = {}
        """Samples of turns that take more."""
        self._conversation = Conversation(
            models,
            lambda spec: make_face(spec, profile, idle=options.idle, seed=options.seed),
            Pacing(LEAD_S),
            clock,
            threads=threads,
            limits=LIMITS,
        )

    def begin(self, turn: int) -> None:
        """Begin a turn, behind those before it."""
        self._sent[turn] = 0
        self._conversation.begin_speech(turn, tokens=False, audio=True, alignment=self._alignment)

    def push(self, turn: int, samples: Samples) -> None:
        """Take the next samples of a turn, at the rate of the stream."""
        start = self._sent.get(turn)
        if start is None or not len(samples):
            return
        self._sent[turn] = start + len(samples)
        pcm = encode_samples(samples, Encoding.S16LE)
        self._conversation.push(turn, PushedAudio(pcm, start))

    def align(self, turn: int, word: str, start_s: float) -> None:
        """Learn when a word of a turn begins, where the options want to know."""
        if self._alignment and turn in self._sent:
            self._conversation.align(turn, [TimedWord(word, start_s)])

    def end(self, turn: int) -> None:
        """Take no more of a turn."""
        if self._sent.pop(turn, None) is not None:
            self._conversation.end_turn(turn)

    def interrupt(self, turn: int, at_ms: float) -> None:
        """Stop a turn, heard for so long, and those behind it."""
        self._sent = {number: sent for number, sent in self._sent.items() if number < turn}
        self._conversation.interrupt(turn, at_ms)

    def set_playout(self, sample: int, when: int) -> None:
        """Learn that a sample of the stream is heard at a time, in ns."""
        self._conversation.set_playout(sample, when)

    def pause(self) -> None:
        """Stand still."""
        self._conversation.pause()

    def resume(self) -> None:
        """Go on."""
        self._conversation.resume()

    async def run(self, take: Callable[[FaceEvent], None]) -> None:
        """Hand over what comes, until it is cancelled."""
        conversation = self._conversation
        try:
            async with asyncio.TaskGroup() as tasks:
                for name, work in conversation.tasks().items():
                    tasks.create_task(work, name=name)
                async with aclosing(conversation.play(lambda shown: shown)) as played:
                    async for item in played:
                        if isinstance(item, FrameInterval):
                            _take_interval(item, take)
                        elif (event := _event(item)) is not None:
                            take(event)
        finally:
            conversation.close()

    async def aclose(self) -> None:
        """Give back what it holds."""
        self._threads.close()


async def open_local(
    options: FaceOptions, clock: Clock, threads: Callable[[Engine, int], ServerThreads]
) -> LocalStream:
    """Load the engine, and begin the stream.

    Raises:
        ConfigError: there is no such engine, or it cannot do what the options ask for.
        EngineError: its model is missing or damaged.
    """
    engine = options.engine
    loaded = await asyncio.to_thread(load_engine, engine) if isinstance(engine, str) else engine
    return LocalStream(loaded, options, clock, threads(loaded, 1))


def _take_interval(interval: FrameInterval, take: Callable[[FaceEvent], None]) -> None:
    turn, frame = interval.turn, interval.frame
    if turn is not None and turn.interrupted:
        return
    if turn is not None and interval.begins:
        take(TurnBegins(turn=turn.number, sample=frame.timestamp, at=interval.own))
    # It waits for its sound: how long is no latency, and no microphone heard it.
    take(MadeFace(replace(frame, stamps=Stamps()), np.asarray(interval.audio, np.float32)))


def _event(answer: Answer) -> FaceEvent | None:
    if isinstance(answer, TurnEnd):
        turn = answer.turn
        return TurnEnds(turn=turn.number, sample=None, frames=turn.frames, face_lead_ms=None)
    if isinstance(answer, Cut):
        return Interrupted(
            turn=answer.turn, sample=answer.sample, frame=answer.frame, at_ms=answer.at_ms,
            speech_ms=answer.speech_ms, dropped=list(answer.dropped),
        )  # fmt: skip
    if isinstance(answer, Refused):
        return NotInterrupted(turn=answer.turn, reason="over" if answer.known else "unknown")
    if isinstance(answer, Failed):
        return Problem(turn=answer.turn, message=answer.message)
    return None
