"""What `facewire bench quality` is asked to measure."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

LOOKAHEADS_MS = (0.0, 20.0, 40.0, 80.0)
VALIDATION, TEST = "validation", "test"
ROWS = ("oracle", "captured", "meter", "phones")


@dataclass(frozen=True, slots=True)
class Request:
    """Which systems, on which speech."""

    data: Path
    """A folder in one of the layouts of `material`."""
    split: str = VALIDATION
    """Whom choices may be made on, or whom they must not: `VALIDATION` or `TEST`."""
    rows: tuple[str, ...] = ROWS
    """Names that `rows` knows."""
    lookaheads_ms: tuple[float, ...] = LOOKAHEADS_MS
    """Of every engine."""
    provisional: bool = False
    """Whether engines are also shown without look-ahead, corrected by each of these later."""
    frame_rate: Fraction = Fraction(60)
    utterances: int | None = None
    """How many of each set, spread over it; all if None."""
    noise_db: float | None = None
    """How far background voices are below the speech, in dB; none if None."""
    teacher: Path | None = None
    """The run of a teacher, which aligns those of the test split who have no phones yet, and whose
    rows are shown in the row of that name."""
    matrix: Path | None = None
    """BEAT2's matrix."""
