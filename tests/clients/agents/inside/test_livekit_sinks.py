"""Sinks that fail, or take their time, and outputs that are closed while the agent speaks."""

import asyncio
import logging
from typing import ClassVar

import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray
from tests.clients.agents.inside.livekit_agent import Chain, ClockSink, running
from tests.clients.agents.inside.virtual_time import CountedThreads, LoopClock, loop, run

from facewire_agents.livekit import FaceOptions, FaceOutput

RATE = 16_000
PIECE = RATE // 20
FRAME_MS = 1000 / 60
Pcm = NDArray[np.int16]


class FailingSink(ClockSink):
    """Fails as often as it is told to."""

    failures: ClassVar[list[BaseException | None]] = []
    """Of the next frames."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        await super().capture_frame(frame)


class SlowSink(ClockSink):
    """Takes its time before it takes some frames."""

    waits: ClassVar[dict[int, float]] = {}
    """How many s, by the number of the frame."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(clock)
        self.count = 0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.count += 1
        await asyncio.sleep(self.waits.get(self.count - 1, 0))
        await super().capture_frame(frame)


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one for one in caplog.messages if "does not take" in one]


async def check_next_segment(chain: Chain, speech: Pcm) -> None:
    """One more segment is heard, and has its faces."""
    await asyncio.sleep(1)
    chain.clear()
    await chain.say(speech[:RATE], RATE)
    async with asyncio.timeout(20):
        event = await chain.face.wait_for_playout()
    assert (event.playback_position, event.interrupted) == (pytest.approx(1), False)
    await asyncio.sleep(0.5)
    assert np.array_equal(chain.sounded, speech[:RATE])
    (turn,) = {frame.turn for _, frame in chain.shown if frame.turn}
    late = chain.offsets_ms(turn)
    assert len(late) == 60
    assert max(map(abs, late)) <= FRAME_MS


