"""What the table has: each figure's name, how it is written, and what it means."""

from dataclasses import dataclass
from enum import Enum


class Group(Enum):
    """A part of the table, and what it is called there."""

    LIPS = "contacts and shapes"
    TIMING = "timing"
    MOTION = "motion"
    TRUTH = "against"
    CAPTURE = "correlation"


class Form(Enum):
    """How a figure is written."""

    SHARE = "percent"
    MS = "milliseconds"
    WHOLE = "whole number"
    THREE = "three digits"
    FOUR = "four digits"
    TWO = "two digits"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    key: str
    """Its name in the JSON."""
    heading: str
    group: Group
    form: Form
    legend: str
    live: bool = False
    """Whether it is shown for live timing too."""


FIGURES: tuple[Figure, ...] = (
    Figure("closure", "p b m closed, % ↑", Group.LIPS, Form.SHARE,
           "share of p b m in which the lips meet", live=True),
    Figure("luck", "… by luck, %", Group.LIPS, Form.SHARE,
           "how often they would in the same windows at other moments of speech",
           live=True),
    Figure("false_closure", "vowels shut, % ↓", Group.LIPS, Form.SHARE,
           "share of open vowels in which the lips are shut", live=True),
    Figure("teeth_on_lip", "f v on teeth, % ↑", Group.LIPS, Form.SHARE,
           "share of f v in which lip and teeth touch", live=True),
    Figure("rounding_auc", "rounding AUC ↑", Group.LIPS, Form.TWO,
           "round lips for uw ow w sh, spread for iy eh s", live=True),
    Figure("labial_auc", "labial AUC ↑", Group.LIPS, Form.TWO,
           "a smaller gap in p b m f v w uw than in open vowels", live=True),
    Figure("gap_auc", "gap AUC ↑", Group.LIPS, Form.TWO,
           "a smaller gap in p b m than in open vowels"),
    Figure("jaw_auc", "jaw AUC ↑", Group.LIPS, Form.TWO,
           "a lower jaw in open vowels; loudness alone does well"),
    Figure("bcs", "BCS, %", Group.LIPS, Form.SHARE,
           "bilabial closure score; true faces have 70 % by construction"),
    Figure("bcs_guard", "BCS guard, % ↓", Group.LIPS, Form.SHARE,
           "open vowels that count as closed by the same score"),
    Figure("lag_ms", "lag of the gap, ms", Group.TIMING, Form.MS,
           "where the curves of the lip gap fit best; + is late", live=True),
    Figure("onset_ms", "lag of openings, ms", Group.TIMING, Form.MS,
           "median over openings of the mouth; + is late", live=True),
    Figure("jitter", "jitter", Group.MOTION, Form.WHOLE,
           "mean acceleration of the weights at 30 frames a second"),
    Figure("fast_share", "above 5 Hz, %", Group.MOTION, Form.SHARE,
           "share of the mouth's movement that is faster than syllables"),
    Figure("stillness", "weights/s in pauses ↓", Group.MOTION, Form.THREE,
           "how fast the face moves in silences, as a norm"),
    Figure("pause_difference", "… per frame ↓", Group.MOTION, Form.FOUR,
           "mean change of a weight per frame in silences"),
    Figure("rest", "mouth at rest, % ↑", Group.MOTION, Form.SHARE,
           "share of frames without speech in which no mouth weight exceeds .05"),
    Figure("amplitude", "amplitude", Group.TRUTH, Form.TWO,
           "how far the mouth moves; 1 is as far, less is over-smoothed"),
    Figure("velocity", "velocity", Group.TRUTH, Form.TWO, "how fast it moves; 1 is as fast"),
    Figure("lve", "LVE ↓", Group.TRUTH, Form.THREE, "mean norm of the error of 27 mouth weights"),
    Figure("lve_squared", "LVE, squared ↓", Group.TRUTH, Form.THREE, "the same, squared"),
    Figure("lve_16", "LVE, 16 weights ↓", Group.TRUTH, Form.THREE, "over the smaller set"),
    Figure("mve", "MVE ↓", Group.TRUTH, Form.THREE, "as LVE, over 51 weights"),
    Figure("fdd", "FDD", Group.TRUTH, Form.THREE,
           "how much less the upper face moves than the true one"),
    Figure("lip_mm", "lip vertices, mm ↓", Group.TRUTH, Form.TWO,
           "distance of the lip vertex that is farthest off, on a mesh"),
    Figure("gap_r", "lip gap, r ↑", Group.CAPTURE, Form.TWO, "mean over clips"),
    Figure("width_r", "mouth width, r ↑", Group.CAPTURE, Form.TWO, "mean over clips"),
    Figure("jaw_r", "jawOpen, r ↑", Group.CAPTURE, Form.TWO, "mean over clips"),
)  # fmt: skip

BY_KEY = {figure.key: figure for figure in FIGURES}


def written(figure: Figure, value: float | None) -> str:
    """Return a value as a person reads it; a dash if it is not known."""
    if value is None or value != value:
        return "–"
    match figure.form:
        case Form.SHARE:
            return f"{100 * value:.1f}" if value < 0.9995 else "100"
        case Form.MS:
            return f"{round(value):+d}" if round(value) else "0"
        case Form.WHOLE:
            return f"{value:.0f}"
        case Form.TWO:
            return f"{value:.2f}"
        case Form.THREE:
            return f"{round(value, 3) + 0.0:.3f}"
        case Form.FOUR:
            return f"{value:.4f}"
