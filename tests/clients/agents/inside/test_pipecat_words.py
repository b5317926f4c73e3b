"""The word that an interruption of Pipecat finds: the one that was spoken at the last sample."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner
from tests.clients.agents.inside.pipecat_agent import Agent, RecordingTransport, running
from tests.clients.agents.inside.spoken_words import spoken_words
from tests.clients.agents.inside.virtual_time import run

from facewire.clock import SECOND
from facewire.speaking.voice import Speech, Voice
from facewire_agents.faces import Heard
from facewire_agents.pipecat import FaceOptions, FaceProcessor, FacewireTTSService

RATE = 16_000
Pcm = NDArray[np.int16]
FIRST = "Bob bought my puppy a map."
SECOND_ONE = "Mary made some more of them, and we saw five of those maps on Monday."


async def tell(agent: Agent, word: str, pts: int, context: str | None = None) -> None:
    frame = TTSTextFrame(word, "word")
    frame.pts, frame.context_id = pts, context
    await agent.send(frame)


def test_words_before_the_first_sound_count_from_it(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            now = agent.face.get_clock().get_time
            for context in ("one", "two"):
                await agent.send(TTSStartedFrame(context_id=context))
                began = now()
                await tell(agent, "good", began + SECOND // 10, context)
                await tell(agent, "morning", began + SECOND // 2, context)
                await agent.say(speech[: 2 * RATE], RATE, context=context, stop=False)
                await asyncio.sleep(0.4)
                await agent.send(InterruptionFrame())
                await asyncio.sleep(0.5)
            assert [heard.word for heard in agent.interrupted] == ["good", "good"]
            words = [m["data"]["words"] for _, m in agent.output.messages if "words" in m["data"]]
            assert words == [["good"], ["good"]]

    run(main())


def test_words_of_a_speech_that_was_made_ahead_count_from_the_last_word_before(speech: Pcm) -> None:
    """As Pipecat's own services stamp them: the second speech comes while the first is heard."""

    async def main() -> None:
        async with running(RATE) as agent:
            began = agent.face.get_clock().get_time()
            await tell(agent, "one", began + SECOND // 10, "first")
            await tell(agent, "two", began + 18 * SECOND // 10, "first")
            await agent.say(speech[: 2 * RATE], RATE, context="first")
            last = began + 18 * SECOND // 10
            await tell(agent, "three", last + SECOND // 10, "second")
            await tell(agent, "four", last + SECOND, "second")
            await agent.say(speech[: 2 * RATE], RATE, context="second")
            await asyncio.sleep(2.5)
            await agent.send(InterruptionFrame())
            await asyncio.sleep(0.5)
            (heard,) = agent.interrupted
            assert (heard.context, heard.word) == ("second", "three")
            assert 400 < heard.at_ms < 600

    run(main())


def test_a_word_before_a_pause_of_the_tts_is_told_behind_it(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            began = agent.face.get_clock().get_time()
            await tell(agent, "good", began + SECOND // 10, "one")
            await agent.say(speech[:RATE], RATE, context="one", stop=False)
            await tell(agent, "morning", began + 8 * SECOND // 10, "one")
            await asyncio.sleep(2)
            # Of what the pause comes before, though it counts as if there was none.
            await tell(agent, "everybody", began + 15 * SECOND // 10, "one")
            await agent.say(speech[RATE : 3 * RATE], RATE, context="one", stop=False)
            await asyncio.sleep(0.3)
            await agent.send(InterruptionFrame())
            await agent.say(speech[: 2 * RATE], RATE, context="two")
            await asyncio.sleep(0.5)
            await agent.send(InterruptionFrame())
            await asyncio.sleep(0.3)
            assert [heard.word for heard in agent.interrupted] == ["morning", ""]
            assert agent.interrupted[0].sample is not None
            assert 1.2 * RATE < agent.interrupted[0].sample < 1.4 * RATE

    run(main())


@pytest.mark.parametrize(("text", "word"), [("Good morning.", ""), (" day, ", "day,"), ("!", "")])
def test_only_a_single_word_is_one(text: str, word: str, speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            began = agent.face.get_clock().get_time()
            await agent.say(speech[: 2 * RATE], RATE, context="one", stop=False)
            await tell(agent, text, began + SECOND // 10)
            await asyncio.sleep(1)
            await agent.send(InterruptionFrame())
            await asyncio.sleep(0.3)
            assert [heard.word for heard in agent.interrupted] == [word]

    run(main())


@asynccontextmanager
async def talking(voice: FacewireTTSService) -> AsyncIterator[tuple[PipelineWorker, list[Heard]]]:
    """Run a pipeline of a voice in real time; return what was heard before interruptions."""
    face = FaceProcessor(FaceOptions(idle=False))
    heard: list[Heard] = []
    face.add_event_handler("on_interrupted", lambda _, told: heard.append(told))
    worker = PipelineWorker(
        Pipeline([voice, face, RecordingTransport()]),
        params=PipelineParams(audio_out_sample_rate=24_000),
        enable_rtvi=False,
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    task = asyncio.create_task(runner.run())
    await face.opened()
    try:
        yield worker, heard
    finally:
        await worker.queue_frame(EndFrame())
        await task


def reply(*sentences: str) -> list[Frame]:
    """Return what a model says, bit by bit."""
    texts = [LLMTextFrame(f"{word} ") for one in sentences for word in one.split()]
    return [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame()]


@pytest.mark.parametrize("seconds", [0.6, 1.6, 3.2])
@pytest.mark.parametrize("kind", ["a reply", "two texts"])
async def test_the_word_that_our_voice_speaks_is_told(kind: str, seconds: float) -> None:
    frames = {
        "a reply": reply(FIRST, SECOND_ONE),
        "two texts": [TTSSpeakFrame(FIRST), TTSSpeakFrame(SECOND_ONE)],
    }[kind]
    async with talking(FacewireTTSService("espeak")) as (worker, heard):
        await worker.queue_frames(frames)
        await asyncio.sleep(0.6 + seconds)
        await worker.queue_frame(InterruptionFrame())
        async with asyncio.timeout(10):
            while not heard:  # noqa: ASYNC110 # nobody tells
                await asyncio.sleep(0.01)
        # The next one has words, too.
        await worker.queue_frame(TTSSpeakFrame(SECOND_ONE))
        await asyncio.sleep(1.5)
        await worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.5)
    assert len(heard) == 2
    first = [FIRST, SECOND_ONE]
    if kind == "two texts" and heard[0].word not in FIRST:
        first = [SECOND_ONE]
    assert heard[0].word in spoken_words(first, heard[0])
    assert heard[1].word in spoken_words([SECOND_ONE], heard[1])


class WordlessVoice:
    """A voice that tells nothing of its words, as one of another package may be."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.sample_rate, self.space, self.silence = voice.sample_rate, voice.space, voice.silence

    def speak(self, text: str) -> Iterator[Speech]:
        for piece in self._voice.speak(text):
            yield Speech(piece.samples, piece.tokens)


async def test_what_a_voice_without_word_times_said_is_told_as_a_whole() -> None:
    voice: Any = FacewireTTSService("espeak")
    voice._own_voice = WordlessVoice(voice._own_voice)
    texts: list[str] = []

    async def note(_: Any, frame: Frame) -> None:
        if isinstance(frame, TTSTextFrame):
            texts.append(frame.text)

    voice.add_event_handler("on_before_push_frame", note)
    async with talking(voice) as (worker, heard):
        await worker.queue_frames(reply(FIRST, SECOND_ONE))
        await asyncio.sleep(1.5)
        await worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.5)
    assert [told.word for told in heard] == [""]
    assert " ".join(texts).split()[:6] == FIRST.split()
