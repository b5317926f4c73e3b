"""How far an encoder in a window agrees with itself over the whole recording.

None of the paper's encoders is causal: what it says of a moment depends on sound after it. On a
stream it runs anew over a window that slides. This says what that costs: how much right context
makes how many ids, or which features, those of the whole.

Examples:

    python -m facewire_training.speech_encoders.windowed_agreement --encoder hubert --random

    python -m facewire_training.speech_encoders.windowed_agreement --encoder cosyvoice2 \
        --weights speech_tokenizer_v2.onnx --json agreement.json
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire.sources.sound_file import SoundFile
from facewire_training.bundled_speech import bundled_speech
from facewire_training.command import make_parser, run_command
from facewire_training.option_ranges import THREADS, whole_number
from facewire_training.speech_encoders.encoder import Representation, SpeechEncoder
from facewire_training.speech_encoders.registry import ENCODERS, RANDOM, open_encoder
from facewire_training.streaming.relative_error import relative_error

LEFT_MS = 2000
RIGHTS_MS = (0, 40, 80, 160, 320, 640)
EVERY_MS = 160
BATCH = 8


class Agreement(msgspec.Struct, frozen=True):
    """Of one right context."""

    right_ms: int
    """Sound after the end of a row's period that the window holds."""
    equal: tuple[float, ...] = ()
    """Share of equal ids, of each codebook; empty for features."""
    error: float = 0.0
    """Relative error of features, 1 if they were always the mean; 0 for ids."""


class AgreementReport(msgspec.Struct, frozen=True):
    """What the command measured."""

    encoder: str
    weights: str
    random: bool
    rate: float
    seconds: float
    windows: int
    left_ms: int
    luck: tuple[float, ...]
    """Share of ids that are equal in two moments of the whole, of each codebook."""
    agreements: tuple[Agreement, ...]


def measure_agreement(
    encoder: SpeechEncoder,
    speech: NDArray[np.float32],
    rights_ms: Sequence[int] = RIGHTS_MS,
    left_ms: int = LEFT_MS,
    every_ms: int = EVERY_MS,
    done: Callable[[], None] = lambda: None,
) -> tuple[int, tuple[float, ...], tuple[Agreement, ...]]:
    """Compare windows with the whole.

    Args:
        encoder: an encoder of whole utterances.
        speech: `[T]` at the encoder's rate.
        rights_ms: right contexts.
        left_ms: sound before a row's period that every window holds.
        every_ms: from one measured row to the next.
        done: called after each right context.

    Returns:
        How many windows, what luck gives, and the agreements.

    Raises:
        ConfigError: a context is no whole number of rows, or the speech is too short for them.
    """
    representation = encoder.representation
    left, every = (rows_of(ms, representation) for ms in (left_ms, every_ms))
    rights = [rows_of(ms, representation) for ms in rights_ms]
    (whole,) = encoder.encode([speech])
    step = Fraction(encoder.sample_rate) / representation.rate
    if every % step.denominator:
        raise ConfigError(
            f"--every-ms {every_ms} does not end on a sample; choose a multiple of 40"
        )
    # Windows begin on a sample.
    places = range(left, len(whole) - max(rights), every)
    if len(places) < 2:
        raise ConfigError(
            f"{len(speech) / encoder.sample_rate:g} s of speech are too short for windows of "
            f"{left_ms} and {max(rights_ms)} ms; give a longer recording"
        )
    agreements = []
    for right_ms, right in zip(rights_ms, rights, strict=True):
        length = ceil((left + 1 + right) * step)
        starts = [int((place - left) * step) for place in places]
        windows = (speech[start : start + length] for start in starts)
        rows = np.stack([encoded[left] for encoded in _encoded(encoder, windows)])
        agreements.append(_compare(right_ms, rows, whole[list(places)]))
        done()
    luck = tuple(map(_luck, whole.T)) if representation.is_ids else ()
    return len(places), luck, tuple(agreements)


def rows_of(ms: int, representation: Representation) -> int:
    """Return how many rows are in some milliseconds.

    Raises:
        ConfigError: not a whole number.
    """
    rows = ms * representation.rate / 1000
    if rows.denominator != 1 or rows < 0:
        raise ConfigError(
            f"{ms} ms are not whole rows of {representation.name} at {representation.rate} Hz; "
            "choose multiples of 40"
        )
    return int(rows)


