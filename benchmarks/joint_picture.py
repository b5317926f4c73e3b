"""Draw the lip gap over a sentence of the natural voice: the oracle's, and by each road to a face.

    python benchmarks/joint_picture.py --out docs/pictures/latents.png

Needs `pip install -e ".[voice,quality]"`.
"""

import argparse
from pathlib import Path

import numpy as np

from facewire.face.lips import SHUT
from facewire_engines.latents.decoder import load_latent_decoder
from facewire_engines.phones.engine import load_embedded
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_training.evaluation.metrics.lips.closure import BILABIALS
from facewire_training.evaluation.performers import oracle
from facewire_training.evaluation.spoken.roads import RATE, from_latents, from_phones, speak

TEXT = "My mother made marmalade and plum jam every May."
COLOURS = {"oracle": "#b8b8b8", "phones": "#3d7bd9", "latents": "#d9483d"}


def main() -> None:
    """Speak, draw and write."""
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    path = parser.parse_args().out
    engine = load_embedded()
    decoder = load_latent_decoder(engine.token_decoder())
    said = speak(TEXT, HibariVoice(load_hibari(""), decoder=decoder))
    takes = {
        "oracle": oracle(said.utterance, RATE),
        "phones": from_phones(said, engine),
        "latents": from_latents(said, decoder),
    }
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axis = figure.subplots()
    for phone in said.utterance.phones:
        if phone.label in BILABIALS:
            axis.axvspan(phone.start_s, phone.end_s, color="#eeeeee", lw=0)
        if phone.label != "sil":
            middle = (phone.start_s + phone.end_s) / 2
            axis.text(middle, -0.045, phone.label, ha="center", va="top", fontsize=7)
    axis.axhline(SHUT, color="#999999", lw=0.6, ls=":")
    for name, take in takes.items():
        times = np.arange(len(take)) / float(RATE)
        width = 3 if name == "oracle" else 1.4
        axis.plot(times, take.gap(), color=COLOURS[name], lw=width, label=name)
    axis.set_ylim(-0.1, 0.5)
    axis.set_xlim(0, said.utterance.duration_s)
    axis.set_xlabel("seconds; where p, b and m are said it is grey", fontsize=8)
    axis.set_ylabel("lip gap", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.legend(frameon=False, fontsize=8, ncols=3, loc="upper right")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
