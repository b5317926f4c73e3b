"""Forced alignment: the best path by hand, and against the times that a synthesiser knows."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")
pytest.importorskip("pocketsphinx", reason="install it: pip install pocketsphinx")

from facewire_engines.phones.phone_set import INDEX
from facewire_engines.voices.espeak import library as espeak_library
from facewire_training.data.align import (
    Pronounce,
    align,
    best_path,
    compare,
    pronounced,
    pronunciations,
    transcribe,
)
from facewire_training.data.corpora.synthesised import espeak
from facewire_training.data.recognisers import Recognise, recogniser
from facewire_training.phones import PhoneInterval

TEXT = "Bob bought my puppy a map. Five foxes vanished over the river."


def scores(heard: str) -> np.ndarray:
    """Return log-likelihoods of tokens that sound like those phones, [T, 40]."""
    rows = np.full((len(heard.split()), len(INDEX)), -5.0, np.float32)
    for token, phone in enumerate(heard.split()):
        rows[token, INDEX[phone]] = -0.1
    return rows


def states(heard: str, *words: str) -> str:
    """Return the phones on the best path."""
    spoken = [[INDEX[phone] for phone in word.split()] for word in words]
    path, _ = best_path(scores(heard), spoken)
    names = ["sil"]
    for word in words:
        names += [*word.split(), "sil"]
    return " ".join(names[state] for state in path)


def test_the_path_follows_what_is_heard_and_passes_over_silences() -> None:
    assert states("sil m m ay p sil", "m ay", "p") == "sil m m ay p sil"
    assert states("m ay ay sil sil p", "m ay", "p") == "m ay ay sil sil p"
    assert states("m aa t p", "m ay", "p").split()[0] == "m"
    assert states("b b aa", "b aa") == "b b aa"


def test_too_little_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="2 tokens cannot hold 3 phones"):
        best_path(scores("m ay"), [[INDEX["m"], INDEX["ay"], INDEX["p"]]])


def test_without_a_text_the_path_goes_where_it_is_sure_to_be_better() -> None:
    heard = np.exp(scores("sil sil m m m ay m ay ay ay sil sil"))
    found = transcribe(heard / heard.sum(axis=1, keepdims=True), change=3.0)
    assert " ".join(phone.label for phone in found) == "sil m ay sil"
    assert [round(phone.end_s * 100) for phone in found] == [2, 7, 10, 12]
    assert len(transcribe(heard, change=0.0)) == 6


def test_without_a_text_blips_are_not_heard() -> None:
    heard = np.full((60, 40), np.exp(-6.0), np.float32)
    heard[:30, INDEX["aa"]] = heard[30:, INDEX["s"]] = np.exp(-0.1)
    heard[10, INDEX["aa"]], heard[10, INDEX["p"]] = np.exp(-1.0), np.exp(-0.1)
    found = transcribe(heard)
    assert [(p.label, p.start_s, p.end_s) for p in found] == [("aa", 0.0, 0.3), ("s", 0.3, 0.6)]


def test_only_phones_of_both_sides_are_compared() -> None:
    def timed(*phones: tuple[float, str]) -> list[PhoneInterval]:
        return [PhoneInterval(start, start + 0.1, INDEX[phone]) for start, phone in phones]

    late = compare(
        timed((0.0, "sil"), (0.12, "m"), (0.2, "ay"), (0.35, "p")),
        timed((0.1, "m"), (0.2, "ah"), (0.3, "p")),
    )
    assert late == pytest.approx([20.0, 50.0])


@pytest.fixture(scope="module")
def recognise() -> Recognise:
    return recogniser(None).recognise


@pytest.fixture(scope="module")
def pronounce() -> Pronounce:
    return pronunciations()


def test_a_synthesiser_agrees(recognise: Recognise, pronounce: Pronounce) -> None:
    samples, given = espeak.speak(TEXT, espeak_library.Manner("en-us"))
    found = align(recognise(samples), pronounced(TEXT.lower().replace(".", ""), pronounce))
    assert found is not None
    assert found[0].start_s == 0
    assert found[-1].end_s == pytest.approx(len(samples) / 16_000, abs=0.01)
    off = np.abs(compare(found, given))
    assert len(off) > 30
    assert np.median(off) <= 25


def test_another_text_is_refused(recognise: Recognise, pronounce: Pronounce) -> None:
    samples, _ = espeak.speak(TEXT, espeak_library.Manner("en-us"))
    other = "seven thousand yellow engines were shining through the whole long night again"
    assert align(recognise(samples), pronounced(other, pronounce)) is None


def test_words_that_the_dictionary_lacks_are_pronounced(pronounce: Pronounce) -> None:
    assert [phone for phone in pronounce("blomfy") if phone == INDEX["m"]]
    assert pronounce("map") == [INDEX["m"], INDEX["ae"], INDEX["p"]]