def _encoded(
    encoder: SpeechEncoder, windows: Iterator[NDArray[np.float32]]
) -> Iterator[NDArray[np.generic]]:
    batch: list[NDArray[np.float32]] = []
    for window in windows:
        batch.append(window)
        if len(batch) == BATCH:
            yield from encoder.encode(batch)
            batch = []
    yield from encoder.encode(batch)


def _compare(right_ms: int, found: NDArray[np.generic], expected: NDArray[np.generic]) -> Agreement:
    if np.issubdtype(expected.dtype, np.integer):
        return Agreement(right_ms, equal=tuple(map(float, (found == expected).mean(0))))
    error = relative_error(torch.from_numpy(found), torch.from_numpy(expected))
    return Agreement(right_ms, error=error)


def _luck(ids: NDArray[np.generic]) -> float:
    _, counts = np.unique(ids, return_counts=True)
    return float(((counts / len(ids)) ** 2).sum())


def cells(report: AgreementReport) -> tuple[list[str], list[list[str]]]:
    """Return the titles and the rows of a table."""
    if not report.luck:
        rows = [[str(a.right_ms), f"{a.error:.1%}"] for a in report.agreements]
        return ["right context, ms", "relative error"], rows
    several = len(report.luck) > 1
    titles = ["right context, ms", *(["of the first codebook"] if several else []), "ids equal"]
    rows = []
    for agreement in report.agreements:
        shares = [agreement.equal[0]] if several else []
        shares.append(sum(agreement.equal) / len(agreement.equal))
        rows.append([str(agreement.right_ms), *(f"{share:.1%}" for share in shares)])
    return titles, rows


def show(report: AgreementReport) -> None:
    """Print a report."""
    titles, rows = cells(report)
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    kind = "random weights: these figures say something of the architecture only"
    luck = f"; by luck {sum(report.luck) / len(report.luck):.1%}" if report.luck else ""
    console.print(
        f"{report.encoder} ({kind if report.random else report.weights}); {report.windows} windows "
        f"of {report.seconds:.1f} s, {report.left_ms} ms of left context{luck}",
        soft_wrap=True,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--encoder", choices=tuple(ENCODERS), required=True, help="which one")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--weights", type=Path, help="its weights; the store's by default")
    choice.add_argument("--random", action="store_true", help="random weights, in the full size")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--input", type=Path, help="speech; the bundled clip by default")
    parser.add_argument(
        "--left-ms", type=whole_number(0, 60_000), default=LEFT_MS, help="default: %(default)s"
    )
    parser.add_argument(
        "--right-ms", type=whole_number(0, 60_000), nargs="+", default=RIGHTS_MS, metavar="MS"
    )
    parser.add_argument(
        "--every-ms",
        type=whole_number(1, 60_000),
        default=EVERY_MS,
        help="between windows (default: %(default)s)",
    )
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down")
    run_command(lambda: _measure(parser.parse_args(words)))


def _measure(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    encoder = _encoder(arguments)
    speech = _speech(arguments.input, encoder.sample_rate)
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("right contexts", total=len(arguments.right_ms))
        windows, luck, agreements = measure_agreement(
            encoder,
            speech,
            arguments.right_ms,
            arguments.left_ms,
            arguments.every_ms,
            lambda: bars.advance(task),
        )
    report = AgreementReport(
        encoder=arguments.encoder,
        weights="random" if arguments.random else _name(arguments.weights),
        random=arguments.random,
        rate=float(encoder.representation.rate),
        seconds=len(speech) / encoder.sample_rate,
        windows=windows,
        left_ms=arguments.left_ms,
        luck=luck,
        agreements=agreements,
    )
    show(report)
    if arguments.json:
        made = {"date": today(), "command": command_line()}
        write_report(arguments.json, made | msgspec.to_builtins(report))


def _encoder(arguments: argparse.Namespace) -> SpeechEncoder:
    if not arguments.random:
        return open_encoder(arguments.encoder, arguments.weights, arguments.device)
    if arguments.encoder not in RANDOM:
        raise ConfigError(
            f"{arguments.encoder} has no random weights to show; choose from {', '.join(RANDOM)}"
        )
    if arguments.device != "cpu":
        raise ConfigError("random weights are tried on the processor only; leave --device")
    return RANDOM[arguments.encoder](bundled_speech().numpy())


def _speech(path: Path | None, sample_rate: int) -> NDArray[np.float32]:
    if path is None:
        return bundled_speech().numpy()
    pieces = [chunk.samples for chunk in SoundFile(path, sample_rate)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _name(weights: Path | None) -> str:
    return weights.name if weights else "of the store"


if __name__ == "__main__":
    main()
