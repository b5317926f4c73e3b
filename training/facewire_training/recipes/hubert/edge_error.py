"""How far HuBERT's features in a window are from those of the whole recording, layer by layer.

Examples:

    python -m facewire_training.recipes.hubert.edge_error --random base

    python -m facewire_training.recipes.hubert.edge_error --weights FOLDER --json e.json
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire.sources.sound_file import SoundFile
from facewire_training.bundled_speech import bundled_speech
from facewire_training.command import make_parser, run_command
from facewire_training.option_ranges import COUNT, whole_number
from facewire_training.recipes.hubert.front_end import StreamedFrontEnd, offline_features
from facewire_training.recipes.hubert.geometry import features_of
from facewire_training.recipes.hubert.model import Checkpoint, add_checkpoint, checkpoint_of
from facewire_training.recipes.hubert.window import WindowedHubert, all_known
from facewire_training.speech_encoders.networks.hubert_checkpoints import HOP, SAMPLE_RATE
from facewire_training.streaming.relative_error import relative_error

RIGHTS_MS = (0, 20, 40, 80, 160, 320)
LEFTS_MS = (200, 500, 1000, 2000)
LEFT_MS, RIGHT_MS = 1000, 80
"""What stays the same while the other side changes."""
EVERY = 8
"""Features from one measured window to the next."""
BATCH = 16


class EdgeError(msgspec.Struct, frozen=True):
    """The error of one kind of window."""

    left_ms: int
    right_ms: int
    layers: tuple[float, ...]
    """Of what goes into the first layer, and what comes out of each, if the front end is exact."""
    streamed: float
    """Of the last layer, behind the front end that streams."""


class EdgeReport(msgspec.Struct, frozen=True):
    """What the command measured."""

    weights: str
    random: bool
    seconds: float
    windows: int
    front_end: float
    """Error of the features of the front end that streams: its statistics are not the whole's."""
    errors: tuple[EdgeError, ...]


def measure_edges(
    checkpoint: Checkpoint,
    speech: Tensor,
    sides: Sequence[tuple[int, int]],
    every: int = EVERY,
    done: Callable[[], None] = lambda: None,
) -> EdgeReport:
    """Compare windows with the whole.

    Args:
        checkpoint: the HuBERT.
        speech: `[T]` at 16 kHz, whole hops of 320.
        sides: left and right context of each kind of window, in ms.
        every: features from one measured window to the next.
        done: called after each kind of window.

    Raises:
        ConfigError: a context is not a multiple of 20 ms, or the speech is too short for them.
    """
    widths = [(features_of(a, "a context"), features_of(b, "a right context")) for a, b in sides]
    hops = len(speech) // HOP
    first, end = max(left for left, _ in widths), hops - max(right for _, right in widths)
    places = range(first, end, every)
    if len(places) < 2:
        raise ConfigError(f"{len(speech) / SAMPLE_RATE:g} s are too short; give a longer recording")
    with torch.inference_mode():
        # The statistics begin with another recording's, as in an exported model.
        front_end = StreamedFrontEnd(
            checkpoint.hubert, bundled_speech(), normalised=checkpoint.normalised
        )
        exact = offline_features(checkpoint.hubert, speech, normalised=checkpoint.normalised)
        live = _stream(front_end, speech)
        hubert = WindowedHubert(checkpoint.hubert)
        whole = [layer[0, list(places)] for layer in hubert.hidden(exact, all_known(exact))]
        errors = []
        for (left_ms, right_ms), (left, right) in zip(sides, widths, strict=True):
            layers = _windowed(hubert, exact[0], places, left, right)
            streamed = _windowed(hubert, live[0], places, left, right)[-1]
            by_layer = tuple(map(relative_error, layers, whole))
            errors.append(
                EdgeError(left_ms, right_ms, by_layer, relative_error(streamed, whole[-1]))
            )
            done()
    return EdgeReport(
        weights=checkpoint.name,
        random=checkpoint.random,
        seconds=len(speech) / SAMPLE_RATE,
        windows=len(places),
        front_end=relative_error(live[0], exact[0]),
        errors=tuple(errors),
    )


