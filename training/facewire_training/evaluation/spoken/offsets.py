"""When the phones of the natural voice are heard, against when it says that they are.

    python -m facewire_training.evaluation.spoken.offsets [--rate WORDS] [--json FILE]

speaks a hundred sentences, and aligns each with its sound: our aligner hears the phones
(`facewire_training.data.align`; 2 ms from pocketsphinx's on real speech in the median, half within
8 ms). It prints how early phones are against the graph, by their class and by how many signs of
stress and spaces stand before them: the rule in `facewire_engines.voices.hibari.timing`. And how
far from the sound they still are by that rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import soxr

from facewire.report_file import command_line, today, write_report
from facewire_engines.hearing.hop_intake import SAMPLE_RATE as HEARD_RATE
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.misaki import PAUSES, STRESS
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.hibari import package
from facewire_engines.voices.hibari.package import FRAME, Hibari, load_hibari
from facewire_engines.voices.hibari.timing import SymbolPhone, phone_class, timed_phones
from facewire_engines.voices.hibari.voice import HibariVoice, pieces, speed_of
from facewire_training.command import make_parser, run_command
from facewire_training.data.align import align
from facewire_training.data.corpora.corpus import SILENCE
from facewire_training.data.recognisers import Recogniser, recogniser
from facewire_training.evaluation.voice import sentences
from facewire_training.option_ranges import whole_number
from facewire_training.phones import PhoneInterval


@dataclass(frozen=True, slots=True)
class Onset:
    """Where one phone begins, in ms: by the graph, by the rule, and in the sound."""

    kind: str
    """A key of `facewire_engines.voices.hibari.timing.EARLY_S`."""
    signs: str
    """How many signs stand before it: 0, 1, 2; or `pause`."""
    graph: float
    """Where the first of its signs begins, or itself."""
    rule: float
    heard: float


class Distance(msgspec.Struct, frozen=True):
    """How far onsets are from those that are heard."""

    count: int
    median_ms: float
    """Positive is too late."""
    half_within_ms: float
    within_50: float
    """Share of them."""


class OffsetsReport(msgspec.Struct, frozen=True):
    """What the program found."""

    date: str
    command: str
    rate: int
    sentences: int
    aligned: int
    graph: Distance
    rule: Distance
    classes: dict[str, Distance]
    """By the rule, for each class."""
    graph_classes: dict[str, Distance]
    """By the graph, for each class and number of signs."""


def onsets(text: str, hibari: Hibari, ear: Recogniser, speed: float) -> Iterator[Onset]:
    """Yield the onsets of a text, unless what is heard does not fit it."""
    voice = HibariVoice(hibari)
    for piece in pieces(text):
        reading = voice.read(piece)
        spoken = hibari.synthesise(reading.symbols, speed, 50)
        phones = timed_phones(reading.symbols, spoken.frames, spoken.sound, speed)
        words = [
            [p.phone.phone for p in phones if word.first <= p.symbol < word.end]
            for word in reading.words
        ]
        samples = soxr.resample(spoken.sound, package.SAMPLE_RATE, HEARD_RATE).astype(np.float32)
        whole = np.pad(samples, (0, -len(samples) % HOP))
        found = align(ear.recognise(whole), [word for word in words if word])
        heard = [p for p in found or () if p.phone_index != SILENCE]
        if len(heard) == len(phones):
            edges = np.concatenate(([0], np.cumsum(spoken.frames))) * FRAME
            yield from _onsets(reading.symbols, edges.tolist(), phones, heard)


def _onsets(
    symbols: str,
    edges: Sequence[int],
    phones: Sequence[SymbolPhone],
    heard: Sequence[PhoneInterval],
) -> Iterator[Onset]:
    for index, (mine, theirs) in enumerate(zip(phones, heard, strict=True)):
        if index and phones[index - 1].symbol == mine.symbol:
            continue  # the second part of a symbol has no edge
        first = mine.symbol
        while first and symbols[first - 1] in f"{STRESS} ":
            first -= 1
        paused = first == 0 or symbols[first - 1] in PAUSES
        stress = mine.symbol - len(symbols[first : mine.symbol].replace(" ", ""))
        yield Onset(
            phone_class(PHONES[mine.phone.phone]),
            "pause" if paused else str(min(mine.symbol - first, 2)),
            1000 * edges[(stress if paused else first) + 1] / package.SAMPLE_RATE,
            1000 * mine.phone.start / package.SAMPLE_RATE,
            1000 * theirs.start_s,
        )


def distance(late_ms: Sequence[float]) -> Distance:
    """Sum up distances."""
    late = np.array(late_ms)
    off = np.abs(late)
    return Distance(
        len(late),
        round(float(np.median(late)), 1),
        round(float(np.median(off)), 1),
        round(float(np.mean(off <= 50)), 4),
    )


def report(found: Sequence[Onset], rate: int, count: int, aligned: int) -> OffsetsReport:
    """Return the figures."""
    kinds = sorted({onset.kind for onset in found})
    signs = sorted({(onset.kind, onset.signs) for onset in found})
    return OffsetsReport(
        today(), command_line(), rate, count, aligned,
        distance([o.graph - o.heard for o in found]),
        distance([o.rule - o.heard for o in found]),
        {k: distance([o.rule - o.heard for o in found if o.kind == k]) for k in kinds},
        {
            f"{k} {s}": distance([o.graph - o.heard for o in found if (o.kind, o.signs) == (k, s)])
            for k, s in signs
        },
    )  # fmt: skip


def main() -> None:
    """Measure, and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--rate", type=whole_number(80, 450), default=175, help="words a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    hibari, ear, speed = load_hibari(""), recogniser(None), speed_of(options.rate)
    each = [list(onsets(text, hibari, ear, speed)) for text in sentences()]
    found = report(
        [onset for one in each for onset in one], options.rate, len(each), sum(map(bool, each))
    )
    for name, one in {"graph": found.graph, "rule": found.rule, **found.classes}.items():
        print(_line(name, one))
    for name, one in found.graph_classes.items():
        print(_line(f"graph, {name}", one))
    if options.json:
        write_report(options.json, found)


def _line(name: str, found: Distance) -> str:
    return (
        f"{name}: {found.count} onsets, median {found.median_ms:+.1f} ms, half within "
        f"{found.half_within_ms:.1f} ms, {found.within_50:.1%} within 50 ms"
    )


if __name__ == "__main__":
    run_command(main)
