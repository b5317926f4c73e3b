"""The columns of the table of "From Tokens to Faces", and what keeps them honest.

Correa et al. 2026 (arXiv 2606.13630), table 2: LVE, jitter and BCS; beside BCS our guard, for a
mouth that stays shut reaches 100 %. Published figures are of weights clipped to [0, 1], against
true ones that are not.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facewire_training.evaluation.metrics.errors.weight_error import (
    face_dynamics_deviation,
    lip_vertex_error,
    lip_vertex_error_12,
    lip_vertex_error_16,
    lip_vertex_error_squared,
    mean_vertex_error,
)
from facewire_training.evaluation.metrics.lips.bilabial_score import (
    bilabial_frame_guard,
    bilabial_frame_score,
    bilabial_guard,
    bilabial_score,
    learn_lip_score,
)
from facewire_training.evaluation.metrics.motion.smoothness import (
    autocorrelation,
    high_frequency_ratio,
    jitter_51,
    motion_intensity,
)
from facewire_training.take import Take


def paper_figures(
    takes: Sequence[Take], references: Sequence[Take], *, clip: bool = True
) -> dict[str, float]:
    """Return the paper's three figures and the guard of the third, by the table's columns.

    BCS learns on the references, so they reach 70 % themselves; a figure is nan where the
    references have nothing of what it is about.

    Args:
        takes: what a system made.
        references: the true faces of the same speech, in the same order, with its phones.
        clip: clip takes to [0, 1], as the published figures do.

    Raises:
        ValueError: there are not as many references as takes.
    """
    ours = _clipped(takes) if clip else takes
    lips = learn_lip_score(references)
    score = guard = float("nan")
    if lips is not None:
        score, guard = bilabial_score(ours, lips), bilabial_guard(ours, lips)
    return {
        "LVE": lip_vertex_error(ours, references),
        "Jitter": jitter_51(ours),
        "BCS %": 100 * score,
        "guard %": 100 * guard,
    }


def more_figures(
    takes: Sequence[Take], references: Sequence[Take], *, clip: bool = True
) -> dict[str, float]:
    """Return what else the paper's code prints, and its text defines; as `paper_figures`."""
    ours = _clipped(takes) if clip else takes
    lips = learn_lip_score(references)
    score = guard = float("nan")
    if lips is not None:
        score, guard = bilabial_frame_score(ours, lips), bilabial_frame_guard(ours, lips)
    return {
        "LVE squared": lip_vertex_error_squared(ours, references),
        "LVE 16": lip_vertex_error_16(ours, references),
        "LVE 12": lip_vertex_error_12(ours, references),
        "MVE": mean_vertex_error(ours, references),
        "FDD": face_dynamics_deviation(ours, references),
        "BCS frames %": 100 * score,
        "guard frames %": 100 * guard,
        "MAV": motion_intensity(ours),
        "HF ratio": high_frequency_ratio(ours),
        **{f"autocorrelation {lag}": autocorrelation(ours, lag) for lag in (1, 2, 3)},
    }


def _clipped(takes: Sequence[Take]) -> list[Take]:
    return [replace(take, weights=np.clip(take.weights, 0, 1)) for take in takes]
