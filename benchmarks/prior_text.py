"""What docs/prior.md says of faces that are said in codes."""

import msgspec

from docs_sections import table
from facewire_training.evaluation.quality.figures import BY_KEY, write_value

Row = dict[str, float]
Rows = dict[str, Row]

SPOKEN = (
    "closure", "luck", "false_closure", "rounding_auc", "bcs", "lip_mm", "amplitude", "velocity",
    "fdd", "fast_share", "jitter", "lag_ms",
)  # fmt: skip
SEEN = (
    "gap_r", "width_r", "jaw_r", "amplitude", "velocity", "fast_share", "jitter", "lag_ms",
)  # fmt: skip
CALLED = {
    "codes": "**codes**, their mean",
    "codes:best": "codes, the likeliest",
    "codes:face": "codes, the face counts more",
    "weights": "the same network, weights at once",
    "oracle": "the rules themselves",
}
LANGUAGES = {"de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "pl": "Polish"}


class PriorReport(msgspec.Struct, frozen=True):
    """What `facewire_training.recipes.prior.evaluate --json` wrote."""

    date: str
    command: str
    utterances: int
    codes: dict[str, Rows]
    """Of first stages: what they bring back, by set."""
    sets: dict[str, Rows]
    languages: dict[str, Rows]


def how(found: PriorReport) -> str:
    """Return the sentence that says where all figures are from."""
    return (
        f"`{found.command}`, {found.date}: up to {found.utterances} utterances of each set, from "
        "none of which a decoder has learned, as engines at 80 ms and 60 frames a second."
    )


def sets(found: PriorReport) -> str:
    """Return a table for each set."""
    parts = []
    for name, rows in found.sets.items():
        shown = SPOKEN if "closure" in rows["phones"] else SEEN
        parts.append(f"**{name}**\n\n{_figures(rows, shown)}")
    return "\n\n".join(parts)


def _figures(rows: Rows, keys: tuple[str, ...]) -> str:
    header = ["", *(BY_KEY[key].heading for key in keys)]
    lines = [
        [CALLED.get(name, name), *(write_value(BY_KEY[key].form, row.get(key)) for key in keys)]
        for name, row in rows.items()
    ]
    return table(header, lines)


def languages(found: PriorReport) -> str:
    """Return what lips do in other languages: closed, by luck, vowels shut."""
    rows = next(iter(found.languages.values()))
    header = ["closed / by luck / vowels shut, %", *(CALLED.get(row, row) for row in rows)]
    lines = [
        [
            LANGUAGES[language],
            *(
                " / ".join(f"{100 * row[key]:.0f}" for key in ("closure", "luck", "false_closure"))
                for row in of.values()
            ),
        ]
        for language, of in found.languages.items()
    ]
    return table(header, lines)


def codebooks(found: PriorReport) -> str:
    """Return how well first stages bring validation captures back."""
    header = ["codes of a frame x codebook", "L1, GRID", "gap r, GRID", "L1, FACEGOOD",
              "gap r, FACEGOOD", "perplexity", "used, %"]  # fmt: skip
    lines = []
    for name, by_set in found.codes.items():
        grid, facegood = (
            by_set[f"validation-captures/{corpus}"] for corpus in ("grid", "facegood")
        )
        lines.append([
            name.replace("x", " x "), f"{grid['L1']:.4f}", f"{grid['gap r']:.3f}",
            f"{facegood['L1']:.4f}", f"{facegood['gap r']:.3f}", f"{grid['perplexity']:.0f}",
            f"{100 * grid['used']:.0f}",
        ])  # fmt: skip
    return table(header, lines)
