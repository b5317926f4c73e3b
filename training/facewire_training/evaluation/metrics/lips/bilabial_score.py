"""BCS, the bilabial closure score of "From Tokens to Faces", in the form of its authors' code.

Correa et al. 2026 (arXiv 2606.13630). A linear classifier learns on true faces how the face of
p b m differs from that of open vowels; a phone counts as closed if its most closed frame scores as
low as that of 70 % of the true ones. So true faces reach 70 % by construction, and a system may
exceed them. A mouth that stays shut reaches 100 %: read it beside `guard`, always.

The paper's text counts frames of p b m instead of phones, past a threshold that 70 % of the true
frames reach: `bilabial_frame_score`, with a guard of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from facewire_training.evaluation.metrics.lips.closure import BILABIALS, SHORTEST_VOWEL_S
from facewire_training.phones import PhoneInterval
from facewire_training.shape_sets import ALL
from facewire_training.take import Take

VOWELS = ("aa", "ae", "ah", "ao", "aw", "ay", "eh", "ow", "oy")
PERCENTILE = 70.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LipScore:
    """What was learned from true faces: below `threshold`, lips are as good as closed."""

    mean: Floats
    """[51], taken from the weights."""
    scale: Floats
    """[51], what they are then divided by."""
    slope: Floats
    """[51]."""
    offset: float
    threshold: float
    """That 70 % of the true phones reach with their lowest frame."""
    frame_threshold: float
    """That 70 % of the true frames of p b m reach."""

    def of(self, weights: NDArray[np.floating]) -> Floats:
        """Return the score of each face, [T, 52] to [T]: below 0 is more like p b m."""
        standard = (weights[:, ALL] - self.mean) / self.scale
        return np.asarray(standard @ self.slope + self.offset)


def learn_lip_score(references: Sequence[Take]) -> LipScore | None:
    """Fit the classifier and its threshold on true faces; None if they lack a class.

    Weights are standardised over all frames of the two classes; the classifier is a logistic
    regression with half the squared norm of its slope as penalty (C = 1), the offset free.
    """
    closed, opened = (_frames(references, labels) for labels in (BILABIALS, VOWELS))
    if not len(closed) or not len(opened):
        return None
    faces = np.concatenate((closed, opened))[:, ALL].astype(np.float64)
    mean, scale = faces.mean(axis=0), faces.std(axis=0)
    scale[scale < 1e-9] = 1.0
    signs = np.repeat([-1.0, 1.0], [len(closed), len(opened)])
    slope, offset = _fit((faces - mean) / scale, signs)
    learned = LipScore(mean, scale, slope, offset, 0.0, 0.0)
    lowest = [learned.of(frames).min() for frames in _intervals(references, BILABIALS)]
    if not lowest:
        return None
    return replace(
        learned,
        threshold=float(np.percentile(lowest, PERCENTILE)),
        frame_threshold=float(np.percentile(learned.of(closed), PERCENTILE)),
    )


def bilabial_score(takes: Sequence[Take], lips: LipScore, *, short_fail: bool = False) -> float:
    """Return the share of p b m whose lowest score reaches the threshold; nan if there is none.

    As in the authors' code, phones shorter than a frame are left out; `short_fail` counts them as
    not closed, as that code does in its row of the true faces.
    """
    reached = [lips.of(f).min() <= lips.threshold for f in _intervals(takes, BILABIALS)]
    said = sum(phone.label in BILABIALS for take in takes for phone in take.phones)
    return _mean(reached + [np.False_] * (said - len(reached) if short_fail else 0))


def bilabial_frame_score(takes: Sequence[Take], lips: LipScore) -> float:
    """Return the share of frames of p b m whose score reaches the threshold; nan if none is."""
    return _mean(list(lips.of(_frames(takes, BILABIALS)) <= lips.frame_threshold))


def bilabial_frame_guard(takes: Sequence[Take], lips: LipScore) -> float:
    """Return the share of frames of open vowels that count as closed; the smaller, the better."""
    return _mean(list(lips.of(_frames(takes, VOWELS)) <= lips.frame_threshold))


def bilabial_guard(takes: Sequence[Take], lips: LipScore) -> float:
    """Return the share of open vowels of 60 ms or more that count as closed half of their time.

    The authors' score has no such counter-test; the smaller, the better. nan if there is no vowel.
    """
    scores = _intervals(takes, VOWELS, SHORTEST_VOWEL_S)
    return _mean([np.median(lips.of(frames)) <= lips.threshold for frames in scores])


def _fit(faces: Floats, signs: Floats) -> tuple[Floats, float]:
    def loss(theta: Floats) -> tuple[float, Floats]:
        margin = signs * (faces @ theta[:-1] + theta[-1])
        pull = -signs * expit(-margin)
        gradient = np.append(faces.T @ pull + theta[:-1], pull.sum())
        return float(np.logaddexp(0, -margin).sum() + theta[:-1] @ theta[:-1] / 2), gradient

    theta = minimize(loss, np.zeros(faces.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return theta[:-1], float(theta[-1])


def _frames(takes: Sequence[Take], labels: Sequence[str]) -> NDArray[np.float32]:
    found = [take.weights[take.mask(labels)] for take in takes]
    return np.concatenate([np.zeros((0, ALL.size + 1), np.float32), *found])


def _intervals(
    takes: Sequence[Take], labels: Sequence[str], shortest_s: float = 0.0
) -> Iterator[NDArray[np.float32]]:
    for take in takes:
        for phone in take.phones:
            if phone.label in labels and phone.duration_s >= shortest_s - 1e-9:
                frames = take.weights[_span(take, phone)]
                if len(frames):
                    yield frames


def _span(take: Take, phone: PhoneInterval) -> slice:
    """Return the frames of a phone as the authors count them: both ends rounded down."""
    rate = take.frame_rate
    return slice(int(round(phone.start_s * rate, 6)), int(round(phone.end_s * rate, 6)))


def _mean(outcomes: list[np.bool_]) -> float:
    return float(np.mean(outcomes)) if outcomes else float("nan")
