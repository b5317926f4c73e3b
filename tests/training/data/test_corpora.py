import os
import shutil

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.phones.ipa import phones_of
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_engines.voices.espeak import library as espeak_library
from facewire_training.data.corpora.corpus import SILENCE, Corpus, Utterance, token_labels
from facewire_training.data.corpora.nospeech import KINDS, NoSpeech, make
from facewire_training.data.corpora.synthesised import espeak, festival, flite
from facewire_training.data.corpora.synthesised.texts import Texts

VOWELS = [INDEX[phone] for phone in ("aa", "ae", "ah", "ao", "eh", "ey", "ow", "ay", "iy")]


def _library_found() -> bool:
    try:
        espeak_library.languages()
    except ConfigError:
        return False
    return True


def need(found: bool, missing: str) -> None:
    """Skip the test, but fail it where everything is meant to be installed."""
    if not found:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {missing}")
        pytest.skip(missing)


@pytest.fixture(params=["flite", "espeak", "festival"])
def spoken(request: pytest.FixtureRequest) -> list[Utterance]:
    """About a minute of speech of each synthesiser."""
    texts = Texts(["the old man brought a map of the harbour to my father before the evening"])
    hours = 60 / 3600
    if request.param == "flite":
        need(shutil.which("flite") is not None, flite.MISSING)
        return list(flite.Flite(texts, hours).utterances())
    if request.param == "espeak":
        need(_library_found(), espeak_library.missing())
        return list(espeak.Espeak(texts, hours).utterances())
    need(shutil.which("festival") is not None, festival.MISSING)
    return list(festival.Festival(texts, hours).utterances())


def energies(utterance: Utterance) -> tuple[np.ndarray, np.ndarray]:
    """Return the power in dB and the class of each token."""
    count = len(utterance.samples) // 160
    frames = utterance.samples[: count * 160].reshape(-1, 160).astype(np.float64)
    return 10 * np.log10((frames**2).mean(axis=1) + 1e-12), token_labels(utterance.phones, count)


def test_synthetic_speech_is_silent_where_it_says_so(spoken: list[Utterance]) -> None:
    power, labels = (np.concatenate(part) for part in zip(*map(energies, spoken), strict=True))
    silence, vowels = power[labels == SILENCE], power[np.isin(labels, VOWELS)]
    assert len(silence) > 200
    assert len(vowels) > 500
    assert np.median(silence) < np.median(vowels) - 30
    assert np.percentile(silence, 90) < np.percentile(vowels, 10)


def test_closures_of_voiceless_stops_are_inside_the_stops(spoken: list[Utterance]) -> None:
    """The softest moment of p, t, k between vowels is far below its vowels: the closure."""
    depths = []
    for utterance in spoken:
        power, _ = energies(utterance)
        for before, stop, after in zip(
            utterance.phones, utterance.phones[1:], utterance.phones[2:], strict=False
        ):
            around = {before.phone_index, after.phone_index}
            if PHONES[stop.phone_index] in "ptk" and around <= set(VOWELS):
                first, last = round(stop.start_s * 100), round(stop.end_s * 100)
                nearby = power[round(before.start_s * 100) : round(after.end_s * 100)]
                depths.append(nearby.max() - power[first : last + 1].min())
    assert len(depths) >= 5
    assert np.median(depths) > 25


def test_phones_cover_the_audio_without_gaps(spoken: list[Utterance]) -> None:
    for utterance in spoken:
        edges = [phone.start_s for phone in utterance.phones] + [utterance.phones[-1].end_s]
        assert edges[0] == 0
        assert abs(edges[-1] - utterance.duration_s) < 0.03
        for left, right in zip(utterance.phones, utterance.phones[1:], strict=False):
            assert left.end_s == right.start_s
        assert utterance.samples.dtype == np.float32
        assert 0.05 < np.abs(utterance.samples).max() <= 1


def test_speech_fills_the_hours_with_distinct_names(spoken: list[Utterance]) -> None:
    assert 60 <= sum(utterance.duration_s for utterance in spoken) < 80
    assert len({utterance.name for utterance in spoken}) == len(spoken)


