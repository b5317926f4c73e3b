"""Measure a trained decoder on people nobody trained on, at one look-ahead or several.

    python -m facewire_training.recipes.tokens_to_faces.evaluate --corpus runs/corpus \
        --encoded runs/encoded/whisper --run runs/faces/whisper-streaming --lookaheads 0,40,80,160

A look-ahead is into audio: an encoder that hears 40 ms past each row leaves a decoder 40 ms less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.metrics.errors import captures
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.performers import Performer, oracle
from facewire_training.option_ranges import LOOKAHEADS_MS, THREADS
from facewire_training.recipes.tokens_to_faces.checkpoint import TrainedDecoder, open_run
from facewire_training.recipes.tokens_to_faces.decoders.decoder import Speech
from facewire_training.recipes.tokens_to_faces.decoders.two_regions import streams
from facewire_training.recipes.tokens_to_faces.paper_figures import paper_figures
from facewire_training.recipes.tokens_to_faces.validation import (
    CAPTURES,
    SPEECH,
    HeardShard,
    heard,
    in_lots,
)
from facewire_training.take import Take

FRAME_RATE = Fraction(30)
"""Of the paper's faces."""
AT_ONCE = 25
"""Utterances that are decoded together."""


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Both sets, and the truth of each."""

    speech: HeardShard
    captures: HeardShard
    frame_rate: Fraction
    references: Sequence[Take]
    """Of the speech: what rules make of its phones."""

    def every(self, nth: int) -> "Validation":
        """Return every nth utterance of both sets, for what takes long."""
        speech, seen = self.speech.every(nth), self.captures.every(nth)
        return Validation(speech, seen, self.frame_rate, self.references[::nth])

    def figures(self, spoken: Sequence[Take], seen: Sequence[Take]) -> dict[str, float]:
        """Return the columns of the table for the faces of both sets."""
        matched = captures.compare(seen, list(self.captures.captures()))
        found = paper_figures(spoken, self.references) | {
            "closure %": 100 * closure_rate(spoken),
            "by luck %": 100 * luck_rate(spoken),
            "vowels shut %": 100 * false_closure_rate(spoken),
            "rounding": rounding_auc(spoken),
        }
        return found | {f"captured {name}": value for name, value in matched.items()}


def open_validation(corpus: Path, encoded: Path, frame_rate: Fraction) -> Validation:
    """Open both sets as an encoder hears them.

    Raises:
        ConfigError: they were not encoded.
    """
    speech, seen = heard(corpus, encoded, SPEECH), heard(corpus, encoded, CAPTURES)
    return Validation(speech, seen, frame_rate, perform_as(oracle, speech, frame_rate))


def perform(
    trained: TrainedDecoder, said: HeardShard, lookahead_ms: float | None = None
) -> list[Take]:
    """Return the faces of a set.

    Args:
        trained: the decoder.
        said: the set.
        lookahead_ms: into audio, for a decoder that streams.
    """
    rate = trained.frame_rate
    takes: list[Take] = []
    ahead = None if lookahead_ms is None else lookahead_ms - said.delay_ms
    for lot in in_lots(len(said), AT_ONCE):
        pieces = [torch.from_numpy(said.encoded.rows_of(place)) for place in lot]
        rows = torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True)
        speech = Speech(rows, torch.tensor([len(piece) for piece in pieces]))
        counts = [said.frames(place, rate) for place in lot]
        faces = _decode(trained, speech, max(counts), ahead)
        for place, count, face in zip(lot, counts, faces, strict=True):
            takes.append(said.take(place, face[:count], rate))
    return takes


def perform_as(performer: Performer, said: HeardShard, frame_rate: Fraction) -> list[Take]:
    """Return the faces that something else makes of a set's audio."""
    return [performer(said.utterance(place), frame_rate) for place in range(len(said))]


@torch.inference_mode()
def _decode(
    trained: TrainedDecoder, speech: Speech, frames: int, ahead_ms: float | None
) -> NDArray[np.float32]:
    generator = torch.Generator().manual_seed(0)
    decoder = trained.decoder
    if ahead_ms is None or not streams(decoder):
        return decoder.faces(speech, frames, generator).numpy()
    return decoder.faces(speech, frames, generator, lookahead_ms=ahead_ms).numpy()


def evaluate(
    trained: TrainedDecoder, validation: Validation, lookahead_ms: float | None = None
) -> dict[str, float]:
    """Return the figures of a decoder."""
    spoken = perform(trained, validation.speech, lookahead_ms)
    return validation.figures(spoken, perform(trained, validation.captures, lookahead_ms))


def main() -> None:
    """Parse the command line, and print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--encoded", type=Path, required=True, help="folder that encode wrote")
    parser.add_argument("--run", type=Path, required=True, help="folder of the decoder's run")
    parser.add_argument(
        "--lookaheads", type=LOOKAHEADS_MS, default=[80.0], help="in ms, of a decoder that streams"
    )
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trained = open_run(options.run)
    validation = open_validation(options.corpus, options.encoded, trained.frame_rate)
    wanted = options.lookaheads if streams(trained.decoder) else [None]
    rows = {
        "whole" if ms is None else f"{ms:g} ms": evaluate(trained, validation, ms) for ms in wanted
    }
    table = Table("look-ahead")
    for name in next(iter(rows.values())):
        table.add_column(name.replace("_", " "), justify="right")
    for name, values in rows.items():
        table.add_row(name, *(f"{value:.3g}" for value in values.values()))
    Console(width=160).print(table)


if __name__ == "__main__":
    run_command(main)
