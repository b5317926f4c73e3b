"""A face in a chain of LiveKit's audio outputs, in step with what its end plays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import soxr
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.voice.io import TimedString
from numpy.typing import NDArray
from tests.clients.agents.inside.livekit_sink import ClockSink
from tests.clients.agents.inside.virtual_time import CountedThreads, LoopClock, loop, run

from facewire.animator import AnimatorOptions, animate
from facewire.clock import MILLISECOND, SECOND
from facewire.frames import BlendshapeFrame
from facewire_agents.faces import Heard
from facewire_agents.livekit import FaceOptions, FaceOutput

RATE = 16_000
FRAME_MS = 1000 / 60
INTERRUPTIONS, ROUNDS = 1_000, 10
Pcm = NDArray[np.int16]


@dataclass
class Chain:
    """A face before a sink."""

    face: FaceOutput
    sink: ClockSink
    clock: LoopClock
    shown: list[tuple[int, BlendshapeFrame]] = field(default_factory=list)
    interrupted: list[Heard] = field(default_factory=list)

    async def say(self, pcm: Pcm, rate: int, *, flush: bool = True, words: Any = ()) -> None:
        """Capture speech as a TTS gives it, all at once."""
        step = rate // 10
        for first in range(0, len(pcm), step):
            frame = sound(pcm[first : first + step], rate)
            if not first:
                frame.userdata[USERDATA_TIMED_TRANSCRIPT] = list(words)
            await self.face.capture_frame(frame)
        if flush:
            self.face.flush()

    def turn(self, number: int) -> list[tuple[int, BlendshapeFrame]]:
        return [(when, frame) for when, frame in self.shown if frame.turn == number]

    def offsets_ms(self, turn: int, first: int = 0) -> list[float]:
        """Return how late after its sound each face of a turn was shown; it has no breaks."""
        faces = self.turn(turn)
        begin = faces[0][1].timestamp
        played = self.sink.played[first:]
        ends = np.cumsum([one.samples / one.sample_rate for one in played])
        late = []
        for when, frame in faces:
            second = (frame.timestamp - begin) / RATE
            at = int(np.searchsorted(ends, second, side="right"))
            if at == len(played):
                break
            into = second - (ends[at - 1] if at else 0.0)
            late.append((when - played[at].when) / MILLISECOND - 1000 * into)
        return late

    @property
    def sounded(self) -> Pcm:
        return np.concatenate([np.frombuffer(one.frame.data, np.int16) for one in self.sink.played])

    @property
    def rest(self) -> BlendshapeFrame:
        return self.shown[0][1]


def sound(pcm: Pcm, rate: int) -> rtc.AudioFrame:
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    return rtc.AudioFrame(pcm.tobytes(), rate, channels, len(pcm))


@asynccontextmanager
async def running(options: FaceOptions | None = None) -> AsyncIterator[Chain]:
    clock = LoopClock(loop())
    sink = ClockSink(clock)
    face = FaceOutput(sink, options or FaceOptions(idle=False), clock=clock, threads=CountedThreads)
    chain = Chain(face, sink, clock)
    face.on_face(lambda frame: chain.shown.append((clock.now(), frame)))
    face.on("face_interrupted", chain.interrupted.append)
    await face.start()
    await asyncio.sleep(0.5)
    try:
        yield chain
    finally:
        await face.aclose()
        await sink.aclose()


def test_a_minute_of_speech_stays_in_step(speech: Pcm) -> None:
    long = np.tile(speech, 7)[: 60 * RATE]

    async def main() -> None:
        async with running() as chain:
            speaking = asyncio.create_task(chain.say(long, RATE))
            await asyncio.sleep(61)
            await speaking
            event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (pytest.approx(60), False)
            late = chain.offsets_ms(1)
            assert len(late) == 3_600
            assert max(map(abs, late)) <= FRAME_MS
            assert np.array_equal(chain.sounded, long)
            assert chain.face.face.waiting < 10

    run(main())


def test_the_faces_are_those_of_the_sound(speech: Pcm) -> None:
    alone = animate(speech, RATE, AnimatorOptions(lookahead_ms=150, idle=False))

    async def main() -> None:
        async with running() as chain:
            await chain.say(speech, RATE)
            await asyncio.sleep(11)
            weights = np.array([frame.weights for _, frame in chain.turn(1)])
            count = min(len(weights), len(alone.weights))
            assert count > 570
            assert np.abs(weights[4:count] - alone.weights[4:count]).max() < 0.02

    run(main())


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_stereo_stay_in_step(speech: Pcm, rate: int, channels: int) -> None:
    mono = np.asarray(soxr.resample(speech[: 3 * RATE], RATE, rate), np.int16)
    pcm = mono if channels == 1 else np.stack([mono, mono // 2], axis=1)

    async def main() -> None:
        async with running() as chain:
            await chain.say(pcm, rate)
            await asyncio.sleep(4)
            late = chain.offsets_ms(1)
            assert len(late) >= 179
            assert max(map(abs, late)) <= FRAME_MS
            assert np.array_equal(chain.sounded, pcm.ravel())

    run(main())


def test_a_tts_that_is_no_faster_than_its_sound_stays_in_step(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            for first in range(0, 5 * RATE, RATE // 50):
                await chain.face.capture_frame(sound(speech[first : first + RATE // 50], RATE))
                await asyncio.sleep(0.02)
            chain.face.flush()
            await asyncio.sleep(1)
            late = chain.offsets_ms(1)
            assert len(late) == 300
            assert max(map(abs, late)) <= FRAME_MS

    run(main())


def test_a_tts_that_pauses_is_heard_to_its_last_sample_before_it_goes_on(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[:RATE], RATE, flush=False)
            await asyncio.sleep(2)
            assert np.array_equal(chain.sounded, speech[:RATE])
            first = len(chain.sink.played)
            await chain.say(speech[RATE : 3 * RATE], RATE)
            await asyncio.sleep(3)
            assert np.array_equal(chain.sounded, speech[: 3 * RATE])
            late = chain.offsets_ms(2, first)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS
            assert [interrupted for _, interrupted in chain.sink.finished] == [False]

    run(main())


def test_the_face_stands_still_with_a_sound_that_pauses(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[: 3 * RATE], RATE)
            await asyncio.sleep(1)
            chain.face.pause()
            # The sink plays the frame that it has begun.
            await asyncio.sleep(1)
            still = len(chain.shown)
            await asyncio.sleep(1)
            assert len(chain.shown) == still
            chain.face.resume()
            await asyncio.sleep(3)
            late = chain.offsets_ms(1)
            assert len(late) == 180
            # What it had begun lasts 50 ms at most, which are three faces.
            assert sum(abs(one) > FRAME_MS + 50 for one in late) <= 3

    run(main())


def test_segments_follow_each_other(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[: RATE + 123], RATE)
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(4)
            first = 21
            assert chain.sink.played[first - 1].samples == 123
            for turn, begin in ((1, 0), (2, first)):
                assert max(map(abs, chain.offsets_ms(turn, begin))) <= FRAME_MS
            assert [interrupted for _, interrupted in chain.sink.finished] == [False, False]

    run(main())


def test_an_interruption_rests_the_face_and_tells_the_last_sample(speech: Pcm) -> None:
    words = [TimedString("good ", 0.1, 0.4), TimedString("day ", 1.5, 2.0), TimedString("x", 2.9)]

    async def main() -> None:
        async with running() as chain:
            await chain.say(speech, RATE, words=words)
            await asyncio.sleep(2.3456)
            now = chain.clock.now()
            chain.face.clear_buffer()
            await asyncio.sleep(1)
            event = await chain.face.wait_for_playout()
            assert event.interrupted
            (heard,) = chain.interrupted
            expected = (now - chain.sink.played[0].when) * RATE // SECOND - 1
            assert heard.sample is not None
            assert abs(heard.sample - expected) <= 1
            assert abs(heard.at_ms - 1000 * event.playback_position) < 0.1
            assert heard.word == "day"
            after = [frame for when, frame in chain.shown if when > now]
            assert not [frame for frame in after if frame.turn]
            soon = [f for when, f in chain.shown if when >= now + 150 * MILLISECOND]
            assert np.abs(soon[0].weights - chain.rest.weights).max() < 0.02
            await chain.say(speech[:RATE], RATE)
            await asyncio.sleep(2)
            position, interrupted = chain.sink.finished[-1]
            assert position == pytest.approx(1)
            assert not interrupted

    run(main())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_is_shown_after_any_of_a_thousand_interruptions(speech: Pcm, seed: int) -> None:
    chance = np.random.default_rng(seed)

    async def main() -> None:
        async with running(FaceOptions(engine="energy", lookahead_ms=80, idle=False)) as chain:
            for _ in range(INTERRUPTIONS // ROUNDS):
                chain.shown[1:] = []
                chain.sink.played.clear()
                chain.interrupted.clear()
                length = int(chance.uniform(0.02, 0.5) * RATE)
                begin = int(chance.integers(len(speech) - length))
                spoken_s = length / RATE
                flush = bool(chance.integers(4))
                await chain.say(speech[begin : begin + length], RATE, flush=flush)
                kind = int(chance.integers(5))
                await asyncio.sleep(
                    [0.0, 1 / 60, spoken_s, spoken_s + 0.3, chance.uniform(0, spoken_s)][kind]
                )
                now = chain.clock.now()
                heard = sum(
                    min(max(0, (now - one.when) * RATE // SECOND), one.samples)
                    for one in chain.sink.played
                )
                if not flush:
                    chain.face.flush()
                chain.face.clear_buffer()
                if chance.integers(2):
                    chain.face.clear_buffer()
                await asyncio.sleep(0.17)
                assert not [f for when, f in chain.shown[1:] if f.turn and when > now]
                assert np.abs(chain.shown[-1][1].weights - chain.rest.weights).max() < 0.02
                for told in chain.interrupted:
                    assert abs((-1 if told.sample is None else told.sample) - (heard - 1)) <= 1
                async with asyncio.timeout(1):
                    await chain.face.wait_for_playout()

    run(main())
