"""What the engine `hubert` costs on one thread of this processor, in fp32 and in int8, in one run.

Processor time is counted, so that other programs disturb little; a ratio is worth more than the
milliseconds that it comes from.

Examples:

    python -m facewire_training.recipes.hubert.cost --random base --step-ms 200

    python -m facewire_training.recipes.hubert.cost --random base --context-ms 500 --json cost.json
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from facewire.report_file import command_line, today, write_report
from facewire_engines.backends.graph import Array, Graph
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.recipe.model import DECODER, ENCODER, FACE, FRONT_END
from facewire_training.bundled_speech import bundled_speech
from facewire_training.command import make_parser, run_command
from facewire_training.option_ranges import COUNT
from facewire_training.recipes.hubert.geometry import (
    FEATURE_MS,
    Geometry,
    add_geometry,
    geometry_of,
)
from facewire_training.recipes.hubert.graphs import export_graphs, quantised
from facewire_training.recipes.hubert.model import (
    Checkpoint,
    FaceModel,
    add_checkpoint,
    checkpoint_of,
    untrained_face,
)
from facewire_training.speech_encoders.networks.hubert_checkpoints import HOP, SAMPLE_RATE
from facewire_training.streaming.relative_error import relative_error
from facewire_training.streaming.step_network import export_step

RUNS = 10
SPEECH_SECONDS = 4
"""Of the bundled clip, on which the error of int8 is measured."""
FRAMES = 60
"""Frames a second."""

_ALONE = np.zeros(1, np.int64)


class Part(msgspec.Struct, frozen=True):
    """A graph's cost."""

    name: str
    run_ms: float
    """Median processor time of one run."""
    runs_per_second: float
    """How often it runs for each second of audio."""

    @property
    def share(self) -> float:
        """Seconds of one thread for each second of audio."""
        return self.run_ms * self.runs_per_second / 1000


class Cost(msgspec.Struct, frozen=True):
    """What the command measured."""

    weights: str
    context_ms: int
    step_ms: int
    right_ms: int
    parts: tuple[Part, ...]
    int8_encoder: Part
    front_end_recomputed_ms: float
    """A run of the front end over the whole window, which nobody has to do."""
    int8_error: float
    """Of the encoder's newest rows, relative to how those of fp32 vary."""
    encoder_bytes: int
    int8_encoder_bytes: int

    @property
    def int8_speedup(self) -> float:
        """How many times faster the encoder is."""
        return self.parts[1].run_ms / self.int8_encoder.run_ms


def measure_cost(checkpoint: Checkpoint, geometry: Geometry, runs: int = RUNS) -> Cost:
    """Export a model in fp32 and int8, and run both, turn by turn, on the bundled clip."""
    face = untrained_face(checkpoint)
    exported = {graph.name: graph for graph in export_graphs(face, geometry)}
    small = quantised(exported[ENCODER])
    graphs = {name: OnnxGraph(graph.content) for name, graph in exported.items()}
    int8 = OnnxGraph(small.content)
    window = _whole_window(face, geometry)
    features = _features(graphs[FRONT_END], geometry.step)
    error = relative_error(_encoded(int8, features), _encoded(graphs[ENCODER], features))
    order = (FRONT_END, ENCODER, DECODER, FACE)
    *parts, quick, recomputed = _median_ms([*(graphs[name] for name in order), int8, window], runs)
    steps = 1000 / geometry.step_ms
    rates = (steps, steps, steps, FRAMES)
    return Cost(
        weights=checkpoint.name,
        context_ms=geometry.context * FEATURE_MS,
        step_ms=geometry.step_ms,
        right_ms=geometry.right * FEATURE_MS,
        parts=tuple(map(Part, order, parts, rates)),
        int8_encoder=Part(f"{ENCODER}, int8", quick, steps),
        front_end_recomputed_ms=recomputed,
        int8_error=error,
        encoder_bytes=len(exported[ENCODER].content),
        int8_encoder_bytes=len(small.content),
    )


def _whole_window(face: FaceModel, geometry: Geometry) -> OnnxGraph:
    """Return the front end for all samples of a window at once."""
    samples = torch.randn(2, geometry.window * HOP) * 0.1
    inputs = (samples, *face.front_end.past(2))
    names = ("samples", *face.front_end.past_names)
    return OnnxGraph(export_step(FRONT_END, face.front_end, inputs, names, ["features"]).content)


def _features(front_end: Graph, step: int) -> list[Array]:
    """Return the features of the bundled clip, step by step."""
    speech = bundled_speech()[: SPEECH_SECONDS * SAMPLE_RATE].unfold(0, step * HOP, step * HOP)
    streams = front_end.streams(1)
    return [streams.step(_ALONE, {"samples": samples.numpy()[None]})[0] for samples in speech]


def _encoded(encoder: Graph, features: list[Array]) -> Tensor:
    """Return the newest row of every step, `[T, D]`."""
    streams = encoder.streams(1)
    rows = [streams.step(_ALONE, {"features": piece})[0][0, -1] for piece in features]
    return torch.from_numpy(np.stack(rows))


def _median_ms(graphs: Sequence[Graph], runs: int) -> list[float]:
    """Run graphs in turn, and return the median of each one's processor time."""
    generator = np.random.default_rng(0)
    feeds = [
        {value.name: generator.random(value.zeros(1).shape, np.float32) for value in g.spec.inputs}
        for g in graphs
    ]
    taken: list[list[float]] = [[] for _ in graphs]
    for _ in range(runs + 1):
        for graph, feed, times in zip(graphs, feeds, taken, strict=True):
            began = time.thread_time()
            graph.run(feed)
            times.append(1000 * (time.thread_time() - began))
    return [statistics.median(times[1:]) for times in taken]


def show(cost: Cost) -> None:
    """Print what was measured."""
    table = Table("graph", box=None, pad_edge=False)
    for title in ("ms each run", "runs a second", "of one thread"):
        table.add_column(title, justify="right")
    for part in (*cost.parts, cost.int8_encoder):
        row = f"{part.run_ms:.2f}", f"{part.runs_per_second:g}", f"{part.share:.1%}"
        table.add_row(part.name, *row)
    console = Console()
    console.print(table)
    others = sum(part.share for part in cost.parts) - cost.parts[1].share
    total, small = others + cost.parts[1].share, others + cost.int8_encoder.share
    console.print(
        f"real-time factor {total:.2f}, with int8 {small:.2f}; the encoder is "
        f"{cost.int8_speedup:.2f} times as fast in int8, {cost.int8_error:.1%} off, and "
        f"{cost.int8_encoder_bytes / 1e6:.0f} instead of {cost.encoder_bytes / 1e6:.0f} MB",
        soft_wrap=True,
    )
    ratio = cost.front_end_recomputed_ms / cost.parts[0].run_ms
    console.print(f"a front end that is not streamed would take {ratio:.1f} times as long")


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, and print."""
    parser = make_parser(__doc__)
    add_checkpoint(parser)
    add_geometry(parser)
    parser.add_argument(
        "--runs", type=COUNT, default=RUNS, help="of each graph (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down")
    run_command(lambda: _measure(parser.parse_args(words)))


def _measure(arguments: argparse.Namespace) -> None:
    geometry = geometry_of(arguments)
    with Console(stderr=True).status("exporting in fp32 and int8, and running both"):
        cost = measure_cost(checkpoint_of(arguments), geometry, arguments.runs)
    show(cost)
    if arguments.json:
        made = {"date": today(), "command": command_line()}
        write_report(arguments.json, made | msgspec.to_builtins(cost))


if __name__ == "__main__":
    main()
