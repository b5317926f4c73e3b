"""How long a window of HuBERT is, and what of it is new: chosen when a model is exported."""

import argparse
from dataclasses import dataclass

from facewire.errors import ConfigError
from facewire_training.option_ranges import whole_number

FEATURE_MS = 20
"""HuBERT has 50 features a second."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Parts of a window, in features."""

    context: int = 50
    """Before what is new, at least."""
    step: int = 2
    """New in each run."""
    right: int = 8
    """After what is taken, at most: what a stream's look-ahead can use."""

    @property
    def window(self) -> int:
        """Features of a run."""
        return self.context + self.step + self.right

    @property
    def rows(self) -> int:
        """The newest features of a window, any of which a stream may take."""
        return self.step + self.right

    @property
    def step_ms(self) -> int:
        """Milliseconds between two runs."""
        return self.step * FEATURE_MS


def features_of(milliseconds: int, what: str) -> int:
    """Return how many features a duration has.

    Raises:
        ConfigError: it is not a multiple of 20 ms.
    """
    if milliseconds < 0 or milliseconds % FEATURE_MS:
        raise ConfigError(f"{what} of {milliseconds} ms is impossible; choose a multiple of 20")
    return milliseconds // FEATURE_MS


def add_geometry(parser: argparse.ArgumentParser) -> None:
    """Add the options of a window to a command."""
    default = Geometry()
    for name, value, what in (
        ("context", default.context, "what each window repeats of what was heard before"),
        ("step", default.step, "time between two runs"),
        ("right", default.right, "the longest right context that a stream can ask for"),
    ):
        parser.add_argument(
            f"--{name}-ms",
            type=whole_number(0, 10_000),
            default=value * FEATURE_MS,
            metavar="MS",
            help=f"{what}, a multiple of 20 (default: %(default)s)",
        )


def geometry_of(arguments: argparse.Namespace) -> Geometry:
    """Return the geometry that a command's options ask for.

    Raises:
        ConfigError: a duration is not a multiple of 20 ms, or nothing would be new or before it.
    """
    geometry = Geometry(
        features_of(arguments.context_ms, "a context"),
        features_of(arguments.step_ms, "a step"),
        features_of(arguments.right_ms, "a right context"),
    )
    for size, what in ((geometry.step, "a step"), (geometry.context, "a context")):
        if size == 0:
            raise ConfigError(f"{what} of 0 ms is impossible; choose 20 or more")
    return geometry