def test_the_same_seed_speaks_the_same() -> None:
    need(shutil.which("flite") is not None, flite.MISSING)
    texts = Texts([])
    first, again = (list(flite.Flite(texts, 6 / 3600, seed=4).utterances()) for _ in range(2))
    assert [one.phones for one in first] == [one.phones for one in again]
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left.samples, right.samples)


def test_flite_times_are_read_in_order() -> None:
    phones = flite.parse_phone_times("pau:0.220 hh:0.295 ax:0.342 l:0.342 pau:0.600 \n")
    assert [(phone.label, phone.start_s, phone.end_s) for phone in phones] == [
        ("sil", 0.0, 0.22),
        ("hh", 0.22, 0.295),
        ("ah", 0.295, 0.342),
        ("sil", 0.342, 0.6),
    ]


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="apt-get install flite"):
        flite.speak("hello", "slt", {})
    with pytest.raises(ConfigError, match="apt-get install festival"):
        festival.speak([festival.Manner("hello", 1.0, 100.0, 10.0)])


def test_an_unknown_voice_is_an_error() -> None:
    need(_library_found(), espeak_library.missing())
    with pytest.raises(ConfigError, match="no voice 'en-mars'"):
        espeak.speak("hello", espeak_library.Manner("en-mars"))


def test_espeak_speaks_the_phones_of_the_words() -> None:
    need(_library_found(), espeak_library.missing())
    _, phones = espeak.speak("A happy puppy, my mother.", espeak_library.Manner("en-us"))
    said = " ".join(phone.label for phone in phones)
    assert said == "ah hh ae p iy p ah p iy sil m ay m ah dh er sil"


@pytest.mark.parametrize("accent", dict.fromkeys(espeak.ACCENTS))
def test_every_accent_is_understood(accent: str) -> None:
    need(_library_found(), espeak_library.missing())
    text = " ".join(Texts([]).draw(np.random.default_rng(seed)) for seed in range(120))
    _, phones = espeak.speak(text, espeak_library.Manner(accent, words_per_minute=250))
    assert {"p", "b", "m", "f", "v", "w", "uw", "sil"} <= {phone.label for phone in phones}


@pytest.mark.parametrize(
    ("symbol", "phones"),
    [
        ("p", "p"),
        ("tʃ", "ch"),
        ("ɔːɹ", "ao r"),
        ("aɪɚ", "ay er"),
        ("iː", "iy"),
        ("a:", "aa"),
        ("n̩", "n"),
        ("ˈʌ", "ah"),
        ("t̪", "t"),
        ("", ""),
        ("_:", ""),
    ],
)
def test_ipa_is_read(symbol: str, phones: str) -> None:
    assert " ".join(PHONES[index] for index in phones_of(symbol)) == phones


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="ʘ"):
        phones_of("ʘ")


@pytest.mark.parametrize("kind", KINDS)
def test_sounds_without_speech_are_finite_and_vary(kind: str) -> None:
    first, again, other = (make(kind, 32_000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32
    assert first.shape == (32_000,)
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= 1
    assert kind == "silence" or not np.array_equal(first, other)


def test_sounds_without_speech_are_labelled_silence() -> None:
    corpus: Corpus = NoSpeech(0.03)
    clips = list(corpus.utterances())
    assert {clip.speaker for clip in clips} == set(KINDS)
    for clip in clips:
        assert [phone.phone_index for phone in clip.phones] == [SILENCE]
        assert clip.phones[0].end_s == clip.duration_s


def test_texts_are_seeded_and_end_like_sentences() -> None:
    texts = Texts(["one two three four five six seven eight nine ten"])
    drawn = [texts.draw(np.random.default_rng(seed)) for seed in range(50)]
    assert drawn == [texts.draw(np.random.default_rng(seed)) for seed in range(50)]
    assert len(set(drawn)) > 30
    assert all(text[-1] in ".?!" for text in drawn)
