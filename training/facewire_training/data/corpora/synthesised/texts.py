"""What the synthesisers are given to say: read books, sentences rich in visible sounds, words."""

from collections.abc import Sequence
from importlib import resources

import numpy as np

_BREAKS = (",", ",", ",", ".", "?", ";")


class Texts:
    """Draws texts of a few words to a few clauses; the same generator gives the same texts."""

    def __init__(self, transcripts: Sequence[str]) -> None:
        self._transcripts = [text.split() for text in transcripts if text.strip()]
        self._sentences = read_resource("sentences.txt").splitlines()
        self._words = read_resource("words.txt").split()

    def draw(self, rng: np.random.Generator) -> str:
        """Return a sentence: of the transcripts, of the built-in ones, or words in any order."""
        chance = rng.random()
        if chance < 0.55 and self._transcripts:
            return self._from_transcript(rng)
        if chance < 0.85:
            return self._sentences[int(rng.integers(len(self._sentences)))]
        picked = rng.choice(self._words, size=int(rng.integers(3, 10)))
        return " ".join(_punctuated([str(word) for word in picked], rng, every=4))

    def _from_transcript(self, rng: np.random.Generator) -> str:
        words = self._transcripts[int(rng.integers(len(self._transcripts)))]
        length = int(rng.integers(4, 18))
        first = int(rng.integers(max(1, len(words) - length)))
        return " ".join(_punctuated(words[first : first + length], rng, every=8))


def read_resource(name: str) -> str:
    """Return a text file that lies beside this module."""
    package = resources.files("facewire_training.data.corpora.synthesised")
    return (package / name).read_text(encoding="utf-8")


def _punctuated(words: list[str], rng: np.random.Generator, every: int) -> list[str]:
    """Put a pause after about each `every`-th word, and an end after the last."""
    marked = [
        word + str(rng.choice(_BREAKS)) if rng.random() < 1 / every else word for word in words[:-1]
    ]
    return [*marked, words[-1] + str(rng.choice((".", ".", "?", "!")))]
