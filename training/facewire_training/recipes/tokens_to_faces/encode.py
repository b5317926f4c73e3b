"""Encode corpora with a frozen speech encoder, once, for all decoders that learn from it.

    python -m facewire_training.recipes.tokens_to_faces.encode --corpus runs/corpus \
        --encoder whisper-tiny.en --out runs/encoded/whisper

What is whole is kept, so an interrupted run is simply started again.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from facewire.errors import ConfigError
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import Shard, open_shard
from facewire_training.option_ranges import THREADS
from facewire_training.speech_encoders.encoder import SpeechEncoder
from facewire_training.speech_encoders.registry import ENCODERS, open_encoder
from facewire_training.speech_encoders.rows.encoded import (
    write_delay,
    write_encoded,
    write_representation,
)
from facewire_training.training_run import hold_folder

WEIGHTS = (".pt", ".pth", ".ckpt", ".bin", ".onnx", ".safetensors")
"""What files of weights end in."""
STUDY = "librispeech,readings:2,validation/librispeech:3,validation-captures/grid"
"""What the table of docs/representations.md is made of."""


def encode(
    encoder: SpeechEncoder, corpus: Path, chosen: str, out: Path, weights: Path | None = None
) -> None:
    """Encode shards.

    Args:
        encoder: its audio is at the rate of the shards.
        corpus: folder that `prepare` wrote.
        chosen: names of shards, commas between; `NAME:3` is every third utterance.
        out: folder of the representation.
        weights: of the encoder, if they were named.

    Raises:
        ConfigError: a shard is missing, its name is none, or the folder holds another encoder's
            rows.
    """
    shards = [_open(corpus, word) for word in chosen.split(",")]
    write_representation(out, encoder.representation)
    write_delay(out, encoder)
    if weights:
        keep_weights(out, weights)
    with Progress() as progress:
        for name, shard, every in shards:
            utterances = np.arange(0, len(shard), every)
            bar = progress.add_task(name, total=len(utterances))
            for done in write_encoded(out, name, shard, utterances, encoder):
                progress.update(bar, completed=done)


def _open(corpus: Path, word: str) -> tuple[str, Shard, int]:
    """Open a shard, and return its name and every how-manieth utterance is wanted."""
    name, _, every = word.partition(":")
    shard = open_shard(corpus, name)
    if every and not (every.isdecimal() and int(every)):
        raise ConfigError(f"{word!r} is not a shard; write NAME, or NAME:3 for every third")
    return name, shard, int(every or 1)


def keep_weights(out: Path, weights: Path) -> None:
    """Note whose rows a folder holds: rows of other weights do not go beside them.

    Raises:
        ConfigError: it holds those of other weights of the encoder.
    """
    files = [weights] if weights.is_file() else sorted(weights.glob("*"))
    digest = hashlib.sha256()
    for file in files:
        if file.suffix in WEIGHTS:
            digest.update(file.read_bytes())
    note = out / "weights.sha256"
    if note.is_file() and note.read_text().strip() != digest.hexdigest():
        raise ConfigError(f"{out} holds rows of other weights than {weights}; choose another --out")
    note.write_text(digest.hexdigest() + "\n")


def main() -> None:
    """Parse the command line and encode."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--encoder", choices=tuple(ENCODERS), required=True, help="which one")
    parser.add_argument("--weights", type=Path, help="its weights, where it does not know them")
    parser.add_argument("--out", type=Path, required=True, help="folder of the representation")
    parser.add_argument("--shards", default=STUDY, help="which (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder = open_encoder(options.encoder, options.weights, options.device)
    with hold_folder(options.out):
        encode(encoder, options.corpus, options.shards, options.out, options.weights)


if __name__ == "__main__":
    run_command(main)
