"""What docs/quality.md and docs/quality-tables.md say of the model, by the whole ruler."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from docs_sections import table
from facewire_training.evaluation.metrics.lips.phone_opening import (
    GRID,
    LIPS,
    opening_reference,
    reached_by_lips,
)
from facewire_training.evaluation.quality.figures import BY_KEY, Form, write_value
from facewire_training.evaluation.quality.report import Report, read_report
from facewire_training.evaluation.quality.rows import late_oracle
from facewire_training.evaluation.quality.run import RowScores
from facewire_training.evaluation.report_tables import markdown as quality_tables
from facewire_training.evaluation.robustness.report import RobustnessReport, read_robustness
from facewire_training.evaluation.robustness.table import markdown as robustness_tables
from quality_text import whole_frames

CONTENT, LIVE, LATE = "phones 80 ms", "phones 20 ms", late_oracle(20)
SPEECH, WHOLE = "LibriSpeech, validation speakers", "LibriSpeech, the whole face"
PEOPLE = "GRID, the whole face"

Value = Callable[["Ruler"], float | None]


@dataclass(frozen=True, slots=True)
class Ruler:
    """The reports of one model."""

    quality: Report
    robustness: RobustnessReport
    timing: Report
    """By look-ahead."""

    def row(self, name: str, speech: str = SPEECH) -> RowScores:
        """Return a row of a set of the report of quality.

        Raises:
            KeyError: there is none.
        """
        return next(scores.rows[name] for scores in self.quality.sets if scores.name == speech)

    def condition(self, name: str, key: str) -> float | None:
        """Return a figure of the report of robustness; None if it was not measured."""
        rows = [row for row in self.robustness.rows if row.name == name]
        return rows[0].figures.get(key) if rows else None


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table: a figure, and what a model is to reach."""

    what: str
    value: Value
    goal: float
    most: bool = False
    """Whether the goal is the most that is allowed, and not the least that is asked."""
    form: Form = Form.SHARE
    oracle: Value = lambda _: None
    key: str = ""
    """By which the ruler calls it, if it is one of speech at 80 ms."""

    @property
    def asked(self) -> str:
        """What is to be reached, in words."""
        return f"{'≤' if self.most else '≥'} {_written(self.form, self.goal)}"

    def shortfall(self, value: float | None) -> float:
        """Return how far a figure is from the goal, as a share; not above 0 if it is met."""
        if value is None:
            return -1.0
        return (value - self.goal) / max(value, 1e-9) if self.most else 1 - value / self.goal


def read_ruler(results: Path, model: str, timing: str = "quality-lookahead.json") -> Ruler:
    """Read `quality-MODEL.json`, `robustness-MODEL.json` and the report by look-ahead of a folder.

    Raises:
        ConfigError: one is missing, or is something else.
    """
    return Ruler(
        read_report(results / f"quality-{model}.json"),
        read_robustness(results / f"robustness-{model}.json"),
        read_report(results / timing),
    )


def _content(key: str, row: str = CONTENT, speech: str = SPEECH) -> Value:
    return lambda ruler: ruler.row(row, speech).content.get(key)


def _live(key: str, row: str = LIVE) -> Value:
    def value(ruler: Ruler) -> float | None:
        found = ruler.timing.sets[0].rows.get(row)
        return (found.live or {}).get(key) if found else None

    return value


def _heard(condition: str, key: str) -> Value:
    return lambda ruler: ruler.condition(condition, key)


def _lips(what: str, key: str, goal: float, *, most: bool = False, form: Form = Form.SHARE) -> Goal:
    return Goal(what, _content(key), goal, most, form, _content(key, "oracle"), key)


GRID_SET, FACEGOOD_SET = (
    "GRID, captured, validation clips",
    "FACEGOOD, Mandarin, captured, validation",
)

