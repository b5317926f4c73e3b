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
    WHOLE = "the whole face, as shown"


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
    Figure("roll_f", "f rolled in, % ↑", Group.LIPS, Form.SHARE,
           "share of f in which mouthRollLower reaches .2"),
    Figure("roll_v", "v rolled in, % ↑", Group.LIPS, Form.SHARE, "the same for v"),
    Figure("tongue_th", "th with tongue, % ↑", Group.LIPS, Form.SHARE,
           "share of th in which tongueOut exceeds .1"),
    Figure("tongue_dh", "dh with tongue, % ↑", Group.LIPS, Form.SHARE, "the same for dh"),
    Figure("tongue_l", "l with tongue, % ↑", Group.LIPS, Form.SHARE, "the same for l"),
    Figure("closure_short", "p b m < 60 ms, % ↑", Group.LIPS, Form.SHARE,
           "p b m closed, of those that are shorter than 60 ms"),
    Figure("closure_middling", "… of 60–80 ms, % ↑", Group.LIPS, Form.SHARE, "the same"),
    Figure("closure_long", "… > 80 ms, % ↑", Group.LIPS, Form.SHARE, "the same"),
    Figure("opening_r", "opening, people, r ↑", Group.LIPS, Form.TWO,
           "lip gap of each phone against how open people's lips are in it"),
    Figure("opening_grid_r", "opening, GRID, r ↑", Group.LIPS, Form.TWO,
           "the same against GRID's speaker"),
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
    Figure("funnel_p95", "funnel, p95", Group.MOTION, Form.TWO,
           "95th percentile of mouthFunnel in speech; people, by a capture not in use here: .36"),
    Figure("smile_p95", "smile, p95", Group.MOTION, Form.TWO, "mouthSmile; people: .35"),
    Figure("upper_p95", "upper lip, p95", Group.MOTION, Form.TWO, "mouthUpperUp; people: .36"),
    Figure("lower_p95", "lower lip, p95", Group.MOTION, Form.TWO, "mouthLowerDown; people: .39"),
    Figure("jaw_mean", "jaw, mean", Group.MOTION, Form.TWO, "jawOpen in speech; people: .09"),
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
    Figure("round_r", "funnel + pucker, r ↑", Group.CAPTURE, Form.TWO, "mean over clips"),
    Figure("protrusion_r", "protrusion, r ↑", Group.CAPTURE, Form.TWO, "mean over clips"),
    Figure("blinks", "blinks a minute", Group.WHOLE, Form.WHOLE,
           "of both lids; people in conversation: 26"),
    Figure("brow_pitch_r", "brows with pitch, r", Group.WHOLE, Form.TWO,
           "height of the brows against the pitch of the voice, mean over clips"),
    Figure("shapes_moving", "shapes that move", Group.WHOLE, Form.WHOLE,
           "of 52, or of those that were captured"),
)  # fmt: skip

BY_KEY = {figure.key: figure for figure in FIGURES}


def written(figure: Figure, value: float | None) -> str:
    """Return a value of a figure as a person reads it; a dash if it is not known."""
    return write_value(figure.form, value)


def write_value(form: Form, value: float | None) -> str:
    """Return a value as a person reads it; a dash if it is not known."""
    if value is None or value != value:
        return "–"
    match form:
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
