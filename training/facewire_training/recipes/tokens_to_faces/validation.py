"""What decoders are measured on: people nobody trained on, as an encoder hears them.

Two sets. *Speech*: read sentences with exact phones; the true face is the procedural animation of
them, which is what decoders learned, so it favours whatever tells phones. *Captures*: sentences
with the face that was seen to say them, which no decoder here has learned from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import Shard, open_shard
from facewire_training.data.targets import load_targets
from facewire_training.model.frontend import HOP, SAMPLE_RATE
from facewire_training.speech_encoders.rows.encoded import EncodedShard, load_encoded, read_delay_ms
from facewire_training.take import Take

SPEECH = "validation/librispeech"
CAPTURES = "validation-captures/grid"


@dataclass(frozen=True, slots=True, eq=False)
class HeardShard:
    """A shard, and some of its utterances as an encoder hears them."""

    corpus: Path
    """Folder of the shard's folder."""
    shard: Shard
    encoded: EncodedShard
    delay_ms: float = 0.0
    """How far past each row was heard; nothing where the whole utterance was."""

    def __len__(self) -> int:
        return len(self.encoded)

    def frames(self, place: int, frame_rate: Fraction) -> int:
        """Return how many frames an utterance has: those within its audio."""
        first, end = self._span(place)
        return ceil((end - first) * frame_rate / SAMPLE_RATE)

    def every(self, nth: int) -> "HeardShard":
        """Return every nth of the utterances, for what takes long."""
        return replace(self, encoded=self.encoded.only(range(0, len(self), nth)))

    def utterance(self, place: int) -> Utterance:
        """Return one with its sound."""
        index = int(self.encoded.utterances[place])
        shard = self.shard
        return Utterance(
            shard.names[index],
            shard.audio(index),
            shard.phones(index),
            shard.speakers[index],
            shard.corpus,
        )

    def take(self, place: int, weights: NDArray[np.float32], frame_rate: Fraction) -> Take:
        """Return a face of an utterance, beside what is said in it."""
        utterance = int(self.encoded.utterances[place])
        return Take(np.clip(weights, 0, 1), frame_rate, self.shard.phones(utterance))

    def captures(self) -> Iterator[Capture]:
        """Yield the faces that were seen, one for each utterance."""
        targets = load_targets(self.corpus, self.shard)
        for place in range(len(self)):
            begin, end = (bound // HOP for bound in self._span(place))
            known: NDArray[np.bool_] = np.array(targets.known[begin:end])
            curves = np.array(targets.curves[begin:end], np.float32)
            curves[~np.logical_or.reduce(known, axis=1)] = np.nan
            utterance = int(self.encoded.utterances[place])
            yield Capture(
                self.shard.names[utterance],
                self.shard.audio(utterance),
                curves,
                np.logical_or.reduce(known, axis=0),
                Fraction(SAMPLE_RATE, HOP),
                self.shard.corpus,
                self.shard.speakers[utterance],
                start_s=HOP / 2 / SAMPLE_RATE,
            )

    def _span(self, place: int) -> tuple[int, int]:
        utterance = int(self.encoded.utterances[place])
        return int(self.shard.starts[utterance]), int(self.shard.starts[utterance + 1])


def heard(corpus: Path, encoded: Path, name: str) -> HeardShard:
    """Open a shard and the rows of those of its utterances that last.

    Raises:
        ConfigError: the rows are not there, or of other audio, or none lasts.
    """
    shard = open_shard(corpus, name)
    rows = load_encoded(encoded, name, shard)
    lasting = np.flatnonzero(np.diff(shard.starts)[rows.utterances])
    if not len(lasting):
        raise ConfigError(f"no utterance of {name} has any sound; encode another shard")
    if len(lasting) < len(rows):
        rows = rows.only(lasting.tolist())
    return HeardShard((corpus / name).parent, shard, rows, read_delay_ms(encoded))


def in_lots(count: int, size: int) -> Sequence[range]:
    """Cut `count` utterances into lots that a decoder takes at once."""
    return [range(first, min(first + size, count)) for first in range(0, count, size)]
