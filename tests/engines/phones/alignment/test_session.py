"""Faces of audio whose times are known: right, wrong, late, in pieces, or not at all."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.phones.alignment.said import RATE, Said, play, say, session, take

from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.speaking.alignment.marks import Mark, MarkSpan, TimedSound, TimedWord
from facewire_engines.phones.alignment.session import NEEDED_MS
from facewire_training.evaluation.metrics.lips.closure import closure_rate, false_closure_rate

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

TEXT = "Maybe Bobby may borrow my bumpy blue bus"
TEXTS = (
    TEXT,
    "Bob bought my puppy a map and Mary made some more of them",
    "We saw five of those maps on the far side of the old harbour",
    "The other day a paper boat came past my open window",
)


@pytest.fixture(scope="module")
def said() -> Said:
    return say(TEXT)


def words(said: Said, late_s: float = 0.0) -> list[Mark]:
    return [
        TimedWord(word.label, word.start / RATE + late_s, word.end / RATE + late_s)
        for word in said.words
    ]


def phones(said: Said, late_s: float = 0.0) -> list[Mark]:
    return [
        TimedSound(phone.start / RATE + late_s, phone.end / RATE + late_s, (phone.label,))
        for phone in said.phones
    ]


@pytest.mark.parametrize("language", ["en-us", "xx"])
@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.2])
def test_lips_close_from_word_times_that_are_right_or_off(language: str, late_s: float) -> None:
    sentences = [say(text) for text in TEXTS]
    found = [take(play(session(words(s, late_s), language), s.samples), s) for s in sentences]
    heard = [take(play(session(), s.samples), s) for s in sentences]
    assert closure_rate(found) == 1
    # They have 31 open vowels: one or two may stand at the edge of being shut.
    assert false_closure_rate(found) <= false_closure_rate(heard) + 0.07


@pytest.mark.parametrize("late_s", [-0.05, 0.0, 0.05])
def test_lips_close_from_phone_times(said: Said, late_s: float) -> None:
    found = take(play(session(phones(said, late_s)), said.samples), said)
    assert closure_rate([found]) == 1


def test_phones_close_lips_where_nothing_is_heard(said: Said) -> None:
    """Noise louder than the voice hides many of them, so that hearing alone cannot know."""
    noises = [np.random.default_rng(seed).normal(0, 0.2, len(said.samples)) for seed in range(4)]
    noisy = [np.clip(said.samples + noise, -1, 1).astype(np.float32) for noise in noises]

    def closed(marks: list[Mark] | None = None) -> float:
        return closure_rate([take(play(session(marks), samples), said) for samples in noisy])

    assert closed() < 0.85 < 0.95 < closed(phones(said))
    assert closed(words(said)) > 0.95


def test_words_that_are_not_said_are_heard_instead(said: Said) -> None:
    labels = ("six", "chairs", "ran", "to", "the", "dusty", "yellow", "church")
    wrong: list[Mark] = [
        TimedWord(label, word.start / RATE, word.end / RATE)
        for label, word in zip(labels, said.words, strict=True)
    ]
    found = take(play(session(wrong), said.samples), said)
    assert closure_rate([found]) >= 0.8


def test_without_times_the_audio_is_heard(said: Said) -> None:
    found = play(session(), said.samples)
    empty = play(session([]), said.samples)
    assert closure_rate([take(found, said)]) == 1
    np.testing.assert_array_equal(weights(found), weights(empty))
    assert len(found) == -(-len(said.samples) * 60 // RATE)
    assert [frame.index for frame in found] == list(range(len(found)))


def test_times_that_come_late_count_from_then_on(said: Said) -> None:
    half = len(said.samples) // 2 // 160 * 160
    late, never = session(), session()
    frames = late.push(AudioChunk(said.samples[:half], 0, RATE))
    heard = never.push(AudioChunk(said.samples[:half], 0, RATE))
    np.testing.assert_array_equal(weights(frames), weights(heard))
    spans = [MarkSpan(word, word.start_s, word.end_s or 0) for word in words(said)]
    late.align(spans)
    rest = AudioChunk(said.samples[half:], half, RATE)
    frames += late.push(rest) + late.flush()
    heard += never.push(rest) + never.flush()
    assert closure_rate([take(frames, said)]) == 1
    assert np.abs(weights(frames) - weights(heard)).max() > 0.05


@pytest.mark.parametrize("size", [1, 160, 1_000, 100_000])
def test_any_cut_of_the_audio_gives_a_whole_face(said: Said, size: int) -> None:
    samples = said.samples[: 4_000 if size == 1 else None]
    frames = play(session(words(said)), samples, size)
    assert [frame.timestamp for frame in frames] == [
        index * RATE // 60 for index in range(-(-len(samples) * 60 // RATE))
    ]


def test_odd_times_do_no_harm(said: Said) -> None:
    odd: list[Mark] = [
        *[TimedWord("bob", n * 0.011, n * 0.011 + 5) for n in range(300)],
        TimedWord("late", 1e5, 1e5 + 1),
        TimedSound(0.5, ipa="ʘǁ"),
        TimedSound(0.6, ipa=""),
        TimedSound(0.7, phones=()),
        TimedWord("你好", 0.8, 0.9),
    ]
    frames = play(session(odd), said.samples)
    assert len(frames) == -(-len(said.samples) * 60 // RATE)
    assert np.isfinite(weights(frames)).all()


def test_the_page_says_how_much_audio_a_face_needs(said: Said) -> None:
    page = Path(__file__).parents[4] / "docs" / "alignment.md"
    assert f"needs {NEEDED_MS} ms of audio" in page.read_text(encoding="utf-8")
    first = session().push(AudioChunk(said.samples[: NEEDED_MS * RATE // 1000 + 640], 0, RATE))
    assert 1 <= len(first) <= 3


def test_a_session_ends_once_and_says_so(said: Said) -> None:
    opened = session()
    assert play(opened, said.samples[:4_800])
    assert opened.flush() == []
    opened.close()
    with pytest.raises(ValueError, match="has not ended"):
        opened.push(AudioChunk(said.samples[:160], 4_800, RATE))
    with pytest.raises(ValueError, match="expected sample 0"):
        session().push(AudioChunk(said.samples[:160], 160, RATE))
    assert session().flush() == []


def weights(frames: list[BlendshapeFrame]) -> NDArray[np.float32]:
    return np.stack([frame.weights for frame in frames])
