"""A face in a chain of LiveKit's audio outputs, in step with what its end plays."""

import asyncio

import numpy as np
import pytest
import soxr
from livekit import rtc
from livekit.agents.voice.io import TimedString
from numpy.typing import NDArray
from tests.clients.agents.inside.livekit_agent import ClockSink, running, sound
from tests.clients.agents.inside.virtual_time import run

from facewire.animator import AnimatorOptions, animate
from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.frames import Stamps
from facewire_agents.livekit import FaceOptions

RATE = 16_000
FRAME_MS = 1000 / 60
INTERRUPTIONS, ROUNDS = 1_000, 10
Pcm = NDArray[np.int16]


def test_a_minute_of_speech_stays_in_step(speech: Pcm) -> None:
    long = np.tile(speech, 7)[: 60 * RATE]

    async def main() -> None:
        async with running() as chain:
            speaking = asyncio.create_task(chain.say(long, RATE))
            for second in range(61):
                await asyncio.sleep(1)
                # What is given at once is taken as it is played, and so are its faces made.
                assert chain.face.face.waiting < 6 * 60
                assert speaking.done() or second < 50
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
            # They waited for their sound, which is no latency.
            assert {frame.stamps for _, frame in chain.turn(1)} == {Stamps()}
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
            first = len(chain.output.played)
            await chain.say(speech[RATE : 3 * RATE], RATE)
            await asyncio.sleep(3)
            assert np.array_equal(chain.sounded, speech[: 3 * RATE])
            late = chain.offsets_ms(2, first)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS
            assert [interrupted for _, interrupted in chain.output.finished] == [False]

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
            assert chain.output.played[first - 1].samples == 123
            for turn, begin in ((1, 0), (2, first)):
                assert max(map(abs, chain.offsets_ms(turn, begin))) <= FRAME_MS
            assert [interrupted for _, interrupted in chain.output.finished] == [False, False]

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
            expected = (now - chain.output.played[0].when) * RATE // SECOND - 1
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
            position, interrupted = chain.output.finished[-1]
            assert position == pytest.approx(1)
            assert not interrupted

    run(main())


def test_an_interruption_before_anybody_listens_ends_the_speech(speech: Pcm) -> None:
    """As in a room whose first listener has not come: its output waits for one."""

    class WaitingSink(ClockSink):
        def __init__(self, clock: Clock) -> None:
            super().__init__(clock)
            self.listened = asyncio.Event()

        async def capture_frame(self, frame: rtc.AudioFrame) -> None:
            await self.listened.wait()
            await super().capture_frame(frame)

    async def main() -> None:
        async with running(sink=WaitingSink) as chain:
            assert isinstance(chain.output, WaitingSink)
            await chain.say(speech[:RATE], RATE)
            await asyncio.sleep(1)
            chain.face.clear_buffer()
            async with asyncio.timeout(1):
                event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (0, True)
            (heard,) = chain.interrupted
            assert heard.sample is None
            assert not chain.turn(1)
            chain.output.listened.set()
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(3)
            late = chain.offsets_ms(2)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS
            async with asyncio.timeout(1):
                assert not (await chain.face.wait_for_playout()).interrupted
            assert len(chain.output.finished) == 1

    run(main())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_is_shown_after_any_of_a_thousand_interruptions(speech: Pcm, seed: int) -> None:
    chance = np.random.default_rng(seed)

    async def main() -> None:
        async with running(FaceOptions(engine="energy", lookahead_ms=80, idle=False)) as chain:
            for _ in range(INTERRUPTIONS // ROUNDS):
                chain.clear()
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
                heard = chain.heard_until(now)
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


def test_words_with_times_reach_what_makes_the_faces(speech: Pcm) -> None:
    """Words that close the lips where nothing of the kind is said: the face is no longer heard."""
    words = [TimedString("p m b ", at / 4) for at in range(4, 12)]

    async def faces(told: list[TimedString], *, alignment: bool) -> NDArray[np.float32]:
        async with running(FaceOptions(idle=False, alignment=alignment)) as chain:
            await chain.say(speech[: 4 * RATE], RATE, words=told)
            await asyncio.sleep(5)
            assert max(map(abs, chain.offsets_ms(1))) <= FRAME_MS
            return np.array([frame.weights for _, frame in chain.turn(1)])

    heard = run(faces([], alignment=True))
    told = run(faces(words, alignment=True))
    unasked = run(faces(words, alignment=False)), run(faces([], alignment=False))
    assert len(heard) == len(told) == 240
    assert np.abs(heard - told).max() > 0.2
    assert np.array_equal(*unasked)
