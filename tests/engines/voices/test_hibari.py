"""The natural voice: what it says, when its phones are articulated, and what it refuses."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facewire.errors import ConfigError
from facewire.speaking.text.clauses import TOGETHER
from facewire.speaking.voice import CancellableVoice, SelectiveVoice, Speech, VoiceRequest
from facewire_engines.phones.misaki import PAUSES, STRESS, phones_of
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_engines.voices.heard import HeardVoice
from facewire_engines.voices.hibari import package
from facewire_engines.voices.hibari.package import FRAME, SAMPLE_RATE, Hibari, load_hibari
from facewire_engines.voices.hibari.reading import LONGEST, Reading, Word, split
from facewire_engines.voices.hibari.voice import HibariVoice, pieces
from facewire_engines.voices.registry import load_hibari_voice


@pytest.fixture(scope="module")
def hibari() -> Hibari:
    try:
        return load_hibari("")
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def voice(hibari: Hibari) -> HibariVoice:
    return HibariVoice(hibari)


def spoken(voice: HibariVoice, text: str) -> list[Speech]:
    return list(voice.speak(text))


def said(speech: Speech) -> str:
    return " ".join(phone.label for phone in speech.phones)


def loudest_hz(speech: Speech) -> float:
    """Return the pitch of most of it, by the autocorrelation of blocks of 40 ms."""
    blocks = speech.samples[: len(speech.samples) // 640 * 640].reshape(-1, 640)
    spectra = np.abs(np.fft.rfft(blocks, 2048)) ** 2
    lags = np.fft.irfft(spectra)[:, 40:267].sum(axis=0)  # 60 to 400 Hz
    return 16_000 / (40 + float(lags.argmax()))


def test_a_sentence_becomes_its_phones_words_and_tokens(voice: HibariVoice) -> None:
    (speech,) = spoken(voice, "Bob bought my puppy a map.")
    assert said(speech) == "b aa b b ao t m ay p ah p iy ah m ae p"
    assert [word.label for word in speech.words] == [
        "Bob", "bought", "my", "puppy", "a", "map."
    ]  # fmt: skip
    assert len(speech.samples) == 160 * len(speech.tokens)
    for first, second in pairwise(speech.phones):
        assert first.start < first.end <= second.start
    for first, second in pairwise(speech.words):
        assert first.start < first.end <= second.start
    for phone in speech.phones:
        middle = (phone.start + phone.end) // 2
        assert PHONES[speech.tokens[middle // 160]] == phone.label


def test_the_graph_tells_how_long_each_symbol_lasts(hibari: Hibari) -> None:
    assert hibari.timed, "the installed hibari-tts is not the version that is pinned"
    for symbols in ("bˈɑb.", "həlˈO, ðˈɛɹ!"):
        for speed in (0.5, 1, 2.5):
            spoken = hibari.synthesise(symbols, speed, 50)
            assert len(spoken.frames) == len(symbols) + 2
            assert spoken.frames.sum() * FRAME == len(spoken.sound)
            assert spoken.latents.shape == (2 * spoken.frames.sum(), 256)


def test_lips_have_time_to_close_before_the_burst_of_a_stop(voice: HibariVoice) -> None:
    (speech,) = spoken(voice, "papa puppy")
    stops = [phone for phone in speech.phones if phone.label == "p"]
    assert len(stops) == 4
    loudest = np.abs(speech.samples).max()
    for stop in stops:
        blocks = np.abs(speech.samples[stop.start : stop.end])
        assert blocks[: len(blocks) * 2 // 3].min() < 0.02 * loudest
        assert blocks.max() > 0.05 * loudest


def test_speech_begins_and_ends_with_its_sound(voice: HibariVoice) -> None:
    first, second = spoken(voice, "Hello there, my friend. Nobody came.")
    assert [word.label for word in second.words] == ["Nobody", "came."]
    silent = INDEX["sil"]
    for speech in (first, second):
        assert speech.tokens[0] == speech.tokens[-1] == silent
        assert np.abs(speech.samples[:480]).max() < 0.01
        assert np.abs(speech.samples[-480:]).max() < 0.01
        levels = (speech.samples.reshape(-1, 160) ** 2).mean(axis=1)
        loud = np.flatnonzero(levels > levels.max() * 1e-3)
        said = np.flatnonzero(speech.tokens != silent)
        assert abs(said[0] - loud[0]) <= 8  # a closure may stand before
        assert abs(said[-1] - loud[-1]) <= 8


def test_a_pause_in_a_sentence_is_silence(voice: HibariVoice) -> None:
    (speech,) = spoken(voice, "Wait a moment; then we may go on.")
    moment, then = (next(w for w in speech.words if w.label == x) for x in ("moment;", "then"))
    assert then.start - moment.end > 0.05 * 16_000
    pause = speech.samples[moment.end : then.start]
    assert np.abs(pause).max() < 0.05 * np.abs(speech.samples).max()


def test_rate_and_pitch_change_the_sound(hibari: Hibari, voice: HibariVoice) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    plain = spoken(voice, text)[0]
    fast = spoken(HibariVoice(hibari, rate=350), text)[0]
    assert len(fast.samples) < 0.7 * len(plain.samples)
    high = spoken(HibariVoice(hibari, pitch=100), text)[0]
    assert said(high) == said(plain) == said(fast)
    assert abs(len(high.samples) - len(plain.samples)) < 0.05 * 16_000
    assert loudest_hz(high) > 1.2 * loudest_hz(plain)


@pytest.mark.parametrize("wrong", [{"rate": 7}, {"rate": 451}, {"pitch": -1}, {"pitch": 101}])
def test_numbers_out_of_range_are_refused(hibari: Hibari, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="out of range; choose"):
        HibariVoice(hibari, **wrong)


def test_the_same_text_is_the_same_sound(voice: HibariVoice) -> None:
    first, second = (spoken(voice, "Say it again.")[0] for _ in range(2))
    np.testing.assert_array_equal(first.samples, second.samples)


@pytest.mark.usefixtures("hibari")
@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        (VoiceRequest(language="de"), ("American English", "'de'", "--voice espeak")),
        (VoiceRequest("fenrr"), ("'fenrr'", "fenrir")),
        (VoiceRequest("zzzzzz"), ("'zzzzzz'", "heart")),
        (VoiceRequest(rate=9), ("80",)),
    ],
)
def test_what_it_cannot_speak_is_one_sentence(
    request_: VoiceRequest, parts: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_hibari_voice(request_)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("hibari")
def test_a_voice_that_was_not_downloaded_says_how_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=r"--voice fenrir -o hello[.]wav"):
        load_hibari_voice(VoiceRequest("fenrir"))


@pytest.mark.usefixtures("hibari")
@pytest.mark.parametrize("language", ["en", "en-us", "EN_US", " en-US "])
def test_american_english_by_any_code(language: str) -> None:
    assert isinstance(load_hibari_voice(VoiceRequest(language=language)), HibariVoice)


@pytest.mark.parametrize(
    "text", ["", "  \n", "\x00\x01\x1b", "\udc80", "...", "?!", "\u200b", "😀", "你好", "\"'()"]
)
def test_nothing_to_say_is_nothing(voice: HibariVoice, text: str) -> None:
    assert spoken(voice, text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("it is 😀 you", ["it", "is", "you"]),
        ("in 1,234.5 km.", ["in", "1,234.5", "km."]),
        ("On 10/12/2019 at 9:30am, come.", ["On", "10/12/2019", "at", "9:30am,", "come."]),
        ("a <break time='5s'/> b", ["a", "<break", "time='5s'/>", "b"]),
        ("say [red](/blˈu/) now", ["say", "[red](/blˈu/)", "now"]),
        ("naïve café", ["naïve", "café"]),
        ("a\x00b", ["a", "b"]),
        ("NASA's AT&T don't well-known e.g. xyzzyq", None),
    ],
)
def test_odd_text_is_read_and_its_words_are_those_written(
    voice: HibariVoice, text: str, words: list[str] | None
) -> None:
    found = [word for speech in spoken(voice, text) for word in speech.words]
    assert [word.label for word in found] == (words or text.split())
    assert all(word.end > word.start for word in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Say 你好 and 谢谢, 5 times 😀 to 你好 - please!", ["你好", "谢谢,"]),
        ("你好 means hello", ["你好"]),
        ("hello, 你好", ["你好"]),
        ("On 10/12/2019 at 9:30am Dr. Xyzzyq's AT&T came — it paid $5.", []),
        (" ".join("天地玄黄宇宙洪荒"), list("天地玄黄宇")),
    ],
)
def test_words_that_it_cannot_say_are_told(hibari: Hibari, text: str, words: list[str]) -> None:
    voice = HibariVoice(hibari)
    assert isinstance(voice, SelectiveVoice)
    spoken(voice, text)
    assert voice.left_out == words


def test_a_link_does_not_set_how_its_words_are_said(voice: HibariVoice) -> None:
    (speech,) = spoken(voice, "[red](/blˈu/)")
    assert "r eh d" in said(speech)


def test_ten_thousand_characters_come_in_pieces(voice: HibariVoice) -> None:
    text = ("All work and no play makes Jack a dull boy; so they say, and so it is. " * 200)[
        :10_000
    ]
    made = spoken(voice, text)
    words = [word.label for speech in made for word in speech.words]
    assert words == text.split()
    assert len(made) > 100


def test_a_long_text_without_any_end_begins_at_once(voice: HibariVoice) -> None:
    speech = next(voice.speak("word " * 20_000))
    assert len(speech.samples) < 150 * 16_000


def test_clauses_of_a_sentence_are_spoken_in_one_breath_until_it_is_long() -> None:
    assert list(pieces("Well, now, go. And then? Yes, of course.")) == [
        "Well, now, go.", "And then?", "Yes, of course."
    ]  # fmt: skip
    long = " ".join(f"{'na ' * 15}na," for _ in range(8))
    assert all(len(piece) <= TOGETHER for piece in pieces(long))
    assert " ".join(pieces(long)) == long


def test_what_is_too_long_for_the_graph_is_cut_between_words() -> None:
    symbols = "ab " * 300
    words = tuple(Word(str(k), 3 * k, 3 * k + 2) for k in range(300))
    parts = list(split(Reading(symbols, words)))
    assert all(len(part.symbols) <= LONGEST for part in parts)
    assert "".join(part.symbols for part in parts) == symbols
    assert [word.label for part in parts for word in part.words] == [w.label for w in words]
    for part in parts:
        assert all(part.symbols[word.first : word.end] == "ab" for word in part.words)


def test_a_long_number_is_survived(voice: HibariVoice) -> None:
    pieces_ = spoken(voice, "9" * 290)
    assert sum(len(speech.samples) for speech in pieces_) > 16_000


def test_random_characters_are_survived(voice: HibariVoice) -> None:
    random = np.random.default_rng(1)
    for ceiling in (0x80, 0x500, 0x3000, 0x20000):
        text = "".join(map(chr, random.integers(0, ceiling, 300)))
        for speech in voice.speak(text):
            assert len(speech.samples) == 160 * len(speech.tokens)
            assert np.isfinite(speech.samples).all()


def test_it_can_be_cancelled_and_speaks_again(voice: HibariVoice) -> None:
    assert isinstance(voice, CancellableVoice)
    voice.cancel()
    turn = voice.speak("One. Two. Three. Four.")
    assert next(turn).words[0].label == "One."
    voice.cancel()
    voice.cancel()
    assert list(turn) == []
    assert len(spoken(voice, "One. Two.")) == 2


def test_several_threads_may_have_a_voice_each(hibari: Hibari) -> None:
    text = "She sells sea shells by the sea shore, xyzzyq."
    alone = spoken(HibariVoice(hibari), text)[0]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: spoken(HibariVoice(hibari), text)[0], range(8)))
    for speech in made:
        assert said(speech) == said(alone)
        np.testing.assert_array_equal(speech.samples, alone.samples)


def test_every_symbol_of_the_alphabet_is_known(hibari: Hibari) -> None:
    silent = {s for s in hibari.alphabet if not phones_of(s)}
    marks = set('\u0303ᵝː ʰʲ↓→↗↘"()“”')
    assert silent <= marks | set(STRESS + PAUSES)
    for symbol, phone in {"A": "ey", "ʧ": "ch", "T": "d", "ᵻ": "ih", "ɜ": "er", "ɡ": "g"}.items():
        assert [PHONES[k] for k in phones_of(symbol)] == [phone]


@pytest.mark.usefixtures("hibari")
def test_another_version_is_said_and_listened_to(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package._load.cache_clear()
    monkeypatch.setattr(package, "VERSION", "0.0.1")
    try:
        heard = load_hibari_voice(VoiceRequest())
    finally:
        package._load.cache_clear()
    assert isinstance(heard, HeardVoice)
    (record,) = caplog.records
    assert version("hibari-tts") in record.getMessage()
    assert "0.0.1" in record.getMessage()
    made = list(heard.speak("Bob bought my puppy a map."))
    tokens = np.concatenate([speech.tokens for speech in made])
    assert sum(len(speech.samples) for speech in made) == 160 * len(tokens)
    heard_phones = [PHONES[k] for k, _ in pairwise([*tokens, -1]) if k != INDEX["sil"]]
    assert {"b", "m", "p"} <= set(heard_phones)


@pytest.mark.usefixtures("hibari")
def test_another_graph_is_said_and_listened_to(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package._load.cache_clear()
    monkeypatch.setattr(package, "_TAPPED", ["/Clip_output_0", "/No_such_output"])
    try:
        assert isinstance(load_hibari_voice(VoiceRequest()), HeardVoice)
    finally:
        package._load.cache_clear()
    (record,) = caplog.records
    told = record.getMessage()
    assert told.startswith(f"the model of hibari-tts {version('hibari-tts')}")
    assert told.endswith(f'--force-reinstall --no-deps "hibari-tts=={version("hibari-tts")}"')


def test_without_the_package_espeak_speaks() -> None:
    program = """
