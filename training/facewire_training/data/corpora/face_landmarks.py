"""What tracked landmarks tell of a mouth, whatever the head does.

The landmarks are MediaPipe's (Kartynnik et al. 2019, "Real-time Facial Surface Geometry from
Monocular Video on Mobile GPUs"). Heads are steadied by fitting those that no expression moves to
their mean with a similarity transform (Umeyama 1991).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ANCHORS = (33, 133, 263, 362, 168, 10, 234, 454, 1, 4)
"""Corners of the eyes, bridge and tip of the nose, top and sides of the face."""
EYES = (33, 263)
"""Outer corners: the distance between them is the unit of length (about 90 mm in adults)."""
INNER_LIPS = ((13, 14), (82, 87), (312, 317))
"""Pairs of the upper and the lower lip's inner edge, in the middle and on both sides of it."""
CORNERS = (61, 291)

_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """Measures of each frame, NaN where the face was not seen; in distances between the eyes."""

    opening: Floats
    """[F], between the inner edges of the lips, along the height of the face."""
    width: Floats
    """[F], between the corners."""


def measure(points: Floats, numbers: Sequence[int]) -> Mouth:
    """Measure the mouth of frames of one speaker.

    Args:
        points: [F, K, 3] in pixels: x to the right, y down, z away; NaN where unseen.
        numbers: MediaPipe's numbers of the K landmarks.
    """
    place = {number: index for index, number in enumerate(numbers)}
    steady, unit = steadied(points, numbers)
    lips = [steady[:, place[lower]] - steady[:, place[upper]] for upper, lower in INNER_LIPS]
    first, last = (steady[:, place[number]] for number in CORNERS)
    return Mouth(
        opening=np.mean([lip[:, 1] for lip in lips], axis=0) / unit,
        width=np.linalg.norm(last - first, axis=1) / unit,
    )


def steadied(points: Floats, numbers: Sequence[int]) -> tuple[Floats, float]:
    """Return the points on the mean head, [F, K, 3], and the distance between its eyes.

    Arguments as of `measure`.
    """
    steady, reference = _steadied(points, [list(numbers).index(number) for number in ANCHORS])
    left, right = (reference[ANCHORS.index(number)] for number in EYES)
    return steady, float(np.linalg.norm(right - left))


def _steadied(points: Floats, anchors: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the points on the mean head, [F, K, 3], and the anchors of that head, [A, 3]."""
    seen = ~np.isnan(points[:, 0, 0])
    rigid = points[seen][:, anchors]
    reference = rigid.mean(axis=0)
    steady = np.full_like(points, np.nan)
    for _ in range(_ROUNDS):
        steady[seen] = _moved(points[seen], rigid, reference)
        reference = steady[seen][:, anchors].mean(axis=0)
    return steady, reference


def _moved(points: Floats, rigid: Floats, reference: Floats) -> Floats:
    """Move each frame by the similarity that brings its anchors closest to the reference."""
    centre = rigid.mean(axis=1, keepdims=True)
    away, target = rigid - centre, reference - reference.mean(axis=0)
    u, sizes, vt = np.linalg.svd(np.einsum("fki,kj->fij", away, target))
    signs = np.ones_like(sizes)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    scale = (sizes * signs).sum(axis=1) / (away**2).sum(axis=(1, 2))
    turned = (points - centre) @ (u * signs[:, None, :] @ vt)
    return np.asarray(scale[:, None, None] * turned + reference.mean(axis=0))
