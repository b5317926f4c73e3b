"""The embedded voice: what it says, when its phones are articulated, and what it refuses."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from facewire.errors import ConfigError
from facewire.speaking.voice import Speech
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_engines.voices.espeak.voice import EspeakVoice

SENTENCES = {
    "cs": "Dobrý den, jak se máte?",
    "cmn": "你好，我很高兴认识你。",
    "de": "Schöne Grüße aus München.",
    "es": "Muy buenos días a todos.",
    "fr-fr": "Bonjour, un bon vin blanc.",
    "hi": "नमस्ते आप कैसे हैं",
    "ja": "こんにちは、お元気ですか。",
    "ru": "Привет, как дела?",
    "sv": "Hej, hur mår du?",
    "tr": "Günaydın, nasılsınız?",
    "vi": "Xin chào, bạn khỏe không?",
}


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    try:
        return EspeakVoice()
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


def spoken(voice: EspeakVoice, text: str) -> list[Speech]:
    return list(voice.speak(text))


def said(speech: Speech) -> str:
    return " ".join(phone.label for phone in speech.phones)


def test_a_sentence_becomes_its_phones_words_and_tokens(voice: EspeakVoice) -> None:
    (speech,) = spoken(voice, "Bob bought my puppy a map.")
    assert said(speech) == "b aa b b ao t m ay p ah p iy iy ah m ae p"
    assert [word.label for word in speech.words] == [
        "Bob", "bought", "my", "puppy", "a", "map."
    ]  # fmt: skip
    assert len(speech.samples) == 160 * len(speech.tokens)
    for first, second in pairwise(speech.words):
        assert first.start < first.end <= second.start
    for phone in speech.phones:
        middle = (phone.start + phone.end) // 2
        assert PHONES[speech.tokens[middle // 160]] == phone.label


def test_lips_have_time_to_close_before_the_burst_of_a_stop(voice: EspeakVoice) -> None:
    (speech,) = spoken(voice, "papa puppy")
    stops = [phone for phone in speech.phones if phone.label == "p"]
    assert len(stops) == 4
    for stop in stops:
        third = (stop.end - stop.start) // 3
        assert np.abs(speech.samples[stop.start : stop.start + third]).max() < 0.02
        assert np.abs(speech.samples[stop.start : stop.end]).max() > 0.02


def test_clauses_come_one_by_one_and_silence_stands_between_them(voice: EspeakVoice) -> None:
    first, second = spoken(voice, "Hello there, my friend.")
    assert [word.label for word in second.words] == ["my", "friend."]
    silent = INDEX["sil"]
    for speech in (first, second):
        assert speech.tokens[0] == speech.tokens[-1] == silent
        assert np.abs(speech.samples[:480]).max() < 0.01
        assert np.abs(speech.samples[-480:]).max() < 0.01


def test_rate_pitch_and_voice_change_the_sound(voice: EspeakVoice) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    plain = spoken(voice, text)[0]
    fast = spoken(EspeakVoice(rate=350), text)[0]
    assert len(fast.samples) < 0.7 * len(plain.samples)
    for other in (EspeakVoice(pitch=90), EspeakVoice(voice="f2")):
        speech = spoken(other, text)[0]
        assert set(said(speech).split()) == set(said(plain).split())
        count = min(len(speech.samples), len(plain.samples))
        assert not np.allclose(speech.samples[:count], plain.samples[:count], atol=0.01)


@pytest.mark.parametrize("language", SENTENCES)
def test_the_mouth_moves_in_other_languages(voice: EspeakVoice, language: str) -> None:
    for speech in spoken(EspeakVoice(language), SENTENCES[language]):
        power = (speech.samples.reshape(-1, 160) ** 2).mean(axis=1)
        loud = power > 1e-3
        assert loud.sum() > 10
        assert (speech.tokens[loud] == INDEX["sil"]).mean() < 0.05


@pytest.mark.parametrize(
    ("symbol", "phones"),
    [("ˈyː", "uw"), ("tɕ", "t sh"), ("(en)", ""), ("1", ""), ("œ̃", "uh"), ("kʰ", "k"), ("", "")],
)
def test_foreign_sounds_get_the_phone_that_looks_like_them(symbol: str, phones: str) -> None:
    assert " ".join(PHONES[index] for index in nearest_phones(symbol)) == phones


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x01\x1b", "\udc80", "...", "\u200b"])
def test_nothing_to_say_is_nothing(voice: EspeakVoice, text: str) -> None:
    assert spoken(voice, text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("it is 😀 you", "😀"),
        ("in 1,234.5 km", "1,234.5"),
        ("a <break time='5s'/> b", "<break"),
        ("say [[h@l'oU]] now", "[[h@l'oU]]"),
        ("mixed привет 你好 text", "привет"),
        ("naïve café", "café"),
        ("a\x00b", "b"),
    ],
)
def test_odd_text_is_read_as_text(voice: EspeakVoice, text: str, word: str) -> None:
    pieces = spoken(voice, text)
    words = [found for speech in pieces for found in speech.words]
    assert word in [found.label for found in words]
    assert all(found.end > found.start for found in words)
    assert sum(len(speech.samples) for speech in pieces) > 4_000


def test_a_long_text_begins_at_once(voice: EspeakVoice) -> None:
    speech = next(voice.speak("word " * 20_000))
    assert len(speech.samples) < 60 * 16_000


def test_random_characters_are_survived(voice: EspeakVoice) -> None:
    random = np.random.default_rng(1)
    for ceiling in (0x80, 0x500, 0x3000, 0x20000):
        text = "".join(map(chr, random.integers(0, ceiling, 300)))
        for speech in voice.speak(text):
            assert len(speech.samples) == 160 * len(speech.tokens)


def test_threads_do_not_hear_each_other(voice: EspeakVoice) -> None:
    voices = [voice, EspeakVoice("de", "m3", 200, 70), EspeakVoice("fr-fr", "f1")] * 4
    text = "Bob bought a map, and a puppy."
    alone = [spoken(one, text) for one in voices]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda one: spoken(one, text), voices))
    for expected, found in zip(alone, together, strict=True):
        for one, other in zip(expected, found, strict=True):
            # Noise and flutter of espeak-ng go on from call to call.
            assert said(one) == said(other)
            assert abs(len(one.samples) - len(other.samples)) < 0.1 * len(one.samples)
            assert [word.label for word in one.words] == [word.label for word in other.words]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tlh-mars",), "'tlh-mars'"),
        (("",), "choose one such as en-us"),
        (("xx",), "choose one such as en-us"),
        (("en-us", "nobody"), "choose one such as f2"),
        (("EN_GB", "beIinda"), "did you mean belinda"),
        (("en-us", "f2", 5000), "80 to 450"),
        (("en-us", "f2", 175, 200), "0 to 100"),
    ],
)
def test_what_does_not_exist_is_the_users_mistake(
    voice: EspeakVoice, arguments: tuple[str, str, int, int], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        EspeakVoice(*arguments)


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    package = tmp_path / "espeakng_loader.py"
    package.write_text("def get_library_path(): return '/nowhere'\nget_data_path = str\n")
    program = "from facewire_engines.voices.espeak.voice import EspeakVoice; EspeakVoice()"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "ConfigError: speaking needs espeak-ng; install it with: pip install" in result.stderr


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("cmn", "今天,我们去公园。", ["今", "天,", "我", "们", "去", "公", "园。"]),
        (
            "ja",
            "こんにちは、きょうはいいてんきですね。",
            ["こんにちは、", "きょうはいいてんきですね。"],
        ),
        ("en-us", "Re-do it, don't!", ["Re-do", "it,", "don't!"]),
        ("ko", "안녕하세요 오늘", ["안녕하세요", "오늘"]),
    ],
)
def test_words_without_spaces_begin_where_the_voice_says(
    language: str, text: str, words: list[str]
) -> None:
    spoken = [word for speech in EspeakVoice(language).speak(text) for word in speech.words]
    assert "".join(word.label for word in spoken) == "".join(words)
    assert [word.label for word in spoken] == words
    assert all(word.start < word.end for word in spoken)
