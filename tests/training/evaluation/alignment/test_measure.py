"""By the times that each provider tells, lips close where the voice closes them."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")
pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

from facewire.speaking.alignment.formats.registry import read_marks
from facewire.speaking.alignment.timeline import Timeline
from facewire.speaking.voice import Span
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_training.evaluation.alignment import shapes
from facewire_training.evaluation.alignment.measure import (
    CONDITIONS,
    Condition,
    in_noise,
    main,
    show,
    speak,
)
from facewire_training.evaluation.alignment.shapes import KnownSpeech
from facewire_training.evaluation.voice import score, sentences

NOTHING = np.zeros(0, np.float32)
TOLD = [condition for condition in CONDITIONS if condition.shape and not condition.late_s]


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


@pytest.fixture(scope="module")
def noisy() -> list[KnownSpeech]:
    voice = EspeakVoice()
    texts = sentences()[:4]
    return [in_noise(speak(text, voice), seed) for seed, text in enumerate(texts)]


@pytest.mark.parametrize(
    "condition",
    [one for one in TOLD if one.name != "words that are not said"],
    ids=lambda one: one.name,
)
def test_lips_close_in_noise(
    condition: Condition, noisy: list[KnownSpeech], engine: PhonesEngine
) -> None:
    found = score([show(one, condition, engine) for one in noisy])
    sounds = condition.format in ("azure", "phones") or "visemes" in condition.name
    assert found.contacts > 30
    assert found.closed >= (0.95 if sounds else 0.9)


@pytest.mark.parametrize("condition", TOLD, ids=lambda one: one.name)
def test_what_is_told_are_the_times_of_the_voice(condition: Condition) -> None:
    assert condition.shape is not None
    phones = tuple(Span(phone, 1_600 * at, 1_600 * at + 1_600) for at, phone in enumerate(PHONES))
    words = (Span("Bob", 0, 4_800), Span("mops", 4_800, 9_600), Span("up.", 16_000, 19_200))
    speech = KnownSpeech(NOTHING, phones[1:], words)
    timeline = Timeline()
    timeline.add(read_marks(condition.format, msgspec.json.encode(condition.shape(speech, 0.0))))
    spans = timeline.spans()
    truth = speech.words if "words" in condition.name or "char" in condition.name else speech.phones
    starts = [round(span.start_s * 16_000) for span in spans]
    for one in truth:
        assert min(abs(start - one.start) for start in starts) <= 16


def test_lateness_is_in_the_times() -> None:
    speech = KnownSpeech(NOTHING, (Span("b", 1_600, 3_200),), (Span("b", 1_600, 3_200),))
    assert shapes.azure_visemes(speech, 0.1)[0]["audio_offset"] == 2_000_000


def test_the_report_has_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    command = ["measure", "--voices", "espeak", "--sentences", "1", "--json", str(file)]
    monkeypatch.setattr("sys.argv", command)
    main()
    report = json.loads(file.read_text())
    assert [one["condition"] for one in report["measured"]] == [one.name for one in CONDITIONS]
    assert all(one["clean"]["contacts"] == 8 for one in report["measured"])
