"""What README, docs/quality*.md and the model card say of the lips, from the runs' reports."""

import json
from dataclasses import dataclass
from pathlib import Path

from facewire_training.evaluation.quality.figures import BY_KEY, written
from facewire_training.evaluation.quality.report import Report, read_report
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.evaluation.report_tables import markdown

PUBLISHED = "phones 80 ms"
METER = "volume meter"


@dataclass(frozen=True, slots=True)
class QualityReports:
    """The committed reports of `facewire bench quality`."""

    main: Report
    """Every system on a sample of the validation data."""
    everything: Report
    """The model on all of the validation data."""
    babble: Report
    """The same in background voices."""
    test: Report
    """Every system on the test speakers."""


def read_reports(results: Path) -> QualityReports:
    """Read the four reports of a folder.

    Raises:
        ConfigError: one is missing, or is something else.
    """
    names = ("quality", "quality-all", "quality-babble", "quality-test")
    return QualityReports(*(read_report(results / f"{name}.json") for name in names))


def short_table(reports: QualityReports) -> str:
    """Return the few figures of docs/quality.md."""
    return whole_frames(reports.main) + markdown(reports.main, short=True)


def all_tables(reports: QualityReports) -> str:
    """Return every table of the run that has every system."""
    return whole_frames(reports.main) + markdown(reports.main)


def test_table(reports: QualityReports) -> str:
    """Return the table of the test speakers."""
    return whole_frames(reports.test) + markdown(reports.test)


def whole_frames(report: Report) -> str:
    """Return a warning if a report was measured while live timing was rounded up to whole frames.

    Such a report has every figure in live timing, and not only those that say something of it.
    """
    live = [row.live or {} for scores in report.sets for row in scores.rows.values()]
    if all(BY_KEY[key].live for values in live for key in values if key in BY_KEY):
        return ""
    return (
        "Measured before live timing counted milliseconds: here 20 ms are 33, 40 are 50 and 80 are "
        "83, so its rows are worse than what is seen; [by look-ahead]"
        "(quality.md#what-look-ahead-buys) they are right.\n\n"
    )


def summary(reports: QualityReports) -> str:
    """Return what is said of all validation speech, noise and test speakers."""
    validation, test = _set(reports.everything, "LibriSpeech"), reports.test.sets[0]
    voices = _set(reports.test, "LibriSpeech")
    loud = _set(reports.babble, "LibriSpeech")
    return (
        f"On all validation speech ({validation.about}), 80 ms, the model closes "
        f"{_of(validation, 'closure')} % of p b m and shuts {_of(validation, 'false_closure')} % "
        f"of open vowels; with four other voices 10 dB below, {_of(loud, 'closure')} and "
        f"{_of(loud, 'false_closure')} %. On speakers by whom nothing was chosen ({test.name}: "
        f"{test.about}, two children among them), {_of(test, 'closure')} and "
        f"{_of(test, 'false_closure')} %; on voices of read English ({voices.about}), "
        f"{_of(voices, 'closure')} and {_of(voices, 'false_closure')} %."
    )


def lips_of_strangers(reports: QualityReports) -> str:
    """Return how often the lips of test speakers close, and a volume meter's."""
    test = reports.test.sets[0]
    return (
        f"**{_of(test, 'closure')} %** of p b m closed, {_of(test, 'false_closure')} % of open "
        "vowels shut"
    )


def noise(reports: QualityReports) -> str:
    """Return what background voices do."""
    quiet, loud = (_set(report, "LibriSpeech") for report in (reports.everything, reports.babble))
    return (
        f"`{reports.babble.command}`, {reports.babble.date}, {loud.about}: closure falls from "
        f"{_of(quiet, 'closure')} to {_of(loud, 'closure')} %, and {_of(loud, 'false_closure')} % "
        f"of open vowels are shut, where it was {_of(quiet, 'false_closure')} %."
    )


def weaknesses(reports: QualityReports) -> str:
    """Return what the model card says of what is measured to be weak."""
    validation, grid, facegood = (
        _set(reports.everything, name) for name in ("LibriSpeech", "GRID", "FACEGOOD")
    )
    loud, test = _set(reports.babble, "LibriSpeech"), reports.test.sets[0]
    now = "phones 0 ms"
    lines = [
        f"On all validation speech ({validation.about}) at 80 ms: p b m closed "
        f"{_of(validation, 'closure')} %, open vowels shut {_of(validation, 'false_closure')} %. "
        "These four speakers chose between models, losses and styles. On four others by whom "
        f"nothing was chosen ({test.name}, non-native, two children): {_of(test, 'closure')} and "
        f"{_of(test, 'false_closure')} %, and in pauses the mouth is less still "
        f"({_of(test, 'pause_difference')} per frame against "
        f"{_of(validation, 'pause_difference')}). Known weaknesses, measured:",
        "",
        "- The **width of the mouth** follows captured faces worse than a volume meter does: r "
        f"{_of(grid, 'width_r')} against {_of(grid, 'width_r', METER)} for GRID's speaker, and "
        f"{_of(facegood, 'width_r')} against {_of(facegood, 'width_r', METER)}, less than half, "
        "for FACEGOOD's.",
        f"- On **FACEGOOD's Mandarin** its error against the captured weights (LVE "
        f"{_of(facegood, 'lve')}) is larger than the volume meter's "
        f"({_of(facegood, 'lve', METER)}), and it grows with look-ahead "
        f"({_of(facegood, 'lve', now)} at 0 ms): all shapes together move "
        f"{_of(facegood, 'amplitude')} times as far as hers, in a style that is not hers.",
        f"- With **other voices** 10 dB below the speaker it closes {_of(loud, 'closure')} % of "
        f"p b m and shuts {_of(loud, 'false_closure')} % of open vowels.",
        f"- **Without look-ahead** it shuts {_of(validation, 'false_closure', now)} % of open "
        "vowels.",
        f"- **f and v** reach the teeth in {_of(validation, 'teeth_on_lip')} % (test speakers: "
        f"{_of(test, 'teeth_on_lip')} %).",
    ]
    return "\n".join(lines)


def capture_lag(path: Path) -> str:
    """Return how far captured mouths lag their sound, as `capture_delay` measured it."""
    found = json.loads(path.read_text(encoding="utf-8"))
    lags = found["lags_ms"]
    sentences = [
        f"{name}'s by {lags[name]['gap']} and {lags[name]['jaw']} ms"
        for name in ("GRID", "FACEGOOD")
    ]
    rules = lags["procedural animation"]
    return (
        f"Loudness leads a lip gap and a jaw by {rules['gap']} and {rules['jaw']} ms in our "
        f"procedural animation; {', '.join(sentences)} (`{found['command']}`, {found['date']}). "
        "No figure here is corrected for that."
    )


def _set(report: Report, name: str) -> SetScores:
    return next(scores for scores in report.sets if scores.name.startswith(name))


def _of(scores: SetScores, key: str, row: str = PUBLISHED) -> str:
    found: RowScores = scores.rows[row]
    return written(BY_KEY[key], found.content[key])
