"""Draw the mouths of a sentence: the true face, and decoders trained without and with a reader.

    python benchmarks/perception_pictures.py --data DATA --out docs/pictures/read-lips.png \
        --decoder "without=runs/decoders/without.pt" --decoder "with=runs/decoders/pictures-10.pt"

Each column is the middle of a phone of a validation speaker's utterance; the mouths are those that
the lip reader sees (`facewire_training.recipes.perception.renderer`).
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from facewire_engines.phones.engine import load_embedded
from facewire_training.recipes.perception.ablation import decoded, held_out_rules
from facewire_training.recipes.perception.curriculum import load_decoder
from facewire_training.recipes.perception.renderer import MouthRenderer
from facewire_training.take import Take

COLUMNS = 14
UTTERANCES = 3
"""From first to last speaker; the middle one is drawn."""
BEGIN = 4
"""Phones of the utterance that are left out first."""


def main() -> None:
    """Decode, draw, write."""
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="holds librispeech/")
    parser.add_argument("--decoder", action="append", required=True, help="NAME=FILE, repeatable")
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rules = held_out_rules(load_embedded(), options.data, UTTERANCES)
    rows = {"true": rules.truth[1]}
    for given in options.decoder:
        name, _, file = given.partition("=")
        rows[name] = decoded(load_decoder(Path(file)), rules)[1]
    spoken = [phone for phone in rules.truth[1].phones if phone.label != "sil"]
    chosen = spoken[BEGIN : BEGIN + COLUMNS]
    figure = Figure(figsize=(0.86 * COLUMNS, 0.98 * len(rows) + 0.25), layout="constrained")
    axes = figure.subplots(len(rows), COLUMNS)
    for row, (name, line) in enumerate(zip(rows, axes, strict=True)):
        moments = [(phone.start_s + phone.end_s) / 2 for phone in chosen]
        line[0].set_ylabel(name, fontsize=9)
        for phone, axis, picture in zip(chosen, line, drawn(rows[name], moments), strict=True):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            if row == 0:
                axis.set_title(phone.label, fontsize=10)
    figure.savefig(options.out, dpi=80)


def drawn(take: Take, moments_s: list[float]) -> np.ndarray:
    """Return the mouths of a take at some moments, `[N, 72, 72]`, the edges cut off."""
    at = [min(round(moment * take.frame_rate), len(take) - 1) for moment in moments_s]
    pictures: np.ndarray = MouthRenderer()(torch.from_numpy(take.weights[at])).numpy()
    return pictures[:, 12:84, 12:84]


if __name__ == "__main__":
    main()
