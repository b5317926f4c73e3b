"""What each look-ahead buys, for who hears the speaker directly and for who hears it with the face.

Written into docs/quality.md from `results/quality-lookahead.json`.
"""

from docs_sections import measured, table
from facewire.settings.lookahead import DELAYED_MS, DIRECT_MS
from facewire_training.evaluation.quality.figures import BY_KEY, written
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.rows import late_oracle
from facewire_training.evaluation.quality.run import RowScores
from facewire_training.evaluation.quality.scores import Values

LIVE = ("closure", "false_closure", "rounding_auc", "lag_ms")
CONTENT = ("closure", "false_closure", "rounding_auc")
HEADINGS = {
    "closure": "p b m closed, %",
    "false_closure": "vowels shut, %",
    "rounding_auc": "rounding AUC",
    "lag_ms": "lag, ms",
}


def combined(values: Values) -> float:
    """Return the figure by which a default is chosen: p b m closed less open vowels shut.

    Both are shares, so it is that of lips which do as they must, corrected for a mouth that is
    shut too much (Youden's J).
    """
    return values["closure"] - values["false_closure"]


def look_aheads(report: Report) -> dict[float, RowScores]:
    """Return the rows of the first set by their look-ahead in ms, the least first."""
    rows = report.sets[0].rows.values()
    found = {row.lookahead_ms: row for row in rows if row.lookahead_ms is not None}
    return dict(sorted(found.items()))


def what_it_buys(report: Report) -> str:
    """Return the table of both timings, the defaults in bold, and how it was measured."""
    found = look_aheads(report)
    header = [
        "look-ahead, ms",
        f"live: {HEADINGS[LIVE[0]]}",
        HEADINGS[LIVE[1]],
        "closed less shut",
        *(HEADINGS[key] for key in LIVE[2:]),
        "the oracle, as late: vowels shut, %",
        f"content: {HEADINGS[CONTENT[0]]}",
        HEADINGS[CONTENT[1]],
        "closed less shut",
        HEADINGS[CONTENT[2]],
    ]
    late = {ahead: report.sets[0].rows.get(late_oracle(ahead)) for ahead in found}
    rows = [_row(ahead, row, late[ahead]) for ahead, row in found.items()]
    return (
        f"{table(header, rows)}\n\n"
        f"**Bold**: the defaults, {DIRECT_MS:g} ms where the speaker is heard directly (most p b m "
        f"closed less open vowels shut) and {DELAYED_MS:g} ms where sound waits for its face. "
        f"{measured(report)}"
    )


SEEN_LIVE = (
    "closure", "luck", "false_closure", "teeth_on_lip", "rounding_auc", "labial_auc", "lag_ms",
)  # fmt: skip


def what_corrections_buy(report: Report) -> str:
    """Return the table of engines as seen live, with and without provisional frames."""
    jitter = BY_KEY["jitter"]
    header = ["live", *(BY_KEY[key].heading for key in SEEN_LIVE), jitter.heading]
    rows = [
        [
            name.partition(" ")[2],
            *(written(BY_KEY[key], row.live.get(key)) for key in SEEN_LIVE),
            written(jitter, row.content.get("jitter")),
        ]
        for name, row in report.sets[0].rows.items()
        if row.live
    ]
    return f"{table(header, rows)}\n\n{measured(report)}"


def _row(ahead: float, row: RowScores, late: RowScores | None) -> list[str]:
    live = _cells(row.live or {}, LIVE, bold=ahead == DIRECT_MS)
    best = (late.live or {}).get("false_closure") if late else None
    live.append(written(BY_KEY["false_closure"], best))
    content = _cells(row.content, CONTENT, bold=ahead == DELAYED_MS)
    return [f"{ahead:g}", *live, *content]


def _cells(values: Values, keys: tuple[str, ...], *, bold: bool) -> list[str]:
    cells = [written(BY_KEY[key], values.get(key)) for key in keys]
    cells.insert(2, f"{100 * combined(values):.1f}")
    return [f"**{cell}**" for cell in cells] if bold else cells
