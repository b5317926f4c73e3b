"""How well a decoder follows all validation captures, frame by frame as a stream.

python -m facewire_training.recipes.prior.measure --run runs/prior --motion runs/motion
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from facewire.face.lips import lip_gap
from facewire_training.command import make_parser, run_command
from facewire_training.data.mouth_motion import MEASURES
from facewire_training.option_ranges import THREADS
from facewire_training.recipes.prior.decoder import Chosen, CodeDecoder, CodeStep
from facewire_training.recipes.prior.motion import RULES, Motion, load_motion
from facewire_training.recipes.prior.train import load_decoder

CHOSEN: tuple[Chosen, ...] = ("mean", "best")


@torch.inference_mode()
def streamed(
    decoder: CodeDecoder, motion: Motion, shares: Tensor, chosen: Chosen = "mean"
) -> list[NDArray[np.float32]]:
    """Return the faces of each utterance, `[N, 52]`, all as streams beside each other."""
    cuts = [motion.utterance(place) for place in range(len(motion))]
    rows = pad_sequence(
        [torch.from_numpy(motion.rows[cut].astype(np.float32)) for cut in cuts], batch_first=True
    )
    step = CodeStep(decoder, chosen)
    pasts, known = step.past(len(rows)), torch.ones(len(rows), 1)
    style, faces = shares.expand(len(rows), -1), []
    for place in range(rows.shape[1]):
        face, *following = step(rows[:, place : place + 1], known, style, *pasts)
        pasts = (following[0], following[1], following[2], following[3])
        faces.append(face[:, 0])
    told = torch.stack(faces, dim=1).numpy()
    return [one[: cut.stop - cut.start] for one, cut in zip(told, cuts, strict=True)]


def followed(
    decoder: CodeDecoder, motion: Motion, shares: Tensor, chosen: Chosen = "mean"
) -> dict[str, float]:
    """Return how well a style `[styles]` follows captured lips.

    Correlations are means over utterances, with the standard error of the gap's; the error and the
    amplitude (1 is as far) are those of the gap in all frames in which the face was seen.
    """
    pairs = []
    for place, told in enumerate(streamed(decoder, motion, shares, chosen)):
        cut = motion.utterance(place)
        seen = motion.trust[cut].max(axis=1) == 1
        pairs.append((told[seen], motion.faces[cut].astype(np.float32)[seen]))
    found = {}
    for name in ("gap", "width", "jaw"):
        sides = [(MEASURES[name](told), MEASURES[name](true)) for told, true in pairs]
        each = [np.corrcoef(a, b)[0, 1] for a, b in sides if len(a) > 1 and a.std() and b.std()]
        found[f"{name} r"] = float(np.mean(each)) if each else float("nan")
        if name == "gap":
            found["+-"] = float(np.std(each) / len(each) ** 0.5) if each else float("nan")
    gap, true_gap = (lip_gap(np.concatenate(side)) for side in zip(*pairs, strict=True))
    return found | {
        "gap error": float(np.abs(gap - true_gap).mean()),
        "amplitude": float(gap.std() / true_gap.std()),
    }


def main() -> None:
    """Parse the command line, and print a line for each captured style."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="run of the second stage")
    parser.add_argument("--motion", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    decoder = load_decoder(options.run)
    for path in sorted((options.motion / "validation-captures").glob("*.npz")):
        motion = load_motion(path)
        print_styles(decoder, motion, [RULES, motion.style])


def print_styles(decoder: CodeDecoder, motion: Motion, names: list[str]) -> None:
    """Print how well each of some styles follows motion."""
    of_codes = decoder.config.said == "codes"
    for name in names:
        shares = torch.tensor([float(name == known) for known in decoder.config.names])
        for chosen in CHOSEN if of_codes else CHOSEN[:1]:
            values = followed(decoder, motion, shares, chosen)
            figures = (f"{key} {value:.3f}" for key, value in values.items())
            print(motion.style, f"in the style {name}, {chosen}:", *figures, sep="  ")


if __name__ == "__main__":
    run_command(main)
