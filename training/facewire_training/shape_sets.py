"""The 51 shapes of "From Tokens to Faces", and the sets of them that its metrics measure.

Correa et al. 2026 (arXiv 2606.13630) count ARKit's shapes in alphabetical order without tongueOut.
Positions in that order mean nothing here: every set is mapped by name to `arkit.NAMES`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from facewire import arkit

ALPHABETICAL: tuple[str, ...] = tuple(sorted(name for name in arkit.NAMES if name != "tongueOut"))
"""The paper's order."""


def _named(positions: Iterable[int]) -> NDArray[np.intp]:
    return np.array([arkit.INDEX[ALPHABETICAL[position]] for position in positions], np.intp)


MOUTH = _named(range(22, 49))
"""Jaw and mouth, 27 shapes, as places in `arkit.NAMES`."""
MOUTH_16 = _named([24, 26, 27, 28, 31, 33, 34, 37, *range(41, 49)])
"""The smaller set of the authors' fine evaluation."""
MOUTH_12 = _named([23, 25, 27, 28, 31, 37, 39, 40, 41, 42, 47, 48])
"""What FaceDiffuser's code (Stan et al. 2023) takes as lips on BEAT: neither jawOpen nor
mouthClose is among them."""
UPPER_FACE = _named([*range(22), 49, 50])
"""Brows, cheeks, eyes and nose, 24 shapes."""
ALL = _named(range(51))
