"""A face in a pipeline of Pipecat, in step with what its output plays."""

import asyncio

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from pipecat.frames.frames import InterruptionFrame, TTSStoppedFrame, TTSTextFrame
from tests.clients.agents.inside.pipecat_agent import Agent, audio, running
from tests.clients.agents.inside.virtual_time import run

from facewire.animator import AnimatorOptions, animate
from facewire.clock import MILLISECOND, SECOND
from facewire.frames import Stamps
from facewire_agents.pipecat import FaceInterruptedFrame, FaceOptions

RATE = 16_000
INTERRUPTIONS, ROUNDS = 1_000, 10
FRAME_MS = 1000 / 60
Pcm = NDArray[np.int16]


def sounded(agent: Agent) -> Pcm:
    return np.frombuffer(b"".join(one.pcm for one in agent.output.played), np.int16)


def test_a_minute_of_speech_stays_in_step(speech: Pcm) -> None:
    long = np.tile(speech, 7)[: 60 * RATE]

    async def main() -> None:
        async with running(RATE) as agent:
            await agent.say(long, RATE)
            await asyncio.sleep(61)
            late = agent.offsets_ms(1)
            assert len(late) == 3_600
            assert max(map(abs, late)) <= FRAME_MS
            assert np.array_equal(sounded(agent)[: len(long)], long)
            assert agent.face.face.skipped <= 1

    run(main())


def test_the_faces_are_those_of_the_sound(speech: Pcm) -> None:
    alone = animate(speech, RATE, AnimatorOptions(lookahead_ms=150, idle=False))

    async def main() -> None:
        async with running(RATE) as agent:
            await agent.say(speech, RATE)
            await asyncio.sleep(11)
            weights = np.array([frame.weights for _, frame in agent.turn(1)])
            # They waited for their sound, which is no latency.
            assert {frame.stamps for _, frame in agent.turn(1)} == {Stamps()}
            eased = 4  # the first frames leave the face at rest
            count = min(len(weights), len(alone.weights))
            assert count > 570
            assert np.abs(weights[eased:count] - alone.weights[eased:count]).max() < 0.02

    run(main())


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("out_rate", [16_000, 24_000])
def test_any_rate_stays_in_step(speech: Pcm, rate: int, out_rate: int) -> None:
    pcm = np.asarray(soxr.resample(speech[: 3 * RATE], RATE, rate), np.int16)

    async def main() -> None:
        async with running(out_rate) as agent:
            await agent.say(pcm, rate, piece_s=0.037)
            await asyncio.sleep(4)
            late = agent.offsets_ms(1)
            assert len(late) >= 180
            assert max(map(abs, late)) <= FRAME_MS

    run(main())


