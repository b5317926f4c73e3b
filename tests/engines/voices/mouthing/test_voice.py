"""With espeak-ng's real pronunciation, in ten languages."""

import os
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from facewire.errors import ConfigError
from facewire.speaking.voice import Speech
from facewire.tokens import TokenSpace
from facewire_engines.phones.phone_set import INDEX, TOKEN_RATE
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_engines.voices.mouthing.fitting import VOWELS
from facewire_engines.voices.mouthing.gloss_file import Sign
from facewire_engines.voices.mouthing.voice import REST_S, MouthingVoice

MOTHERS = {
    "de": "Mama", "nl": "mama", "en-gb": "mummy", "sv": "mamma", "nb": "mamma", "da": "mama",
    "fi": "mamma", "it": "mamma", "fr-fr": "maman", "ru": "мама",
}  # fmt: skip


def espeak(language: str = "de") -> EspeakVoice:
    try:
        return EspeakVoice(language)
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


def tokens_of(speech: Iterator[Speech]) -> np.ndarray:
    return np.concatenate([piece.tokens for piece in speech])


@pytest.mark.parametrize("language", MOTHERS)
def test_lips_meet_twice_within_the_sign_and_rest_outside_of_it(language: str) -> None:
    sign = Sign("MOTHER", 0.5, 1.1, MOTHERS[language], 1)
    tokens = tokens_of(MouthingVoice(espeak(language), [sign], name="signs.tsv").speak(""))
    assert len(tokens) == 110 + REST_S * TOKEN_RATE
    assert not tokens[:50].any()
    assert not tokens[110:].any()
    inside = tokens[50:110]
    meets = np.diff((inside == INDEX["m"]).astype(int), prepend=0) == 1
    assert meets.sum() == 2
    assert np.isin(inside, [INDEX[vowel] for vowel in VOWELS]).sum() > 15


def test_every_piece_has_sound_for_its_tokens_and_words_at_their_signs() -> None:
    signs = [Sign("EINS", 0.2, 0.8, "eins", 1), Sign("IX", 1.0, 1.5, "", 2)]
    voice = MouthingVoice(espeak(), signs, name="signs.tsv")
    pieces = list(voice.speak("whatever"))
    at = 0
    found = []
    for piece in pieces:
        assert len(piece.samples) == len(piece.tokens) * voice.sample_rate // TOKEN_RATE
        assert not piece.samples.any()
        found += [(w.label, (at + w.start) / 16_000, (at + w.end) / 16_000) for w in piece.words]
        at += len(piece.samples)
    assert found == [("EINS", 0.2, 0.8), ("IX", 1.0, 1.5)]
    assert list(voice.speak("again")) == []


def test_times_do_not_drift_over_a_thousand_signs() -> None:
    signs = [Sign(f"S{n}", n / 3, n / 3 + 0.25, "ja", n) for n in range(1000)]
    voice = MouthingVoice(espeak(), signs, name="signs.tsv")
    at = 0
    for sign, piece in zip(signs, voice.speak(""), strict=False):
        start = Fraction(at + piece.words[0].start, 16_000)
        assert abs(float(start) - sign.start_s) <= 0.005 + 1e-9
        at += len(piece.samples)


def test_a_mouthing_that_is_too_fast_is_told_with_its_line() -> None:
    told: list[str] = []
    sign = Sign("HOSPITAL", 0.0, 0.25, "Krankenhaus", 7)
    voice = MouthingVoice(espeak(), [sign], name="signs.tsv", on_problem=told.append)
    assert len(tokens_of(voice.speak(""))) == 25 + REST_S * TOKEN_RATE
    assert len(told) == 1
    assert told[0].startswith("signs.tsv, line 7: 'Krankenhaus' is ")
    assert "too fast to be seen; give the sign" in told[0]


def test_what_cannot_be_pronounced_is_told_with_its_line() -> None:
    voice = MouthingVoice(espeak(), [Sign("X", 0, 1, "...", 3)], name="signs.tsv")
    with pytest.raises(ConfigError, match=r"signs.tsv, line 3: '\.\.\.' cannot be pronounced"):
        list(voice.speak(""))


def test_a_wrong_mouthing_is_told_before_any_is_made() -> None:
    signs = [Sign("MAMA", 0, 1, "Mama", 1), Sign("X", 1, 2, "...", 2)]
    with pytest.raises(ConfigError, match=r"line 2: '\.\.\.' cannot be pronounced"):
        next(iter(MouthingVoice(espeak(), signs, name="signs.tsv").speak("")))


def test_a_sign_too_short_for_any_shape_is_told_and_left_out() -> None:
    told: list[str] = []
    signs = [Sign("MAMA", 0.5, 0.502, "Mama", 4), Sign("PAPA", 1, 2, "Papa", 5)]
    voice = MouthingVoice(espeak(), signs, name="signs.tsv", on_problem=told.append)
    words = [word.label for piece in voice.speak("") for word in piece.words]
    assert words == ["PAPA"]
    assert told == [
        "signs.tsv, line 4: 'MAMA' lasts 0.002 s, too short to be seen, and is left out; give the "
        "sign 0.08 s"
    ]


def test_a_voice_of_other_tokens_is_refused() -> None:
    voice = espeak()
    voice.space = TokenSpace("other", Fraction(25), 6561)
    with pytest.raises(ConfigError, match="choose --voice espeak"):
        MouthingVoice(voice, [], name="signs.tsv")
