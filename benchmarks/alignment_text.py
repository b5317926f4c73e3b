"""What docs/alignment.md says of the times that providers tell: how often lips close by them."""

from collections.abc import Iterable

import msgspec

from docs_sections import table


class Shares(msgspec.Struct, frozen=True):
    """How often the lips do what a voice says."""

    contacts: int
    closed: float
    vowels_shut: float


class Measured(msgspec.Struct, frozen=True):
    """One voice under one condition."""

    voice: str
    condition: str
    clean: Shares
    noisy: Shares


class AlignmentReport(msgspec.Struct, frozen=True):
    """What `python -m facewire_training.evaluation.alignment.measure --json` wrote."""

    date: str
    command: str
    sentences: int
    noise_db: float
    measured: list[Measured]


def closures_by_times(report: AlignmentReport) -> str:
    """Return how often lips close by what is told, of each voice, and in noise."""
    voices = list(dict.fromkeys(one.voice for one in report.measured))
    counts = {one.voice: one.clean.contacts for one in report.measured}
    said = " and ".join(f"{counts[voice]} of `{voice}`" for voice in voices)
    told = (
        f"{report.sentences} sentences full of p, b and m ({said}), told in each provider's shape "
        "from the voice's own times, which are the truth, too: on how many of its p, b and m the "
        "lips meet; in brackets, in how many of its open vowels they are shut. In noise: white, "
        f"{report.noise_db:g} dB below the voice."
    )
    ways = [(voice, kind) for voice in voices for kind in ("clean", "noisy")]
    header = [
        "told",
        *(f"{voice}{', in noise' if kind == 'noisy' else ''}" for voice, kind in ways),
    ]
    conditions = dict.fromkeys(one.condition for one in report.measured)
    rows = [[condition, *_cells(report, condition, ways)] for condition in conditions]
    return f"`{report.command}`, {report.date}.\n\n{told}\n\n{table(header, rows)}"


def _cells(
    report: AlignmentReport, condition: str, ways: Iterable[tuple[str, str]]
) -> Iterable[str]:
    for voice, kind in ways:
        for one in report.measured:
            if (one.voice, one.condition) == (voice, condition):
                shares = one.clean if kind == "clean" else one.noisy
                yield f"{100 * shares.closed:.1f} % ({100 * shares.vowels_shut:.1f} %)"