GOALS: tuple[Goal, ...] = (
    _lips("p b m closed, 80 ms", "closure", 0.97),
    _lips("p b m closed by luck", "luck", 0.25, most=True),
    _lips("open vowels shut, 80 ms", "false_closure", 0.01, most=True),
    _lips("rounding AUC", "rounding_auc", 0.95, form=Form.TWO),
    _lips("opening by phone, against people, r", "opening_r", 0.70, form=Form.TWO),
    _lips("f rolled in", "roll_f", 0.90),
    _lips("v rolled in", "roll_v", 0.80),
    _lips("th with tongue", "tongue_th", 0.80),
    _lips("p b m shorter than 60 ms", "closure_short", 0.97),
    _lips("jitter, 80 ms (not below 70)", "jitter", 110, most=True, form=Form.WHOLE),
    _lips("mouthFunnel, 95th percentile", "funnel_p95", 0.29, form=Form.TWO),
    _lips("mouthSmile, 95th percentile", "smile_p95", 0.28, form=Form.TWO),
    _lips("mouthUpperUp, 95th percentile", "upper_p95", 0.29, form=Form.TWO),
    _lips("mouthLowerDown, 95th percentile", "lower_p95", 0.31, form=Form.TWO),
    _lips("jawOpen, mean in speech", "jaw_mean", 0.11, most=True, form=Form.TWO),
    Goal("live at 20 ms: p b m closed", _live("closure"), 0.96,
         oracle=_live("closure", LATE)),
    Goal("live at 20 ms: open vowels shut", _live("false_closure"), 0.015, most=True,
         oracle=_live("false_closure", LATE)),
    Goal("live at 20 ms: rounding AUC", _live("rounding_auc"), 0.86, form=Form.TWO,
         oracle=_live("rounding_auc", LATE)),
    Goal("jaw in the first second after a drop of 20 dB, of usual",
         _heard("a speaker drops 20 dB", "opening_0_1"), 0.80),
    Goal("jaw in the first second after a louder talker, of usual",
         _heard("at -33 dBFS, after a talker at -20", "opening_0_1"), 0.80),
    Goal("jaw in the first second after louder music, of usual",
         _heard("at -33 dBFS, after music at -20", "opening_0_1"), 0.80),
    Goal("child-like, x 1.33: p b m closed", _heard("child-like, x 1.33", "closure"), 0.88),
    Goal("babble 10 dB below: p b m closed", _heard("babble of 4, 10 dB below", "closure"), 0.86),
    Goal("babble 10 dB below: open vowels shut",
         _heard("babble of 4, 10 dB below", "false_closure"), 0.025, most=True),
    Goal("whisper: p b m closed", _heard("whisper", "closure"), 0.90),
    Goal("room, .6 s: p b m closed", _heard("room, .6 s", "closure"), 0.90),
    Goal("sung open vowels: lips apart", _heard("sung open vowels", "open"), 0.70),
    Goal("keyboard: mouth at rest", _heard("keyboard", "rest"), 0.97),
    Goal("GRID's lip gap, r", _content("gap_r", speech=GRID_SET), 0.80, form=Form.TWO),
    Goal("GRID's mouth width, r", _content("width_r", speech=GRID_SET), 0.55, form=Form.TWO),
    Goal("GRID's jaw, r", _content("jaw_r", speech=GRID_SET), 0.80, form=Form.TWO),
    Goal("FACEGOOD's lip gap, r", _content("gap_r", speech=FACEGOOD_SET), 0.80, form=Form.TWO),
    Goal("FACEGOOD's mouth width, r", _content("width_r", speech=FACEGOOD_SET), 0.55,
         form=Form.TWO),
    Goal("FACEGOOD's funnel + pucker, r", _content("round_r", speech=FACEGOOD_SET), 0.50,
         form=Form.TWO),
    Goal("FACEGOOD's jaw, r", _content("jaw_r", speech=FACEGOOD_SET), 0.80, form=Form.TWO),
)  # fmt: skip
"""What a model is to reach, on validation people. Amplitudes are to be .8 to 1.25 of real
faces', which `quality.figures` tells."""


