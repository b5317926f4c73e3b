"""Sound that a face cannot be made of, and segments without any: the next ones have theirs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.voice.io import TimedString
from numpy.typing import NDArray
from tests.clients.agents.inside.livekit_agent import Chain, running, sound
from tests.clients.agents.inside.virtual_time import run

RATE = 16_000
FRAME_MS = 1000 / 60
Pcm = NDArray[np.int16]
Steps = Callable[[Chain, Pcm], Awaitable[None]]


async def check_next_turns(chain: Chain, speech: Pcm) -> None:
    """Two more segments are heard, have their faces, and are told to be over."""
    async with asyncio.timeout(20):
        await chain.face.wait_for_playout()
    for _ in range(2):
        chain.clear()
        chain.output.finished.clear()
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
        ((position, interrupted),) = chain.output.finished
        assert position == pytest.approx(1)
        assert not interrupted


async def empty(chain: Chain, speech: Pcm) -> None:
    await chain.face.capture_frame(sound(speech[:0], RATE))
    chain.face.flush()


async def flushed_twice(chain: Chain, speech: Pcm) -> None:
    await chain.say(speech[:RATE], RATE)
    chain.face.flush()


async def flushed_first(chain: Chain, speech: Pcm) -> None:
    chain.face.flush()
    chain.face.flush()


async def empty_and_interrupted(chain: Chain, speech: Pcm) -> None:
    await chain.face.capture_frame(sound(speech[:0], RATE))
    chain.face.clear_buffer()
    chain.face.flush()


async def spoken_after_an_interruption(chain: Chain, speech: Pcm) -> None:
    await chain.say(speech[:RATE], RATE, flush=False)
    await asyncio.sleep(0.5)
    chain.face.clear_buffer()
    await chain.say(speech[:RATE], RATE)
    async with asyncio.timeout(20):
        # Of the second one, too.
        assert not (await chain.face.wait_for_playout()).interrupted


async def spoken_after_an_interruption_at_once(chain: Chain, speech: Pcm) -> None:
    await chain.say(speech[:RATE], RATE, flush=False)
    chain.face.clear_buffer()
    await chain.say(speech[:RATE], RATE)
    async with asyncio.timeout(20):
        assert not (await chain.face.wait_for_playout()).interrupted


@pytest.mark.parametrize(
    "steps",
    [
        empty, flushed_twice, flushed_first, empty_and_interrupted,
        spoken_after_an_interruption, spoken_after_an_interruption_at_once,
    ],
)  # fmt: skip
def test_a_segment_without_sound_is_none(
    speech: Pcm, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with running() as chain:
            await steps(chain, speech)
            await check_next_turns(chain, speech)

    with caplog.at_level(logging.WARNING):
        run(main())
    # LiveKit warns of segments that end more often than they begin.
    assert not caplog.messages


def test_words_that_come_before_their_sound_are_those_of_it(speech: Pcm) -> None:
    async def main() -> None:
        async with running() as chain:
            early = sound(speech[:0], RATE)
            early.userdata[USERDATA_TIMED_TRANSCRIPT] = [TimedString("good ", 0.1, 0.4)]
            await chain.face.capture_frame(early)
            await chain.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(1)
            await chain.interrupt()
            await asyncio.sleep(0.5)
            (heard,) = chain.interrupted
            assert heard.word == "good"

    run(main())


@pytest.mark.parametrize(
    ("rate", "channels", "reason"),
    [(RATE, 9, "1 to 8 channels"), (500, 1, "500 Hz is not a sample rate")],
)
def test_sound_that_can_have_no_face_is_heard(
    speech: Pcm, rate: int, channels: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    pcm = np.repeat(speech[: 2 * rate, None], channels, axis=1)

    async def main() -> None:
        async with running() as chain:
            for first in range(0, len(pcm), rate // 5):
                await chain.face.capture_frame(sound(pcm[first : first + rate // 5], rate))
            chain.face.flush()
            async with asyncio.timeout(20):
                event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (pytest.approx(2), False)
            assert np.array_equal(chain.sounded, pcm.ravel())
            assert not [frame for _, frame in chain.shown if frame.turn]
            await check_next_turns(chain, speech)

    run(main())
    (message,) = [one for one in caplog.messages if "no face" in one]
    assert reason in message


def test_what_was_heard_of_sound_without_a_face_is_told(speech: Pcm) -> None:
    pcm = np.repeat(speech[: 2 * RATE, None], 9, axis=1)

    async def main() -> None:
        async with running() as chain:
            await chain.face.capture_frame(sound(pcm, RATE))
            chain.face.flush()
            await asyncio.sleep(1)
            now = chain.clock.now()
            await chain.interrupt()
            await asyncio.sleep(0.5)
            (heard,) = chain.interrupted
            assert heard.sample is not None
            assert abs(heard.sample + 1 - chain.heard_until(now)) <= 1
            await check_next_turns(chain, speech)

    run(main())


@pytest.mark.parametrize("other", ["stereo", "24 kHz", "9 channels"])
def test_sound_that_changes_its_kind_within_a_segment(speech: Pcm, other: str) -> None:
    middle = speech[RATE : 2 * RATE]
    changed: rtc.AudioFrame = {
        "stereo": lambda: sound(np.stack([middle, middle // 2], axis=1), RATE),
        "24 kHz": lambda: sound(np.repeat(middle, 3)[::2], 24_000),
        "9 channels": lambda: sound(np.repeat(middle[:, None], 9, axis=1), RATE),
    }[other]()

    async def main() -> None:
        async with running() as chain:
            await chain.say(speech[:RATE], RATE, flush=False)
            await chain.face.capture_frame(changed)
            await chain.say(speech[2 * RATE : 3 * RATE], RATE)
            async with asyncio.timeout(20):
                event = await chain.face.wait_for_playout()
            assert (event.playback_position, event.interrupted) == (pytest.approx(3), False)
            await asyncio.sleep(0.5)
            faces = len([frame for _, frame in chain.shown if frame.turn])
            assert faces == (120 if other == "9 channels" else 180)
            await check_next_turns(chain, speech)

    run(main())
