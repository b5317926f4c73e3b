"""Export a trained prior, with the embedded model's encoder, for the engine `recipe`.

    python -m facewire_training.recipes.prior.export --run runs/prior --style grid=1 \
        --out runs/models/prior

Then: facewire live --engine recipe:runs/models/prior
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.model_files import DataSource, SpeechRows
from facewire_engines.recipe.model import DECODER, FACE
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import told_sources
from facewire_training.onnx_folder import (
    ExportedGraph,
    add_folder_options,
    export_graph,
    refuse_kept,
    write_folder,
)
from facewire_training.option_ranges import number
from facewire_training.recipes.prior.decoder import (
    Chosen,
    CodeDecoder,
    CodeStep,
    FaceBetweenRows,
)
from facewire_training.recipes.prior.motion import NAMES, RULES
from facewire_training.recipes.prior.train import load_decoder
from facewire_training.speech_encoders.phone_rows import (
    WIDTH,
    PhoneRowsEncoder,
    load_phone_rows,
)
from facewire_training.streaming.step_network import export_step

REACH = 6
"""Rows among which a frame finds the two beside it, at the longest look-ahead."""
LOOKAHEAD_MS = 160.0
"""The longest of a session, as that of the embedded model; 80 ms tell all that the rows do."""
PASTS = ("past_known", "past_keys", "past_values", "past_latents")


def decoder_graphs(
    decoder: CodeDecoder, chosen: Chosen = "mean", heat: float = 1.0
) -> list[ExportedGraph]:
    """Return the graphs of a decoder.

    Args:
        decoder: what was trained.
        chosen: what is made of the shares of codes.
        heat: of these shares.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    step = CodeStep(decoder, chosen, heat)
    style = torch.rand(2, len(decoder.config.names))
    inputs = (torch.rand(2, 1, WIDTH), torch.ones(2, 1), style, *step.past(2))
    names = ("rows", "known", "style", *PASTS)
    memory = torch.rand(2, REACH, decoder.codes.decoder.out.out_features)
    asked = (memory, torch.rand(2, REACH) * REACH, torch.ones(2, REACH))
    return [
        export_step(DECODER, step, inputs, names, ["memory"]),
        export_graph(FACE, FaceBetweenRows(), asked, ("memory", "ages", "known"), ["weights"]),
    ]


def write_prior(
    out: Path,
    decoder: CodeDecoder,
    encoder: PhoneRowsEncoder,
    shares: Tensor,
    *,
    name: str = "prior",
    chosen: Chosen = "mean",
    heat: float = 1.0,
    command: str = "",
    data: tuple[DataSource, ...] = (),
) -> list[ExportedGraph]:
    """Write the graphs and their manifest; `shares` `[styles]` are the usual style.

    Raises:
        ConfigError: the folder cannot be written.
        ValueError: onnxruntime does not compute what torch does.
    """
    hearing = [network.exported() for network in encoder.networks()]
    graphs = [*hearing, *decoder_graphs(decoder, chosen, heat)]
    about = encoder.representation
    rows = SpeechRows(
        name=about.name,
        rate=str(about.rate),
        middle=str(about.middle),
        sample_rate=encoder.sample_rate,
        kind="features",
        lookahead_ms=LOOKAHEAD_MS,
        styles=decoder.config.names,
        shares=tuple(shares.tolist()),
    )
    write_folder(out, graphs, name=name, command=command, data=data, rows=rows)
    return graphs


def read_style(words: Sequence[str], names: Sequence[str] = NAMES) -> Tensor:
    """Return the shares `[styles]` of what is written, such as `grid=0.3`; the rest is the rules'.

    Raises:
        ConfigError: there is no such style, or a share is not from 0 to 1, or they are over 1.
    """
    read, shares = number(0, 1), torch.zeros(len(names))
    for word in words:
        name, _, share = word.partition("=")
        if name not in names:
            raise ConfigError(f"there is no style {name!r}; choose from {', '.join(names)}")
        try:
            shares[names.index(name)] = read(share)
        except argparse.ArgumentTypeError as error:
            raise ConfigError(f"the share of {name} is not {error}") from error
    left = 1 - float(shares.sum())
    if left < -1e-6:
        raise ConfigError("the shares of styles are more than 1 together; make them smaller")
    shares[names.index(RULES)] += max(left, 0.0)
    return shares


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run of the second stage")
    add_folder_options(parser)
    add("--name", default="prior", help="of the model (default: %(default)s)")
    add("--style", action="append", default=[], metavar="NAME=SHARE",
        help=f"usually, of {', '.join(NAMES)}; the rules have the rest")  # fmt: skip
    add("--chosen", choices=("mean", "best"), default="mean",
        help="what is made of shares of codes (default: %(default)s)")  # fmt: skip
    add("--heat", type=number(0.05, 5), default=1.0, help="less is surer (default: %(default)s)")
    run_command(lambda: _export(parser.parse_args(words)))


def _export(options: argparse.Namespace) -> None:
    refuse_kept(options)
    told = options.run / "command.txt"
    made = f"{told.read_text().strip()} && " if told.is_file() else ""
    decoder = load_decoder(options.run)
    graphs = write_prior(
        options.out,
        decoder,
        load_phone_rows(),
        read_style(options.style, decoder.config.names),
        name=options.name,
        chosen=options.chosen,
        heat=options.heat,
        command=made + command_line(),
        data=told_sources(options.run),
    )
    for graph in graphs:
        print(f"{graph.name}: {graph.parameters:,} parameters, {len(graph.content):,} bytes")
    print(f"{options.out} is ready: facewire live --engine recipe:{options.out}")


if __name__ == "__main__":
    main()