def _stream(front_end: StreamedFrontEnd, speech: Tensor) -> Tensor:
    """Return the features `[1, T, C]` that a stream of single hops has."""
    past, features = front_end.past(1), []
    for samples in speech.unfold(0, HOP, HOP):
        piece, *following = front_end(samples[None], *past)
        past = tuple(following)
        features.append(piece)
    return torch.cat(features, dim=1)


def _windowed(
    hubert: WindowedHubert, features: Tensor, places: range, left: int, right: int
) -> list[Tensor]:
    """Return each layer's `[len(places), D]`, each place from a window of its own."""
    windows = torch.stack([features[place - left : place + right + 1] for place in places])
    rows = []
    for start in range(0, len(windows), BATCH):
        batch = windows[start : start + BATCH]
        layers = hubert.hidden(batch, all_known(batch))
        rows.append([layer[:, left] for layer in layers])
    return [torch.cat(layer) for layer in zip(*rows, strict=True)]


def cells(report: EdgeReport) -> tuple[list[str], list[list[str]]]:
    """Return the titles and the rows of a table, with five of the layers."""
    last = len(report.errors[0].layers) - 1
    shown = sorted({round(last * share / 4) for share in range(5)})
    titles = ["left context, ms", "right context, ms", "before layer 1"]
    titles += [f"after layer {layer}" for layer in shown[1:]]
    titles.append("the last one, streamed front end")
    rows = []
    for error in report.errors:
        figures = [*(error.layers[layer] for layer in shown), error.streamed]
        rows.append([str(error.left_ms), str(error.right_ms), *(f"{f:.1%}" for f in figures)])
    return titles, rows


def show(report: EdgeReport, markdown: bool) -> None:
    """Print a report."""
    titles, rows = cells(report)
    if markdown:
        lines = [titles, ["---:"] * len(titles), *rows]
        print("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    kind = "random weights: these figures are the architecture's only" if report.random else "real"
    console.print(
        f"{report.weights} ({kind}); {report.windows} windows of {report.seconds:.1f} s; the "
        f"streamed front end alone is {report.front_end:.1%} off",
        soft_wrap=True,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, and print."""
    parser = make_parser(__doc__)
    add_checkpoint(parser)
    parser.add_argument("--input", type=Path, help="speech; the bundled clip by default")
    parser.add_argument(
        "--left-ms", type=whole_number(0, 60_000), nargs="+", default=LEFTS_MS, metavar="MS"
    )
    parser.add_argument(
        "--right-ms", type=whole_number(0, 60_000), nargs="+", default=RIGHTS_MS, metavar="MS"
    )
    parser.add_argument(
        "--every", type=COUNT, default=EVERY, help="features between windows (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    run_command(lambda: _measure(parser.parse_args(words)))


def _measure(arguments: argparse.Namespace) -> None:
    checkpoint = checkpoint_of(arguments)
    speech = bundled_speech() if arguments.input is None else _read(arguments.input)
    sides = [(LEFT_MS, right) for right in arguments.right_ms]
    sides += [(left, RIGHT_MS) for left in arguments.left_ms]
    sides = list(dict.fromkeys(sides))
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("windows", total=len(sides))
        report = measure_edges(
            checkpoint, speech, sides, arguments.every, lambda: bars.advance(task)
        )
    show(report, arguments.markdown)
    if arguments.json:
        made = {"date": today(), "command": command_line()}
        write_report(arguments.json, made | msgspec.to_builtins(report))


def _read(path: Path) -> Tensor:
    pieces = [torch.from_numpy(c.samples.copy()) for c in SoundFile(path, SAMPLE_RATE)]
    speech = torch.cat(pieces)
    return speech[: len(speech) // HOP * HOP]


if __name__ == "__main__":
    main()
