"""How far features are from what they should be."""

from torch import Tensor


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Return the RMS of the difference over the RMS of how the expected features vary in time.

    What does not vary says nothing about speech, and would flatter: 1 is as wrong as saying always
    the mean.

    Args:
        found: `[T, D]`.
        expected: the same.
    """
    varying = expected - expected.mean(0)
    return float((found - expected).square().mean().sqrt() / varying.square().mean().sqrt())
