"""Procedural animation: timed phones, and how hard they are said, to 52 ARKit curves.

The ground truth of the embedded model. Three layers, each a function of time alone:

1. `coarticulation`: phones share eight axes by dominance (Cohen & Massaro 1993).
2. `closures`: lips meet on p b m and lower lip meets teeth on f v, whatever the neighbours.
3. Here: axes and contacts become ARKit weights; effort scales the jaw and the lips along the two
   axes of JALI (Edwards et al. 2016, "JALI: an animator-centric viseme model for expressive lip
   synchronization"), and accents raise the brows a little.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.animation.accents import brow_raise
from facewire_training.animation.closures import LIP_ON_TEETH, LIPS, contact_window
from facewire_training.animation.coarticulation import Segments, blend, segment
from facewire_training.animation.effort import effort_from_audio
from facewire_training.animation.lip_shares import CORNERS, SEAL, UPPER, fit_gap, set_shape
from facewire_training.animation.procedural_targets import AXES, load_targets
from facewire_training.phones import PhoneInterval

__all__ = ["animate", "effort_from_audio"]

Floats = NDArray[np.float64]

_TEETH_JAW = 0.12
"""How far the jaw is open when the lower lip rests on the teeth."""
_TEETH_GAP = 0.12
"""How far the upper lip is above the lower one then."""
_REST = 0.004
"""What is less than this is rest: exponential tails end."""


def animate(
    phones: Sequence[PhoneInterval],
    times_s: NDArray[np.floating],
    effort: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Animate a face that says the phones.

    Args:
        phones: in order, without overlap; holes are silence.
        times_s: [T] ascending moments in seconds, at any frame rate.
        effort: [T] in [-1, 1], how hard the phones are said against the speaker's usual, as
            `effort_from_audio` measures it; None is 0 throughout. It scales the opening of jaw
            and lips, never a contact.

    Returns:
        `[T, 52]` weights in [0, 1], in the order of `facewire.arkit.NAMES`; all zero in silence.

    Raises:
        ValueError: the phones overlap, or there are not as many efforts as times.
    """
    times = np.asarray(times_s, np.float64)
    if effort is not None and len(effort) != len(times):
        raise ValueError(f"{len(effort)} efforts for {len(times)} times")
    targets = load_targets()
    segments = segment(phones, targets)
    efforts = None if effort is None else _segment_effort(segments, times, np.asarray(effort))
    axes = np.maximum(blend(segments, times, targets, efforts) - _REST, 0.0)
    lips = contact_window(segments, times, LIPS)
    teeth = contact_window(segments, times, LIP_ON_TEETH)
    weights = _compose(dict(zip(AXES, axes.T, strict=True)), lips, teeth * (1 - lips))
    if efforts is not None:
        _raise_brows(weights, brow_raise(segments, times, efforts))
    return weights


def _segment_effort(segments: Segments, times: Floats, effort: NDArray[np.floating]) -> Floats:
    """Return the mean effort during each segment, [S]; 0 in silence and outside of `times`."""
    total = np.concatenate(([0.0], np.cumsum(np.clip(np.nan_to_num(effort), -1, 1))))
    first = np.searchsorted(times, segments.start_s)
    last = np.searchsorted(times, segments.end_s)
    nearest = np.clip(first, 0, max(len(times) - 1, 0))
    last = np.maximum(last, nearest + 1)
    mean = (total[np.minimum(last, len(times))] - total[nearest]) / (last - nearest)
    return np.where(segments.phone == 0, 0.0, mean)


def _raise_brows(weights: NDArray[np.float32], raised: Floats) -> None:
    for name, share in (("browInnerUp", 1.0), ("browOuterUpLeft", 0.8), ("browOuterUpRight", 0.7)):
        weights[:, arkit.INDEX[name]] = share * raised


def _compose(axes: dict[str, Floats], lips: Floats, teeth: Floats) -> NDArray[np.float32]:
    """Turn axes and contacts, [T] each, into weights [T, 52]."""
    jaw = axes["jaw"] * (1 - teeth) + np.minimum(axes["jaw"], _TEETH_JAW) * teeth
    open_lips = (1 - lips) * (1 - teeth)
    rounding = (1 - 0.3 * lips) * (1 - 0.55 * teeth)
    corners = axes["spread"] * (1 - 0.3 * lips)
    weights = np.zeros((len(jaw), arkit.COUNT))
    for name, values in {
        "jawOpen": jaw,
        "jawForward": axes["forward"],
        "mouthPucker": axes["pucker"] * rounding,
        "mouthFunnel": axes["funnel"] * open_lips,
        **{name: share * corners for name, share in CORNERS.items()},
        "mouthRollLower": 0.60 * teeth + 0.10 * lips,
        "mouthRollUpper": 0.08 * lips,
        "mouthPress": 0.24 * lips,
        "tongueOut": axes["tongue"] * open_lips,
    }.items():
        set_shape(weights, name, values)
    gap = axes["gap"] * open_lips + _TEETH_GAP * teeth - SEAL * jaw * lips
    fit_gap(weights, gap, upper_share=UPPER + (1 - UPPER) * teeth)
    return np.clip(weights, 0.0, 1.0).astype(np.float32)