def worst_first(ruler: Ruler, before: Ruler) -> str:
    """Return the goals as a table, the farthest from its figure first, the model before beside."""
    ordered = sorted(GOALS, key=lambda goal: -goal.shortfall(goal.value(ruler)))
    rows = [
        [
            goal.what,
            _written(goal.form, goal.value(before)),
            _written(goal.form, goal.value(ruler)),
            goal.asked,
            _written(goal.form, goal.oracle(ruler)) if goal.oracle(ruler) is not None else "",
        ]
        for goal in ordered
    ]
    return table(["", "the model before", "now", "to reach", "oracle"], rows)


def of_test_speakers(test: Report) -> str:
    """Return what the test speakers lack of the goals of speech, in the order of `GOALS`."""
    sets = [scores for scores in test.sets if "oracle" in scores.rows]
    rows = []
    for goal in GOALS:
        found = [scores.rows[CONTENT].content.get(goal.key) for scores in sets]
        if any(goal.shortfall(value) > 0 for value in found):
            said = [_written(goal.form, value) for value in found]
            rows.append([goal.what, *said, goal.asked])
    return table(["", *(f"{scores.name}: {scores.about}" for scores in sets), "to reach"], rows)


def _written(form: Form, value: float | None) -> str:
    said = write_value(form, value)
    return f"{said} %" if form is Form.SHARE and value is not None else said


def all_figures(ruler: Ruler) -> str:
    """Return every table of the report of quality."""
    return whole_frames(ruler.quality) + quality_tables(ruler.quality)


def conditions(ruler: Ruler) -> str:
    """Return the tables of the report of robustness."""
    return robustness_tables(ruler.robustness)


def openings(ruler: Ruler) -> str:
    """Return how open the lips are in each phone, of people, of the oracle and of the model."""
    columns = {
        "people": opening_reference(LIPS),
        "GRID": opening_reference(GRID),
        **{name: _opening(ruler, name) for name in ("oracle", "phones 0 ms", CONTENT)},
    }
    phones = sorted(
        set(columns["people"]) | set(columns["GRID"]),
        key=lambda phone: (columns["people"].get(phone, columns["GRID"].get(phone, 0.0)), phone),
    )
    rows = [
        [phone, *(write_value(Form.TWO, found.get(phone)) for found in columns.values())]
        for phone in phones
    ]
    reached = " and ".join(write_value(Form.TWO, reached_by_lips(name)) for name in (LIPS, GRID))
    return (
        table(["", *columns], rows)
        + f"\n\nGRID's own lips reach r {reached} against the first two columns, on clips that "
        "the second was not made of."
    )


def _opening(ruler: Ruler, name: str) -> dict[str, float]:
    return ruler.row(name).details.get("opening by phone", {})


def missed(ruler: Ruler) -> str:
    """Return beside which phones p b m are missed most."""
    details = ruler.row(CONTENT).details
    found = {side: details.get(f"p b m missed {side}") for side in ("after", "before")}
    sides = [
        f"{side} {_listed(list(shares.items())[:5])}" for side, shares in found.items() if shares
    ]
    return f"At 80 ms p b m are missed most {'; '.join(sides)}."


def _listed(shares: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{phone} ({write_value(Form.SHARE, share)} %)" for phone, share in shares)


def never_moves(ruler: Ruler) -> str:
    """Return the shapes that never move, and the figures of the whole face beside people's."""
    shown, people = ruler.row(CONTENT, WHOLE), ruler.row("true face", PEOPLE)
    still = ", ".join(sorted(shown.details.get("never moves", {}))) or "none"
    keys = ("blinks", "brow_pitch_r")
    told = "; ".join(
        f"{BY_KEY[key].heading} {write_value(BY_KEY[key].form, shown.content.get(key))} "
        f"({write_value(BY_KEY[key].form, people.content.get(key))})"
        for key in keys
    )
    return f"Never moves in speech: {still}. As shown, and GRID's man: {told}."