def test_stereo_stays_in_step_and_as_it_is(speech: Pcm) -> None:
    stereo = np.stack([speech[: 3 * RATE], speech[: 3 * RATE] // 2], axis=1)

    async def main() -> None:
        async with running(RATE, channels=2) as agent:
            await agent.say(stereo, RATE)
            await asyncio.sleep(4)
            late = agent.offsets_ms(1)
            assert len(late) == 180
            assert max(map(abs, late)) <= FRAME_MS
            assert np.array_equal(sounded(agent)[: stereo.size], stereo.ravel())

    run(main())


def test_a_tts_that_is_no_faster_than_its_sound_stays_in_step(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            step = RATE // 50
            for first in range(0, 5 * RATE, step):
                await agent.send(audio(speech[first : first + step], RATE, "slow"))
                await asyncio.sleep(0.02)
            await agent.send(TTSStoppedFrame(context_id="slow"))
            await asyncio.sleep(1)
            late = agent.offsets_ms(1)
            assert len(late) == 300
            assert max(map(abs, late)) <= FRAME_MS
            assert np.array_equal(sounded(agent)[: 5 * RATE], speech[: 5 * RATE])

    run(main())


def test_a_tts_that_pauses_is_heard_to_its_last_sample_before_it_goes_on(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            await agent.say(speech[:RATE], RATE, context="one", stop=False)
            await asyncio.sleep(2)
            assert np.array_equal(sounded(agent)[:RATE], speech[:RATE])
            rested = agent.shown[-1][1]
            assert np.abs(rested.weights - agent.rest.weights).max() < 0.02
            pieces = len(agent.output.played)
            await agent.say(speech[RATE : 3 * RATE], RATE, context="one")
            await asyncio.sleep(3)
            late = agent.offsets_ms(2, pieces)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS

    run(main())


def test_a_tts_that_begins_anew_in_a_sentence_gets_a_turn_of_its_own(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            await agent.say(speech[: RATE + 100], RATE, context="one", stop=False)
            await agent.say(speech[: 2 * RATE], RATE, context="two")
            await asyncio.sleep(4)
            first = -(-(RATE + 100) // 640)
            assert max(map(abs, agent.offsets_ms(1))) <= FRAME_MS
            late = agent.offsets_ms(2, first)
            assert len(late) == 120
            assert max(map(abs, late)) <= FRAME_MS

    run(main())


def test_words_come_with_their_faces(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            began = agent.face.get_clock().get_time()
            await agent.send(audio(speech[:RATE], RATE, "one"))
            for word, at in (("good", 0.1), ("morning", 0.55)):
                text = TTSTextFrame(word, "word")
                text.pts = began + int(at * SECOND)
                await agent.send(text)
            await agent.send(audio(speech[RATE : 2 * RATE], RATE, "one"))
            await agent.send(TTSStoppedFrame(context_id="one"))
            await asyncio.sleep(0.6)
            await agent.send(InterruptionFrame())
            await asyncio.sleep(0.5)
            told = [
                (when, m["data"]["words"])
                for when, m in agent.output.messages
                if "words" in m["data"]
            ]
            begin = agent.output.played[0].when
            assert [words for _, words in told] == [["good"], ["morning"]]
            for (when, _), at in zip(told, (0.1, 0.55), strict=True):
                assert abs((when - begin) / SECOND - at) < 0.06
            assert agent.interrupted[0].word == "morning"

    run(main())


def test_messages_have_the_faces_of_the_sound_that_follows(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            await agent.say(speech[: 2 * RATE], RATE)
            await asyncio.sleep(3)
            messages = [(when, m["data"]) for when, m in agent.output.messages]
            assert messages[0][1]["type"] == "names"
            assert len(messages[0][1]["names"]) == 52
            assert messages[-1][1] == {"label": "facewire", "type": "rest", "reason": "end"}
            faces = [
                (when + at * MILLISECOND, weights)
                for when, message in messages
                if message["type"] == "faces"
                for at, weights in zip(message["at_ms"], message["weights"], strict=True)
            ]
            shown = agent.turn(1)
            assert len(faces) == len(shown) == 120
            for (when, weights), (shown_when, frame) in zip(faces, shown, strict=True):
                assert abs(when - shown_when) <= MILLISECOND
                assert np.abs(np.array(weights) / 1000 - frame.weights).max() <= 0.0006

    run(main())


def test_an_interruption_rests_the_face_and_tells_the_last_sample(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            context = await agent.say(speech, RATE)
            await asyncio.sleep(2.3456)
            now = agent.clock.now()
            await agent.send(InterruptionFrame())
            await asyncio.sleep(1)
            expected = (now - agent.output.played[0].when) * RATE // SECOND - 1
            (heard,) = agent.interrupted
            assert heard.context == context
            assert heard.sample is not None
            assert abs(heard.sample - expected) <= 1
            (told,) = [f for f in agent.upstream.came if isinstance(f, FaceInterruptedFrame)]
            assert (told.context_id, told.sample, told.sample_rate) == (context, heard.sample, RATE)
            after = [frame for when, frame in agent.shown if when > now]
            assert not [frame for frame in after if frame.turn]
            soon = [f for when, f in agent.shown if when >= now + 150 * MILLISECOND]
            assert np.abs(soon[0].weights - agent.rest.weights).max() < 0.02
            steps = [f for when, f in agent.shown if when > now - 50 * MILLISECOND]
            jumps = np.abs(np.diff([frame.weights for frame in steps], axis=0)).max()
            assert jumps < 0.35
            assert agent.output.messages[-1][1]["data"]["reason"] == "interrupted"

    run(main())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_is_shown_after_any_of_a_thousand_interruptions(speech: Pcm, seed: int) -> None:
    chance = np.random.default_rng(seed)

    async def main() -> None:
        options = FaceOptions(engine="energy", lookahead_ms=80, idle=False)
        async with running(RATE, options=options, messages=False) as agent:
            for _ in range(INTERRUPTIONS // ROUNDS):
                agent.clear()
                length = int(chance.uniform(0.02, 0.5) * RATE)
                begin = int(chance.integers(len(speech) - length))
                spoken_s = length / RATE
                stop = bool(chance.integers(4))
                await agent.say(speech[begin : begin + length], RATE, stop=stop)
                kind = int(chance.integers(5))
                await asyncio.sleep(
                    [0.0, 1 / 60, spoken_s, spoken_s + 0.3, chance.uniform(0, spoken_s)][kind]
                )
                now = agent.clock.now()
                await agent.send(InterruptionFrame())
                if chance.integers(2):
                    await agent.send(InterruptionFrame())
                await asyncio.sleep(0.17)
                assert not [f for when, f in agent.shown[1:] if f.turn and when > now]
                assert np.abs(agent.shown[-1][1].weights - agent.rest.weights).max() < 0.02
                assert len(agent.interrupted) <= 1
                for heard in agent.interrupted:
                    expected = min(agent.heard_until(now), length) - 1
                    assert abs((-1 if heard.sample is None else heard.sample) - expected) <= 1

    run(main())
