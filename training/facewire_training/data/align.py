"""Forced alignment: when each phone of a known text is said.

    python -m facewire_training.data.align --data DATA [--teacher runs/teacher]

prints how far it is from the aligner that made the validation phones. Whoever hears phones scores
every token: the embedded model's encoder, by its rows for 80 ms ago, or a teacher. Viterbi's path
through the text's phones, with an optional silence between words, gives their times. Words that
the dictionary lacks are pronounced by espeak-ng. Where there is no text, a path through any phones
says what was heard.
"""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire_engines.phones.ipa import phones_of
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_engines.voices.espeak.library import Manner, synthesise
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SILENCE, Utterance
from facewire_training.data.corpora.grid_words import Pronouncer
from facewire_training.data.recognisers import recogniser
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float32]
Pronounce = Callable[[str], list[int]]

_FLOOR = 1e-4
"""No token is less likely: one mistake of the encoder must not forbid a path."""
CHANGE = 3.0
"""What it costs to hear another phone than before, where no text is known."""
WORST = -2.2
"""Mean log-likelihood of a token on the path below which the text is not what is said."""


def pronunciations() -> Pronounce:
    """Return a function from a word to its phones.

    Raises:
        ConfigError: pocketsphinx, whose dictionary is read, or espeak-ng is not installed.
    """
    dictionary = Pronouncer({})

    def pronounce(word: str) -> list[int]:
        if dictionary.knows(word):
            return dictionary.phones(word)
        marks = synthesise(word, Manner(voice="en-us")).marks
        return [phone for _, name in marks for phone in phones_of(name)]

    return pronounce


def _logarithms(probabilities: Floats) -> Floats:
    return np.log(np.maximum(probabilities, _FLOOR)).astype(np.float32)


def best_path(scores: Floats, words: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], float]:
    """Return the state of each token, [T], on the best way through the words, and its mean score.

    States are silence, the phones of a word, silence, and so on; a silence may be passed over.

    Raises:
        ValueError: there are fewer tokens than phones.
    """
    classes, optional = _states(words)
    count = len(classes)
    if len(scores) < count - optional.sum():
        raise ValueError(f"{len(scores)} tokens cannot hold {count - int(optional.sum())} phones")
    skips = np.concatenate(([False, False], optional[1:-1]))
    total = np.full(count, -np.inf)
    total[:2] = scores[0, classes[:2]]
    came = np.zeros((len(scores), count), np.int8)
    for token in range(1, len(scores)):
        ways = np.full((3, count), -np.inf)
        ways[0] = total
        ways[1, 1:] = total[:-1]
        ways[2, 2:] = np.where(skips[2:], total[:-2], -np.inf)
        came[token] = ways.argmax(axis=0)
        total = ways.max(axis=0) + scores[token, classes]
    state = count - 1 if total[-1] >= total[-2] else count - 2
    best = float(total[state]) / len(scores)
    path = np.empty(len(scores), np.int64)
    for token in range(len(scores) - 1, -1, -1):
        path[token] = state
        state -= int(came[token, state])
    return path, best


def align(heard: Floats, words: Sequence[Sequence[int]]) -> tuple[PhoneInterval, ...] | None:
    """Return the phones of words and their times, or None if they do not fit what was heard.

    Args:
        heard: the probability of each class at each token, [T, 40].
        words: the classes of each word's phones.
    """
    try:
        path, score = best_path(_logarithms(heard), words)
    except ValueError:
        return None
    if score < WORST:
        return None
    return _intervals(path, _states(words)[0])


def pronounced(text: str, pronounce: Pronounce) -> list[list[int]]:
    """Return the phones of each word of a text, without those that nobody can pronounce."""
    return [phones for word in text.split() if (phones := pronounce(word))]


def transcribe(heard: Floats, change: float = CHANGE) -> tuple[PhoneInterval, ...]:
    """Return what was most probably said: the best path through any phones.

    Args:
        heard: the probability of each class at each token, [T, 40].
        change: what going from one phone to another costs, as a log-likelihood.
    """
    scores = _logarithms(heard)
    total, came = scores[0], np.zeros(scores.shape, np.int64)
    for token in range(1, len(scores)):
        best = int(total.argmax())
        stays = total >= total[best] - change
        came[token] = np.where(stays, np.arange(scores.shape[1]), best)
        total = np.where(stays, total, total[best] - change) + scores[token]
    path = np.empty(len(scores), np.int64)
    path[-1] = total.argmax()
    for token in range(len(scores) - 1, 0, -1):
        path[token - 1] = came[token, path[token]]
    return _intervals(path, np.arange(scores.shape[1]))


def _intervals(path: NDArray[np.int64], classes: NDArray[np.int64]) -> tuple[PhoneInterval, ...]:
    """Return the stays of a path [T] in each state, whose classes are given."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(path)) + 1, [len(path)]))
    return tuple(
        PhoneInterval(start / TOKEN_RATE, end / TOKEN_RATE, int(classes[path[start]]))
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    )


def _states(words: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the class of each state, and which of them may be passed over."""
    classes, optional = [SILENCE], [True]
    for phones in words:
        classes += [*phones, SILENCE]
        optional += [False] * len(phones) + [True]
    return np.array(classes), np.array(optional)


def compare(found: Sequence[PhoneInterval], given: Sequence[PhoneInterval]) -> list[float]:
    """Return by how many ms the onsets found are late, of the phones that both sides have."""
    mine = [p for p in found if p.phone_index != SILENCE]
    theirs = [p for p in given if p.phone_index != SILENCE]
    matcher = SequenceMatcher(
        None, [p.phone_index for p in mine], [p.phone_index for p in theirs], autojunk=False
    )
    return [
        1000 * (mine[a + k].start_s - theirs[b + k].start_s)
        for a, b, size in matcher.get_matching_blocks()
        for k in range(size)
    ]


def main() -> None:
    """Align the validation speakers and compare."""
    from facewire_training.data.corpora.librispeech import LibriSpeech

    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--teacher", type=Path, help="folder of a teacher; else the embedded model")
    options = parser.parse_args()
    corpus = LibriSpeech(options.data / "librispeech")
    recognise, pronounce = recogniser(options.teacher).recognise, pronunciations()
    texts, late, heard, failed = corpus.texts(), list[float](), 0, 0
    given: Utterance
    for given in track(list(corpus.validation()), description="aligning"):
        found = align(recognise(given.samples), pronounced(texts[given.name], pronounce))
        failed += found is None
        onsets = compare(found, given.phones) if found else []
        heard += bool(onsets)
        late += onsets
    off = np.abs(late)
    print(
        f"{len(late)} onsets of {heard} utterances ({failed} refused): "
        f"median {np.median(late):+.1f} ms, half within {np.median(off):.1f} ms, "
        f"{np.mean(off <= 50):.1%} within 50 ms"
    )


if __name__ == "__main__":
    run_command(main)