import sys
sys.modules["hibari"] = None
from facewire.speaking.voices import default_voice, load_voice
assert default_voice("en-us") == "espeak", default_voice("en-us")
from facewire.errors import ConfigError
try:
    load_voice(language="en-us", voice="hibari", rate=175, pitch=50)
except ConfigError as error:
    print(error)
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stderr
    assert "hibari-tts" in found.stdout
    assert "pip install" in found.stdout
    assert len(found.stdout.splitlines()) == 1


def test_a_package_that_does_not_load_is_said_once_and_espeak_speaks(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="needs espeak-ng")
    (tmp_path / "hibari.py").write_text("raise RuntimeError('numpy is too new')\n")
    program = """
import logging
from facewire.speaking.voices import load_voice
logging.basicConfig(format="%(message)s")
for language in ("en-us", "en-us", "de"):
    voice = load_voice(language=language, voice="", rate=175, pitch=50)
    print(type(voice).__name__)
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["EspeakVoice"] * 3
    (told,) = found.stderr.splitlines()
    for part in ("hibari", "numpy is too new", "pip install", "espeak speaks"):
        assert part in told


@pytest.mark.usefixtures("hibari")
def test_it_is_the_default_for_its_language_alone() -> None:
    from facewire.speaking.voices import default_voice

    assert default_voice("en-us") == "hibari"
    for language in ("de", "en-gb", "martian"):
        assert default_voice(language) == "espeak"


def test_the_length_is_that_of_the_frames_at_the_ends_of_its_rates(hibari: Hibari) -> None:
    for rate in (80, 450):
        (speech,) = HibariVoice(hibari, rate=rate).speak("Bob bought my puppy a map.")
        assert len(speech.phones) == 16
        assert len(speech.samples) / SAMPLE_RATE < 6


@pytest.mark.usefixtures("hibari")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "HibariVoice"),
        ("hibari", "HibariVoice"),
        ("Hibari:heart", "HibariVoice"),
        ("espeak", "EspeakVoice"),
        ("espeak:f2", "EspeakVoice"),
        ("f2", "EspeakVoice"),
    ],
)
def test_clients_may_ask_for_it_by_name_or_leave_it_to_the_language(name: str, kind: str) -> None:
    from facewire.speaking.voices import load_local_voice, load_voice

    for load in (load_voice, load_local_voice):
        found = load(language="en-us", voice=name, rate=175, pitch=50)
        assert type(found).__name__ == kind
