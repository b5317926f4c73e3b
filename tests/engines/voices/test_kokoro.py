"""Voices of Kokoro's: the real package in a Python of its own, with a model of random weights."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import skip_unless_ci

from facewire.errors import ConfigError, EngineError
from facewire.speaking.voice import VoiceRequest
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.hibari.reading import Word
from facewire_engines.voices.kokoro.voice import kokoro_voice, read_settings, reading_of
from facewire_engines.voices.own_process.voice import WorkerVoice
from facewire_engines.voices.registry import load_kokoro

ROOT = Path(__file__).parents[3]
RATE = 175
# Where all cores are busy, torch alone takes a minute to load.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that has Kokoro."""
    found = os.environ.get("FACEWIRE_KOKORO_PYTHON") or str(ROOT / ".cache/kokoro/bin/python")
    if not Path(found).exists():
        skip_unless_ci("no Kokoro: make kokoro")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, python: str) -> Path:
    """A folder as Kokoro's is, with files of settings for two of its languages."""
    folder = tmp_path_factory.mktemp("kokoro")
    script = Path(__file__).with_name("kokoro_model.py")
    subprocess.run([python, str(script), str(folder)], check=True, timeout=300)
    (folder / "python").write_text(
        f'#!/bin/sh\nPYTHONPATH="{folder}/site" OMP_NUM_THREADS=1 exec "{python}" "$@"\n'
    )
    (folder / "python").chmod(0o755)
    for voice in ("af_random", "em_random"):
        (folder / f"{voice}.toml").write_text(
            f'voice = "voices/{voice}.pt"\nmodel = "random.pth"\npython = "{folder}/python"\n'
        )
    return folder


@pytest.fixture(scope="module")
def voice(folder: Path) -> Iterator[WorkerVoice]:
    with kokoro_voice(read_settings(str(folder / "af_random.toml"))) as voice:
        yield voice


@pytest.fixture(scope="module")
def spanish(folder: Path) -> Iterator[WorkerVoice]:
    """A voice of twice the usual pace."""
    with kokoro_voice(read_settings(str(folder / "em_random.toml")), 2 * RATE) as voice:
        yield voice