@pytest.mark.parametrize("failure", [RuntimeError("no device"), asyncio.CancelledError()])
@pytest.mark.parametrize("frame", [0, 3])
def test_a_sink_that_fails_once_loses_one_piece_of_sound(
    frame: int, failure: BaseException, speech: Pcm, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        FailingSink.failures = [*[None] * frame, failure]
        async with running(sink=FailingSink) as chain:
            await chain.say(speech[: 2 * RATE], RATE)
            async with asyncio.timeout(20):
                event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (pytest.approx(1.95), False)
            lost = slice(frame * PIECE, (frame + 1) * PIECE)
            assert np.array_equal(chain.sounded, np.delete(speech[: 2 * RATE], lost))
            assert len(chain.turn(1)) >= 100
            await check_next_segment(chain, speech)

    with caplog.at_level(logging.ERROR):
        run(main())
    (sentence,) = refusals(caplog)
    assert "some speech" in sentence
    assert str(failure) in sentence


def test_faces_after_a_piece_that_was_lost_are_in_step(speech: Pcm) -> None:
    async def main() -> None:
        FailingSink.failures = [None, None, None, RuntimeError("no device")]
        async with running(sink=FailingSink) as chain:
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(3)
            begin = chain.turn(1)[0][1].timestamp
            # What is heard behind it is the sound that came behind it.
            after = chain.output.played[3].when
            for when, frame in chain.turn(1):
                sample = frame.timestamp - begin
                if sample >= 4 * PIECE:
                    heard = after + (sample - 4 * PIECE) * 1_000_000_000 // RATE
                    assert abs(when - heard) <= FRAME_MS * 1_000_000

    run(main())


def test_a_sink_that_takes_nothing_of_a_segment_does_not_hold_up_the_session(
    speech: Pcm, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        FailingSink.failures = [RuntimeError("no device")] * 20
        async with running(sink=FailingSink) as chain:
            await chain.say(speech[:RATE], RATE)
            async with asyncio.timeout(20):
                event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (0, True)
            assert not FailingSink.failures
            await check_next_segment(chain, speech)

    with caplog.at_level(logging.WARNING):
        run(main())
    assert len(caplog.messages) == len(refusals(caplog)) == 1


def test_a_sink_that_does_not_end_a_segment_goes_on_with_the_next(
    speech: Pcm, caplog: pytest.LogCaptureFixture
) -> None:
    class UnendingSink(ClockSink):
        failures: ClassVar[list[BaseException]] = [RuntimeError("no device")]

        def flush(self) -> None:
            super().flush()
            if self.failures:
                raise self.failures.pop()

    async def main() -> None:
        async with running(sink=UnendingSink) as chain:
            await chain.say(speech[:RATE], RATE)
            await check_next_segment(chain, speech)

    with caplog.at_level(logging.ERROR):
        run(main())
    assert ["no device" in one for one in caplog.messages] == [True]


@pytest.mark.parametrize("frame", [0, 10])
@pytest.mark.parametrize("wait", [0.3, 5.0, 12.0])
def test_a_sink_that_takes_its_time_keeps_its_faces_in_step(
    frame: int, wait: float, speech: Pcm
) -> None:
    async def main() -> None:
        SlowSink.waits = {frame: wait}
        async with running(sink=SlowSink) as chain:
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(wait + 4)
            late = chain.offsets_ms(1)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS
            await check_next_segment(chain, speech)

    run(main())


def test_a_pause_while_a_sink_takes_its_time_holds_the_face(speech: Pcm) -> None:
    async def main() -> None:
        SlowSink.waits = {0: 3.0}
        async with running(sink=SlowSink) as chain:
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(1)
            chain.face.pause()
            await asyncio.sleep(5)
            shown = len(chain.shown)
            await asyncio.sleep(1)
            assert len(chain.shown) == shown
            chain.face.resume()
            await asyncio.sleep(3)
            late = chain.offsets_ms(1)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS

    run(main())


def test_an_interruption_while_a_sink_takes_its_time_is_over_at_once(speech: Pcm) -> None:
    async def main() -> None:
        SlowSink.waits = {10: 9.0}
        async with running(sink=SlowSink) as chain:
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(3)
            chain.face.clear_buffer()
            async with asyncio.timeout(1):
                event = await chain.face.wait_for_playout()
            assert event.playback_position == pytest.approx(0.5, abs=0.001)
            (heard,) = chain.interrupted
            assert heard.sample == pytest.approx(RATE // 2, abs=2)
            await check_next_segment(chain, speech)

    run(main())


@pytest.mark.parametrize("flushed", [True, False])
def test_sound_after_the_face_is_closed_is_heard(
    flushed: bool, speech: Pcm, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[:RATE], RATE, flush=flushed)
            await asyncio.sleep(0.3)
            await chain.face.aclose()
            if not flushed:
                await chain.say(speech[RATE : 2 * RATE], RATE)
            async with asyncio.timeout(20):
                event = await chain.face.wait_for_playout()
            whole = RATE if flushed else 2 * RATE
            assert (event.playback_position, event.interrupted) == (
                pytest.approx(whole / RATE),
                False,
            )
            assert np.array_equal(chain.sounded, speech[:whole])
            chain.output.played.clear()
            # More than an output that is open would hold.
            long = np.tile(speech, 2)
            async with asyncio.timeout(60):
                await chain.say(long, RATE)
                event = await chain.face.wait_for_playout()
            assert event.playback_position == pytest.approx(len(long) / RATE)
            assert np.array_equal(chain.sounded, long)
            await asyncio.sleep(0.1)
            names = {task.get_name() for task in asyncio.all_tasks()}
            assert not names & {"forward sound", "face"}

    with caplog.at_level(logging.WARNING):
        run(main())
    assert caplog.messages == ["the agent speaks without a face: FaceOutput is closed"]


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_face_that_is_closed_and_started_again_shows_its_faces(
    interrupted: bool, speech: Pcm
) -> None:
    async def main() -> None:
        async with running() as chain:
            for _ in range(3):
                await chain.say(speech[: 2 * RATE], RATE)
                await asyncio.sleep(1)
                if interrupted:
                    chain.face.clear_buffer()
                await chain.face.aclose()
                await chain.say(speech[:RATE], RATE)
                async with asyncio.timeout(20):
                    await chain.face.wait_for_playout()
                shown = len(chain.shown)
                await asyncio.sleep(1)
                assert len(chain.shown) == shown
                await chain.face.start()
                await asyncio.sleep(0.5)
                assert not chain.shown[-1][1].turn
                await check_next_segment(chain, speech)

    run(main())


def test_a_face_that_is_started_again_while_the_agent_speaks_is_shown(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[:RATE], RATE, flush=False)
            await asyncio.sleep(0.3)
            await chain.face.aclose()
            await chain.face.start()
            await chain.say(speech[RATE : 2 * RATE], RATE)
            async with asyncio.timeout(20):
                await chain.face.wait_for_playout()
            assert np.array_equal(chain.sounded, speech[: 2 * RATE])
            await check_next_segment(chain, speech)

    run(main())


def test_the_page_is_there_again_after_a_second_start() -> None:
    async def main() -> None:
        clock = LoopClock(loop())
        sink = ClockSink(clock)
        options = FaceOptions(page=0, idle=False)
        face = FaceOutput(sink, options, clock=clock, threads=CountedThreads)
        for _ in range(2):
            await face.start()
            assert len(face.page_urls) >= 1
            urls = face.page_urls
            await face.aclose()
            assert not face.page_urls
        assert urls
        await sink.aclose()

    run(main())
