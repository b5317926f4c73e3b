"""All figures of one system on one set of clips."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from facewire_training.data.adapters.clip import Clip
from facewire_training.data.mouth_motion import MEASURES
from facewire_training.evaluation.metrics.errors.capture_match import capture_correlation
from facewire_training.evaluation.metrics.errors.mesh_error import LipMesh
from facewire_training.evaluation.metrics.errors.weight_error import (
    face_dynamics_deviation,
    lip_vertex_error,
    lip_vertex_error_16,
    lip_vertex_error_squared,
    mean_vertex_error,
)
from facewire_training.evaluation.metrics.lips.bilabial_score import (
    LipScore,
    bilabial_guard,
    bilabial_score,
    learn_lip_score,
)
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.contacts import closure_by_duration, missed_beside
from facewire_training.evaluation.metrics.lips.labiodental import labiodental_rate
from facewire_training.evaluation.metrics.lips.openness import gap_auc, jaw_auc, labial_auc
from facewire_training.evaluation.metrics.lips.phone_opening import (
    GRID,
    LIPS,
    opening_by_phone,
    opening_correlation,
    opening_reference,
)
from facewire_training.evaluation.metrics.lips.rest import rest_rate
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.metrics.lips.shape_reach import OF_SHAPES
from facewire_training.evaluation.metrics.motion.liveliness import (
    amplitude_ratio,
    fast_share,
    velocity_ratio,
)
from facewire_training.evaluation.metrics.motion.onset import onset_lag_ms
from facewire_training.evaluation.metrics.motion.shape_groups import group_amplitude, group_mean
from facewire_training.evaluation.metrics.motion.steadiness import (
    jitter,
    pause_difference,
    stillness,
)
from facewire_training.evaluation.metrics.motion.timing import gap_lag_ms
from facewire_training.evaluation.quality.figures import BY_KEY
from facewire_training.take import Take

Values = dict[str, float]
Takes = Sequence[Take]
Details = dict[str, dict[str, float]]
"""Figures by phone or by shape, which no table has room for; by what they are."""

OF_PHONES: dict[str, Callable[[Takes], float]] = {
    "closure": closure_rate,
    "luck": luck_rate,
    "false_closure": false_closure_rate,
    "teeth_on_lip": labiodental_rate,
    "rounding_auc": rounding_auc,
    "labial_auc": labial_auc,
    "gap_auc": gap_auc,
    "jaw_auc": jaw_auc,
    "stillness": stillness,
    "pause_difference": pause_difference,
    "rest": rest_rate,
    "opening_r": lambda takes: opening_correlation(takes, opening_reference(LIPS)),
    "opening_grid_r": lambda takes: opening_correlation(takes, opening_reference(GRID)),
    **OF_SHAPES,
}
OF_GROUPS: dict[str, Callable[[Takes], float]] = {
    "funnel_p95": lambda takes: group_amplitude(takes, "funnel"),
    "smile_p95": lambda takes: group_amplitude(takes, "smile"),
    "upper_p95": lambda takes: group_amplitude(takes, "upper"),
    "lower_p95": lambda takes: group_amplitude(takes, "lower"),
    "jaw_mean": lambda takes: group_mean(takes, "jaw"),
}
OF_MOTION: dict[str, Callable[[Takes], float]] = {"jitter": jitter, "fast_share": fast_share}
OF_TRUTH: dict[str, Callable[[Takes, Takes], float]] = {
    "lag_ms": gap_lag_ms,
    "onset_ms": onset_lag_ms,
    "amplitude": amplitude_ratio,
    "velocity": velocity_ratio,
    "lve": lip_vertex_error,
    "lve_squared": lip_vertex_error_squared,
    "lve_16": lip_vertex_error_16,
    "mve": mean_vertex_error,
    "fdd": face_dynamics_deviation,
}


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What the systems are held against on one set."""

    clips: Sequence[Clip]
    references: Sequence[Take] | None
    """True faces, or the oracle's; None if there are neither."""
    lips: LipMesh | None
    score: LipScore | None
    """Learned from the references."""


def truth_of(
    clips: Sequence[Clip], references: Sequence[Take] | None, lips: LipMesh | None
) -> Truth:
    """Return the truth of a set, with what BCS learns from it."""
    return Truth(clips, references, lips, learn_lip_score(references or ()))


def score(takes: Takes, truth: Truth) -> Values:
    """Return every figure that the set allows, by the keys of `figures`; none of them is nan."""
    values = {key: metric(takes) for key, metric in (OF_PHONES | OF_GROUPS).items()}
    values |= closure_by_duration(takes)
    comparable = _as_captured(takes, truth.references)
    values |= {key: metric(comparable) for key, metric in OF_MOTION.items()}
    if truth.score is not None:
        values["bcs"] = bilabial_score(takes, truth.score)
        values["bcs_guard"] = bilabial_guard(takes, truth.score)
    if truth.references is not None:
        values |= {key: metric(takes, truth.references) for key, metric in OF_TRUTH.items()}
        if truth.lips is not None:
            values["lip_mm"] = truth.lips.error_mm(takes, truth.references)
    motions = [clip.motion for clip in truth.clips if clip.motion is not None]
    if len(motions) == len(takes):
        for measure in MEASURES:
            values[f"{measure}_r"] = capture_correlation(takes, motions, measure)
    return {key: value for key, value in values.items() if not math.isnan(value)}


def details(takes: Takes) -> Details:
    """Return what is known by phone: the openings, and beside which phones p b m are missed."""
    missed = missed_beside(takes)
    found = {
        "opening by phone": opening_by_phone(takes),
        "p b m missed after": missed["after"],
        "p b m missed before": missed["before"],
    }
    return {name: values for name, values in found.items() if values}


def _as_captured(takes: Takes, references: Takes | None) -> Takes:
    """Return the takes without the shapes that their references do not have."""
    if references is None:
        return takes
    return [
        take if true.known is None else replace(take, weights=take.weights * true.known)
        for take, true in zip(takes, references, strict=True)
    ]


def score_live(takes: Takes, delay_ms: float, truth: Truth) -> Values:
    """Return the figures that say something of live timing, by the keys of `figures`.

    Each frame counts `delay_ms` after its own timestamp, to the microsecond and not in whole
    frames: a viewer has no tick in common with the speaker's sound. None of the values is nan.
    """
    shown = [replace(take, late_s=delay_ms / 1000) for take in takes]
    values = {key: metric(shown) for key, metric in OF_PHONES.items() if BY_KEY[key].live}
    if truth.references is not None:
        compared = {key: metric for key, metric in OF_TRUTH.items() if BY_KEY[key].live}
        values |= {key: metric(shown, truth.references) for key, metric in compared.items()}
    return {key: value for key, value in values.items() if not math.isnan(value)}