def test_a_sentence_becomes_phones_words_and_tokens(voice: WorkerVoice) -> None:
    first, second = voice.speak("Bob bought my puppy a map for $5. Hello.")
    again = list(voice.speak("Hello."))
    said = " ".join(phone.label for phone in first.phones)
    assert said == ("b aa b b ao t m ay p ah p iy ah m ae p f ao r f ay v d aa l ah r z")
    assert [word.label for word in first.words] == [
        "Bob", "bought", "my", "puppy", "a", "map", "for", "$5."
    ]  # fmt: skip
    assert [word.label for word in second.words] == ["Hello."]
    assert np.array_equal(again[0].samples, second.samples)
    for speech in (first, second):
        assert len(speech.samples) == 160 * len(speech.tokens)
        assert np.abs(speech.samples).max() > 0.01
        for before, after in pairwise(speech.phones):
            assert before.start < before.end <= after.start
        for phone in speech.phones:
            middle = (phone.start + phone.end) // 2
            assert PHONES[speech.tokens[middle // 160]] == phone.label
        assert speech.phones[-1].end <= len(speech.samples)
    for before, after in pairwise(first.words):
        assert before.start < before.end <= after.start


def test_phones_begin_a_little_before_kokoro_says(voice: WorkerVoice) -> None:
    text = "Bob bought my puppy a map."
    (sentence,) = voice._process.speak(text, 1.0)
    frames, symbols = np.array(sentence.told["frames"]), str(sentence.told["symbols"])
    assert len(set(frames)) > 2
    assert len(sentence.samples) == 600 * frames.sum()
    (speech,) = voice.speak(text)
    edges = np.cumsum(frames) * 0.025
    # A symbol begins with the stress or the space before it, and its phone by its class earlier.
    signs = [k for k, symbol in enumerate(symbols) if symbol not in "ˈ ."]
    told = np.array([edges[k - (k > 0 and symbols[k - 1] in "ˈ ")] for k in signs])
    begins = np.array([phone.start / 16_000 for phone in speech.phones])
    early = np.diff(told)[1:] - np.diff(begins)[1:]
    assert len(told) == len(begins)
    assert np.abs(early).max() < 0.04
    assert np.abs(told[-1] - told[1] - begins[-1] + begins[1]) < 0.04


def test_a_language_without_tokens_has_its_words_too(spanish: WorkerVoice) -> None:
    (speech,) = spanish.speak("Hola, me llamo Pedro.")
    assert [word.label for word in speech.words] == ["Hola,", "me", "llamo", "Pedro."]
    assert " ".join(phone.label for phone in speech.phones).startswith("ow l ae m eh")


def test_a_higher_rate_is_shorter(spanish: WorkerVoice) -> None:
    text = "Hola, me llamo Pedro."
    (usual,) = spanish._process.speak(text, 1.0)
    (faster,) = spanish.speak(text)
    # Frames are whole, and one at least.
    assert faster.phones[-1].end / 16_000 < 0.8 * len(usual.samples) / 24_000


@pytest.mark.parametrize("text", ["", "  \n", "...", "😀", "\x00"])
def test_nothing_to_say_is_nothing(voice: WorkerVoice, text: str) -> None:
    assert list(voice.speak(text)) == []


def test_a_link_sets_no_pronunciation(voice: WorkerVoice) -> None:
    (speech,) = voice.speak("A [map](/bˈʌs/) here.")
    assert "m ae p" in " ".join(phone.label for phone in speech.phones)


def test_what_is_too_long_for_kokoro_is_spoken_in_parts(voice: WorkerVoice) -> None:
    made = list(voice.speak("7777 " * 16 + "map."))
    assert len(made) == 2
    words = [word.label for speech in made for word in speech.words]
    assert words == ["7777"] * 16 + ["map."]


def test_it_is_cancelled_after_a_sentence_and_speaks_again(voice: WorkerVoice) -> None:
    process = voice._process
    made: list[int] = []
    began = threading.Event()

    def speak() -> None:
        for speech in voice.speak("One thing after another. " * 2_000):
            made.append(len(speech.samples))
            began.set()

    thread = threading.Thread(target=speak)
    thread.start()
    assert began.wait(60)
    voice.cancel()
    thread.join(60)
    assert not thread.is_alive()
    assert len(made) < 2_000
    assert [word.label for s in voice.speak("Hello.") for word in s.words] == ["Hello."]
    # It loads for seconds, so it was not ended.
    assert voice._process is process


def test_a_process_that_ended_is_started_again(spanish: WorkerVoice) -> None:
    spanish._process.kill()
    spanish._process._process.wait(10)
    assert list(spanish.speak("Hola."))


def test_english_without_its_tagger_says_what_to_do(folder: Path, python: str) -> None:
    settings = folder / "bare.toml"
    settings.write_text(f'voice = "voices/af_random.pt"\npython = "{python}"\n')
    with pytest.raises(ConfigError, match="spacy download en_core_web_sm") as caught:
        kokoro_voice(read_settings(str(settings)))
    assert "\n" not in str(caught.value)


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kokoro:FOLDER/voices/af_heart.pt"):
        load_kokoro(VoiceRequest())
    argument = str(tmp_path / "voices" / "af_heart.pt")
    with pytest.raises(ConfigError, match=r"no model \.pth by"):
        load_kokoro(VoiceRequest(argument))
    (tmp_path / "voices").mkdir()
    for name in ("voices/af_heart.pt", "kokoro.pth"):
        (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match=r"config\.json.*download all three"):
        load_kokoro(VoiceRequest(argument))
    (tmp_path / "config.json").write_text("{}")
    settings = read_settings(argument)
    assert (settings.model, settings.language) == (str(tmp_path / "kokoro.pth"), "a")
    # This Python has no Kokoro.
    with pytest.raises(ConfigError, match=r"needs kokoro 0\.9\.4") as caught:
        load_kokoro(VoiceRequest(argument))
    assert "\n" not in str(caught.value)
    (tmp_path / "other.pth").write_text("")
    with pytest.raises(ConfigError, match="more than one model"):
        load_kokoro(VoiceRequest(argument))
    told = 'voice = "voices/af_heart.pt"\nmodel = "kokoro.pth"\n'
    for line, problem in (('python = "no/such"', "correct python"), ('language = "x"', "'x'")):
        (tmp_path / "a.toml").write_text(f"{told}{line}\n")
        with pytest.raises(ConfigError, match=problem):
            load_kokoro(VoiceRequest(str(tmp_path / "a.toml")))


def test_times_of_another_version_are_refused(tmp_path: Path) -> None:
    for name in ("a.pt", "a.pth", "config.json"):
        (tmp_path / name).write_text("")
    told = {"samples": 1, "text": "a", "symbols": "a", "frames": [1, 2], "tokens": []}
    answers = (json.dumps(told).encode() + b"\n", b"\0\0", b'{"end": true}\n')
    (tmp_path / "python").write_text(
        f"#!{sys.executable}\nimport sys\nout = sys.stdout.buffer\n"
        'out.write(b\'{"rate": 24000, "timed": true}\\n\')\nout.flush()\ninput()\n'
        f"out.write({b''.join(answers)!r})\nout.flush()\nsys.stdin.read()\n"
    )
    (tmp_path / "python").chmod(0o755)
    (tmp_path / "a.toml").write_text(f'voice = "a.pt"\npython = "{tmp_path}/python"\n')
    with (
        kokoro_voice(read_settings(str(tmp_path / "a.toml"))) as voice,
        pytest.raises(EngineError, match=r"2 times of 1 symbols; install 0\.9\.4"),
    ):
        list(voice.speak("a"))


def test_words_are_made_of_the_symbols_of_their_tokens() -> None:
    tokens = (
        ("don", "", "dO"),
        ("'t", " ", "nt"),
        ("…", " ", ""),
        ("go", "", "ɡO"),
        (".", "", "."),
    )
    assert reading_of("dOnt  ɡO.", tokens, "").words == (
        Word("don't", 0, 4), Word("go.", 6, 9)
    )  # fmt: skip
    assert reading_of("a b", (), "one two").words == (Word("one", 0, 1), Word("two", 2, 3))
    assert reading_of("a b", (), "one two three").words == ()
