"""Whom no model may learn from: the validation and the test people of every corpus.

Models, losses and settings are chosen by what they do for validation people. Nothing is ever chosen
by test people: they are heard once for a release.

| shard | held out by | the same people in training? |
|---|---|---|
| librispeech, readings | speaker | no |
| voices | speaker | no |
| speechocean | speaker | no |
| grid | clip | yes: one man, and a grammar of 51 words |
| facegood | recording | yes: one actress |
"""

from dataclasses import dataclass

from facewire.errors import ConfigError
from facewire_training.data.shards import Shard


@dataclass(frozen=True, slots=True)
class Split:
    """Who of a corpus is held out: speakers or, of a corpus that has but one, recordings."""

    validation: frozenset[str] = frozenset()
    test: frozenset[str] = frozenset()

    @property
    def held_out(self) -> frozenset[str]:
        """Validation and test."""
        return self.validation | self.test


LIBRISPEECH = Split(validation=frozenset({"1088", "163", "3526", "460"}))

VOICES = Split(
    test=frozenset(
        {"39", "196", "289", "412", "730", "1098", "1455", "1963", "2391", "2910", "3374", "3879",
         "4214", "4813", "5322", "5688", "6081", "6529", "7113", "7505", "8088", "8425", "8975"}
    )
)  # fmt: skip
"""Every tenth of the 221 speakers, by number."""

SPEECHOCEAN = Split(
    validation=frozenset({"0103", "1203", "3023", "3083", "3423", "9643"}),
    test=frozenset({"0053", "0813", "1033", "9613"}),
)
"""Those whose number ends in 3; four of the ten are children of six to ten years."""

FACEGOOD = Split(
    validation=frozenset({"1114_3_15", "1114_3_16"}),
    test=frozenset({"1114_2_05"}),
)
"""The model published in November 2026 has trained on the test recording, and on GRID's."""

GRID_TRAINING = slice(0, 760)
"""Positions of GRID's clips, in the order of the file."""
GRID_TEST = slice(760, 800)
GRID_VALIDATION = slice(800, 1000)

SPLITS = {
    "librispeech": LIBRISPEECH,
    "readings": LIBRISPEECH,
    "voices": VOICES,
    "speechocean": SPEECHOCEAN,
    "facegood": FACEGOOD,
}
"""By the corpus of a shard. GRID is not here: its clips are held out by position."""


def check_training(shard: Shard) -> None:
    """Refuse a shard to train on that holds somebody who is held out.

    Raises:
        ConfigError: it does.
    """
    split = SPLITS.get(shard.corpus, Split())
    wrong = split.held_out & {*shard.speakers, *shard.names}
    if wrong:
        raise ConfigError(
            f"{shard.corpus} holds {min(wrong)}, whom no model may learn from "
            "(facewire_training/data/splits.py); remove the shard and prepare it again"
        )
