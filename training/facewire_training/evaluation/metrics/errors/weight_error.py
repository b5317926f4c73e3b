"""How far the weights are from the true ones: the error measures of the literature.

They say how near a face is to one recorded performance, not how well its lips read: a face that
hardly moves has small errors. In "From Tokens to Faces" (Correa et al. 2026, arXiv 2606.13630) the
listeners' ranking follows closure, not these.

All are over the shapes that the reference has (`Take.known`). A measure is nan where that leaves
nothing of what it is about.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from facewire_training.evaluation.metrics.pairs import Floats, Shapes, captured, paired
from facewire_training.shape_sets import ALL, MOUTH, MOUTH_12, MOUTH_16, UPPER_FACE
from facewire_training.take import Take


def lip_vertex_error(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return LVE in blendshape space: the mean norm of the error of 27 jaw and mouth weights.

    The Euclidean norm over the shapes, the mean over frames, then over takes. The paper writes
    "squared", but its figures (0.26 to 0.84) are of this form.
    """
    return _mean_norm(takes, references, MOUTH)


def lip_vertex_error_squared(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return LVE as the paper's text has it: the mean of the squared norm."""
    return _mean_norm(takes, references, MOUTH, power=2)


def lip_vertex_error_16(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return LVE over the 16 shapes of the paper's fine evaluation."""
    return _mean_norm(takes, references, MOUTH_16)


def lip_vertex_error_12(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return LVE over the 12 shapes of FaceDiffuser's evaluation on BEAT (Stan et al. 2023)."""
    return _mean_norm(takes, references, MOUTH_12)


def mean_vertex_error(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return MVE: as LVE, over all 51 shapes; nan of references that have no upper face."""
    whole = [reference for reference in references if len(captured(reference, UPPER_FACE))]
    return _mean_norm(takes, references, ALL) if len(whole) == len(references) else float("nan")


def face_dynamics_deviation(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return FDD: by how much more the true upper face moves than ours; negative if it moves less.

    The standard deviation over time of the sum of squares of the 24 upper weights, true minus
    ours, the mean over takes (after Xing et al. 2023, CodeTalker, in blendshape space).
    """
    found = [
        _energy(true[:, upper]).std() - _energy(ours[:, upper]).std()
        for ours, true, upper in _pairs(takes, references, UPPER_FACE)
    ]
    return float(np.mean(found)) if found else float("nan")


def _energy(weights: Floats) -> Floats:
    return np.asarray((weights**2).sum(axis=1))


def _mean_norm(
    takes: Sequence[Take], references: Sequence[Take], shapes: Shapes, power: int = 1
) -> float:
    found = [
        float((np.linalg.norm((ours - true)[:, seen], axis=1) ** power).mean())
        for ours, true, seen in _pairs(takes, references, shapes)
    ]
    return float(np.mean(found)) if found else float("nan")


def _pairs(
    takes: Sequence[Take], references: Sequence[Take], shapes: Shapes
) -> Iterator[tuple[Floats, Floats, Shapes]]:
    """Yield the weights of each take and of its reference, and the shapes that both have."""
    pairs = zip(paired(takes, references), references, strict=True)
    for (ours, true), reference in pairs:
        seen = captured(reference, shapes)
        if len(true) and len(seen):
            yield ours, true, seen
