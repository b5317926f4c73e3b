"""Export a HuBERT and a face decoder as a model folder for the engine `hubert`.

The face decoder has random weights: none has been trained.

Examples:

    python -m facewire_training.recipes.hubert.export --random tiny --out hubert-tiny

    python -m facewire_training.recipes.hubert.export --weights FOLDER --out hubert
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.hubert.engine import feature_rows
from facewire_engines.recipe.model import ENCODER
from facewire_training.command import make_parser, run_command
from facewire_training.onnx_folder import (
    ExportedGraph,
    add_folder_options,
    refuse_kept,
    write_folder,
)
from facewire_training.option_ranges import whole_number
from facewire_training.recipes.hubert.geometry import Geometry, add_geometry, geometry_of
from facewire_training.recipes.hubert.graphs import export_graphs, quantised
from facewire_training.recipes.hubert.model import (
    Checkpoint,
    add_checkpoint,
    checkpoint_of,
    untrained_face,
)

UNKNOWN_LICENCE = "that of the weights: see where they come from"


def write_model(
    out: Path,
    checkpoint: Checkpoint,
    geometry: Geometry,
    *,
    layers: int | None = None,
    int8: bool = False,
    licence: str = "",
    non_commercial: bool = False,
    command: str = "",
) -> list[ExportedGraph]:
    """Write the graphs of a HuBERT and their manifest.

    Args:
        out: the folder.
        checkpoint: the HuBERT.
        geometry: what a window is.
        layers: how many layers of the Transformer to keep; all of them if None.
        int8: whether to quantise the Transformer.
        licence: that of the weights; what is known of it if empty.
        non_commercial: whether it forbids commercial use.
        command: what made it, for the manifest.

    Raises:
        ConfigError: the HuBERT has not so many layers, or the folder cannot be written.
    """
    most = checkpoint.hubert.config.num_hidden_layers
    if layers is not None and not 1 <= layers <= most:
        raise ConfigError(f"this HuBERT has {most} layers; choose 1 to {most}, not {layers}")
    graphs = export_graphs(untrained_face(checkpoint, layers), geometry)
    if int8:
        graphs = [quantised(graph) if graph.name == ENCODER else graph for graph in graphs]
    unknown = "Apache-2.0" if checkpoint.random else UNKNOWN_LICENCE
    write_folder(
        out,
        graphs,
        name="hubert",
        command=command,
        licence=licence or unknown,
        non_commercial=non_commercial,
        rows=feature_rows(geometry.step),
    )
    return graphs


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    add_checkpoint(parser)
    add_folder_options(parser)
    add_geometry(parser)
    parser.add_argument(
        "--layers", type=whole_number(1, 256), help="layers to keep, from below (default: all)"
    )
    parser.add_argument(
        "--int8", action="store_true", help="quantise the Transformer, for processors"
    )
    parser.add_argument("--licence", default="", help="of the weights, for the manifest")
    parser.add_argument(
        "--non-commercial", action="store_true", help="the licence forbids commercial use"
    )
    run_command(lambda: _export(parser.parse_args(words)))


def _export(arguments: argparse.Namespace) -> None:
    refuse_kept(arguments)
    console = Console(stderr=True)
    geometry = geometry_of(arguments)
    began = time.monotonic()
    with console.status("loading, exporting and comparing with onnxruntime"):
        graphs = write_model(
            arguments.out,
            checkpoint_of(arguments),
            geometry,
            layers=arguments.layers,
            int8=arguments.int8,
            licence=arguments.licence,
            non_commercial=arguments.non_commercial,
            command=command_line(),
        )
    for graph in graphs:
        print(f"{graph.name}: {graph.parameters:,} parameters, {len(graph.content):,} bytes")
    print(f"{arguments.out} is ready after {time.monotonic() - began:.0f} s; its faces are random")


if __name__ == "__main__":
    main()
