import os

import pytest

from facewire.errors import ConfigError
from facewire_engines.phones.engine import load_embedded
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_training.recipes.perception.mouthings import GAP_S, WORDS, mouthed, signs
from facewire_training.recipes.perception.seen_speech import FRAME_RATE, seen_take


def test_ten_languages_have_the_same_number_of_words() -> None:
    assert len(WORDS) == 10
    assert {len(words) for words in WORDS.values()} == {8}


def test_signs_have_rest_between_them() -> None:
    first, second = signs(("house", "mother"), 0.5)
    assert (first.start_s, first.end_s) == (GAP_S, GAP_S + 0.5)
    assert second.start_s - first.end_s == pytest.approx(GAP_S)


def test_a_face_mouths_within_signs_and_rests_between_them() -> None:
    try:
        EspeakVoice("de")
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))
    problems: list[str] = []
    take = mouthed("de", 0.8, load_embedded().token_decoder(), problems)
    assert problems == []
    gap = take.gap()
    for sign in signs(WORDS["de"], 0.8):
        first, last = (round(time_s * FRAME_RATE) for time_s in (sign.start_s, sign.end_s))
        assert gap[first:last].max() > 0.1, sign
        assert gap[last + 4] < 0.05, sign
    said = seen_take(take).labels
    assert (said[: int(GAP_S * FRAME_RATE)] == 0).all()
