import math

import pytest

from facewire.emotion import NAMES, NEUTRAL, Emotion, emotion_of, parse_emotion
from facewire.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("happy", {"happy": 1.0}),
        ("Happy = 0.8", {"happy": 0.8}),
        ("sad=.5, surprised=.3", {"sad": 0.5, "surprised": 0.3}),
        ("neutral", {}),
        ("calm=0", {"calm": 0.0}),
        ("voice=.7,calm=.2", {"voice": 0.7, "calm": 0.2}),
    ],
)
def test_shares_are_read_as_people_write_them(text: str, shares: dict[str, float]) -> None:
    assert parse_emotion(text) == shares


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it like happy"),
        ("happy=", "no number; write it like happy=0.8"),
        ("happy=x", "'x' is no number"),
        ("happy=nan", "happy is from 0 to 1, not nan"),
        ("happy=1.2", "happy is from 0 to 1, not 1.2"),
        ("sad=-1", "sad is from 0 to 1"),
        ("joyful", "there is no emotion 'joyful'; the eight are happy, angry"),
        ("happy,happy", "happy is given twice"),
        ("happy=1=2", "is no emotion"),
        ("x" * 10_000, "there is no emotion 'xxxx"),
    ],
)
def test_what_is_none_is_one_short_sentence(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_emotion(text)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("share", [math.nan, math.inf, -0.1, 1.01])
def test_shares_are_from_0_to_1(share: float) -> None:
    with pytest.raises(ConfigError, match="angry is from 0 to 1"):
        emotion_of({"angry": share})


def test_shares_are_in_the_order_of_the_names() -> None:
    emotion = emotion_of({"calm": 0.5, "happy": 1})
    assert emotion == Emotion((1.0, 0, 0, 0, 0, 0, 0, 0.5))
    assert emotion.named() == {"happy": 1.0, "calm": 0.5}
    assert emotion_of({"voice": 0.3, "sad": 0.1}).named() == {"sad": 0.1, "voice": 0.3}
    assert emotion_of({}) == NEUTRAL
    assert len(NAMES) == len(NEUTRAL.shares) == 8


def test_what_the_voice_tells_is_added_as_far_as_it_is_wanted() -> None:
    told = emotion_of({"happy": 0.5, "surprised": 1})
    assert emotion_of({"voice": 0.5, "happy": 0.1}).with_voice(told).named() == {
        "happy": pytest.approx(0.35),
        "surprised": 0.5,
    }
    assert emotion_of({"voice": 1, "surprised": 0.4}).with_voice(told).named()["surprised"] == 1
    assert emotion_of({"sad": 0.2}).with_voice(told) == emotion_of({"sad": 0.2})
