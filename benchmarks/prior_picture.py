"""Draw a captured clip: its sound, the codes that the prior says of it, and the gap of the lips.

python benchmarks/prior_picture.py --data DATA --run runs/prior --out docs/pictures/prior.png
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.face.lips import lip_gap
from facewire_engines.phones.engine import load_embedded
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid import Grid
from facewire_training.evaluation.performers import Streamed
from facewire_training.recipes.prior.decoder import CodeDecoder, CodeStep
from facewire_training.recipes.prior.export import read_style
from facewire_training.recipes.prior.motion import FILL_RATE, moments
from facewire_training.recipes.prior.train import load_decoder
from facewire_training.speech_encoders.phone_rows import load_phone_rows

CLIP = 30
"""Of the validation clips."""
WINDOW, STEP = 400, 80


@torch.inference_mode()
def said(
    decoder: CodeDecoder, capture: Capture
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the moments of rows, the likeliest codes `[N, groups]`, and the faces `[N, 52]`."""
    encoder, step = load_phone_rows(), CodeStep(decoder)
    (rows,) = encoder.encode([capture.samples])
    style, pasts = read_style(["grid=1"])[None], step.past(1)
    ids, faces = [], []
    for row in torch.from_numpy(rows.astype(np.float32))[:, None, None]:
        face, *following = step(row, torch.ones(1, 1), style, *pasts)
        pasts = (following[0], following[1], following[2], following[3])
        ids.append(decoder.codes.codebook.nearest(pasts[3][:, -1:])[0, 0].numpy())
        faces.append(face[0, 0].numpy())
    return moments(encoder.representation, len(rows)), np.stack(ids), np.stack(faces)


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level of each frequency, `[201, T]` in dB, every 5 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP] * np.hanning(WINDOW)
    levels: NDArray[np.float64] = 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-4).T
    return levels


def main() -> None:
    """Parse the command line and draw."""
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="holds grid_s1/")
    parser.add_argument("--run", type=Path, required=True, help="run of the second stage")
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    capture = list(Grid(options.data / "grid_s1").validation())[CLIP]
    times, ids, faces = said(load_decoder(options.run), capture)
    shown = Streamed(load_embedded(), 80.0)(capture.utterance(), FILL_RATE).weights
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    above, middle, below = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": [1, 0.7, 1.3]}
    )
    levels = spectrogram(capture.samples)
    above.imshow(
        levels, origin="lower", aspect="auto", cmap="Greys", vmin=levels.max() - 70,
        extent=(0, capture.duration_s, 0, 8),
    )  # fmt: skip
    above.set_ylabel("kHz")
    middle.imshow(
        ids.T, origin="lower", aspect="auto", cmap="twilight", interpolation="nearest",
        extent=(times[0], times[-1] + times[1] - times[0], 0.5, ids.shape[1] + 0.5),
    )  # fmt: skip
    middle.set_ylabel("codes")
    middle.set_yticks(range(1, ids.shape[1] + 1))
    below.plot(capture.times_s(), lip_gap(capture.weights), color="0.6", lw=3, label="captured")
    below.plot(times, lip_gap(faces), color="C3", label="prior, his style")
    every = np.arange(len(shown)) / float(FILL_RATE)
    below.plot(every, lip_gap(shown), color="C0", lw=1, label="phones")
    below.set_ylabel("lip gap")
    below.set_xlabel("seconds")
    below.set_xlim(0.4, 2.4)
    below.legend(loc="upper right", frameon=False)
    figure.savefig(options.out, dpi=90)


if __name__ == "__main__":
    main()
