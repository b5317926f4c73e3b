"""What docs/perception.md and docs/mouthing.md say of lips that were read."""

import msgspec

from docs_sections import table

Row = dict[str, float]


class RecognitionReport(msgspec.Struct, frozen=True):
    """What `facewire_training.recipes.perception.train_reader` wrote."""

    date: str
    command: str
    recognition: dict[str, Row]


class AblationReport(msgspec.Struct, frozen=True):
    """What `facewire_training.recipes.perception.ablation --json` wrote."""

    date: str
    command: str
    utterances: int
    rows: dict[str, Row]


class MouthingReport(msgspec.Struct, frozen=True):
    """What `facewire_training.recipes.perception.mouthings --json` wrote."""

    date: str
    command: str
    words: int
    languages: dict[str, Row]


_SHARES = (
    "recognised in speech",
    "closed",
    "by luck",
    "vowels shut",
    "GRID recognised in speech",
)
_SHOWN = {
    "recognised in speech": "judge reads",
    "closed": "p b m closed",
    "by luck": "by luck",
    "vowels shut": "vowels shut",
    "rounding AUC": "rounding",
    "LVE": "LVE",
    "amplitude": "amplitude",
    "jitter": "jitter",
    "GRID recognised in speech": "GRID: judge reads",
    "GRID gap_r": "gap r",
    "GRID width_r": "width r",
}
_LANGUAGES = {
    "de": "German", "nl": "Dutch", "en-gb": "British English", "sv": "Swedish", "nb": "Norwegian",
    "da": "Danish", "fi": "Finnish", "it": "Italian", "fr-fr": "French", "ru": "Russian",
}  # fmt: skip


def readers_table(readers: dict[str, RecognitionReport]) -> str:
    """Return how well each reader reads, by its name, and what guessing would get."""
    header = ["visemes of frames with speech", *readers, "guessed"]
    first = next(iter(readers.values()))
    rows = []
    for speech, found in first.recognition.items():
        reads = [report.recognition[speech]["recognised in speech"] for report in readers.values()]
        rows.append([speech, *map(_percent, [*reads, found["guessed in speech"]])])
    commands = "; ".join(f"`{report.command}`" for report in readers.values())
    return f"{table(header, rows)}\n\n{commands}; {first.date}."


def ablation_table(report: AblationReport) -> str:
    """Return what each weight buys."""
    rows = []
    for title, row in report.rows.items():
        cells = [_cell(name, row.get(name)) for name in _SHOWN]
        rows.append([title, *cells])
    made = f"`{report.command}`, {report.date}: {report.utterances} validation clips of each."
    return f"{table(['', *_SHOWN.values()], rows)}\n\n{made}"


def mouthing_table(report: MouthingReport) -> str:
    """Return what is read of mouthings in each language."""
    first = next(iter(report.languages.values()))
    lengths = [name for name in first if name.endswith(" s") and "," not in name]
    header = ["visemes read", "said in a row"]
    header += [f"signs of {length}" for length in lengths]
    header += [f"guessed, {lengths[1]}", f"too fast at {lengths[0]}"]
    rows = [
        [
            _LANGUAGES[language],
            _percent(row["as spoken"]),
            *(_percent(row[length]) for length in lengths),
            _percent(row[f"guessed, {lengths[1]}"]),
            f"{row[f'too fast, {lengths[0]}']:.0f} of {report.words}",
        ]
        for language, row in report.languages.items()
    ]
    return f"{table(header, rows)}\n\n`{report.command}`, {report.date}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if name == "jitter" else f"{value:.3f}"
