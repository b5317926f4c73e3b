"""How words are said, as far as anybody knows."""

import logging
import sys

import pytest

from facewire_engines.phones.alignment.pronunciations import english, languages
from facewire_engines.phones.alignment.pronunciations.languages import pronunciation
from facewire_engines.phones.alignment.pronunciations.spelling import CLOSED, TEETH, spelled
from facewire_engines.phones.phone_set import PHONES


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("Bob", [CLOSED, (), CLOSED]),
        ("phone", [TEETH, ()]),
        ("bomb", [CLOSED, (), CLOSED]),
        ("pumpkin", [CLOSED, (), CLOSED, ()]),
        ("Вот", [TEETH, ()]),
        ("мама", [CLOSED, (), CLOSED, ()]),
        ("μπαμπάς", [CLOSED, (), CLOSED, ()]),
        ("für", [TEETH, ()]),
        ("cat", []),
        ("你好", []),
        ("42", []),
        ("", []),
    ],
)
def test_letters_tell_of_lips(word: str, shown: list[tuple[int, ...]]) -> None:
    assert list(spelled(word)) == shown


def test_only_english_has_a_dictionary() -> None:
    assert pronunciation("de") is spelled
    assert pronunciation("") is spelled


def test_a_dictionary_that_is_missing_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "hibari.g2p", None)
    languages.say_what_is_missing.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert pronunciation("de") is spelled
        assert caplog.messages == []
        assert pronunciation("en-us") is spelled
        assert pronunciation("en-gb") is spelled
    (line,) = caplog.messages
    assert line.startswith("words whose times are pushed have only their letters")
    assert "install it with: pip install" in line
    assert "hibari-tts" in line
    languages.say_what_is_missing.cache_clear()


@pytest.mark.skipif(not english.is_installed(), reason="pip install hibari-tts")
class TestDictionary:
    @pytest.mark.parametrize(
        ("word", "phones"),
        [
            ("Bob,", "b aa b"),
            ("bomb", "b aa m"),
            ("pie", "p ay"),
            ("judge", "jh ah jh"),
            ("Facewire", "f ey s w ay ah r"),
            ("what?", "w ah t"),
            ("(Bob)", "b aa b"),
        ],
    )
    def test_english_words(self, word: str, phones: str) -> None:
        said = pronunciation("en_US")(word)
        assert " ".join(PHONES[one] for (one,) in said) == phones

    def test_british_ones_are_said_in_their_way(self) -> None:
        assert pronunciation("en-gb")("car") != pronunciation("en-us")("car")

    def test_what_cannot_be_read_is_spelled_or_unknown(self) -> None:
        for word in ("", "…", "\x00", "你好", "a" * 10_000):
            pronunciation("en-us")(word)
