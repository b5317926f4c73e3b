"""The natural voice over `/speak`: a sentence that is there is spoken in one breath."""

import numpy as np
import pytest

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.speaking.voices import load_voice
from facewire_client import AudioRun, SpeakClient
from facewire_engines.phones.engine import PhonesEngine

CLAUSES = ("Well,", "that is odd,", "he said to his friends.")


@pytest.fixture(autouse=True)
def _hibari() -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")


async def sound_of(model: PhonesEngine, text: str) -> Samples:
    """Return what is heard of a text that comes whole."""
    async with (
        FaceServer(model, make_face, clock=SystemClock(), port=0) as server,
        SpeakClient(f"ws://{server.address}", pacing="burst", idle=False) as speaker,
    ):
        await speaker.say(text)
        await speaker.end()
        heard = [event.samples async for event in speaker if isinstance(event, AudioRun)]
    return np.concatenate(heard)


async def test_a_sentence_that_is_there_is_spoken_in_one_breath(model: PhonesEngine) -> None:
    voice = load_voice(language="en-us", voice="hibari", rate=175, pitch=50)
    sentence = " ".join(CLAUSES)
    (whole,) = voice.speak(sentence)
    apart = sum(len(s.samples) for clause in CLAUSES for s in voice.speak(clause))
    heard = await sound_of(model, sentence)
    assert abs(len(heard) - len(whole.samples)) < 0.05 * 16_000 < apart - len(whole.samples)
