"""What `facewire bench robustness` is asked to measure."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

UTTERANCES = 40


@dataclass(frozen=True, slots=True)
class Request:
    """Which model, on which speech, in which conditions."""

    data: Path
    """A folder in one of the layouts of `quality.material`."""
    engine: str = "phones"
    """A name that `--engine` knows."""
    lookahead_ms: float = 80.0
    frame_rate: Fraction = Fraction(60)
    utterances: int = UTTERANCES
    """How many, spread over the speech."""
    seed: int = 0
    """Of rooms, music, coughs and songs, and of who talks in the background."""
    only: tuple[str, ...] = ()
    """Conditions whose names begin so; all if empty."""
