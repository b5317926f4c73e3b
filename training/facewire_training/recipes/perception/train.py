"""Train the embedded model as `model.train` does, with a reader besides.

    python -m facewire_training.recipes.perception.train --reader runs/reader --reading 0.05 \
        --corpus runs/corpus --recorded runs/recorded --run runs/lips --begin-with runs/lips2 \
        --only decoder --captures 0.15

All options but the first two are those of `model.train`. `--reading` is what the loss of the reader
is multiplied by; `curriculum` and `ablation` tell by how much others were.
"""

from fractions import Fraction
from pathlib import Path

from torch import Tensor

from facewire_training.command import run_command
from facewire_training.model.networks import FaceCriterion
from facewire_training.model.train import train_as_told, train_parser
from facewire_training.option_ranges import number
from facewire_training.recipes.perception.reading_loss import ReadingLoss, Reads, load_reads


def reading_criterion(reader: Reads, weight: float, every: int = 4) -> FaceCriterion:
    """Return a loss for `Model.criteria`: a reader's, of every nth crop, times a weight."""
    losses: dict[int, ReadingLoss] = {}

    def criterion(raw: Tensor, truth: Tensor, trust: Tensor, frame_rate: int) -> Tensor:
        loss = losses.setdefault(frame_rate, ReadingLoss(reader, Fraction(frame_rate)))
        some = slice(None, None, every)
        read: Tensor = loss(raw[some], truth[some], trust[some])
        return weight * read

    return criterion


def main() -> None:
    """Parse the command line and train."""
    parser = train_parser(__doc__)
    parser.add_argument(
        "--reader", type=Path, required=True, help="folder of train_reader, or Auto-AVSR's .pth"
    )
    parser.add_argument(
        "--reading", type=number(0, 1000), required=True, help="what its loss is multiplied by"
    )
    options = parser.parse_args()
    train_as_told(options, [reading_criterion(load_reads(options.reader), options.reading)])


if __name__ == "__main__":
    run_command(main)
