"""Put together what the prior learns from: the encoder's rows, and faces at their moments.

python -m facewire_training.recipes.prior.prepare --corpus runs/corpus --out runs/motion
"""

from pathlib import Path

import torch
from rich.progress import track

from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import open_shard
from facewire_training.data.splits import check_training
from facewire_training.data.targets import load_targets
from facewire_training.option_ranges import THREADS
from facewire_training.recipes.prior.motion import make_motion, save_motion
from facewire_training.speech_encoders.phone_rows import load_phone_rows

SHARDS = "grid,facegood,librispeech:3,validation-captures/grid,validation-captures/facegood"


def main() -> None:
    """Parse the command line, and write a file for each shard."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the motion")
    parser.add_argument("--shards", default=SHARDS, help="which (default: %(default)s)")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder, engine = load_phone_rows(), load_embedded()
    for word in track(options.shards.split(","), description="shards"):
        name, _, every = word.partition(":")
        shard = open_shard(options.corpus, name)
        if "/" not in name:
            check_training(shard)
        targets = load_targets((options.corpus / name).parent, shard)
        motion = make_motion(shard, targets, encoder, engine, int(every or 1))
        save_motion(options.out / f"{name}.npz", motion)


if __name__ == "__main__":
    run_command(main)
