"""Export a trained run as the ONNX files and the manifest that the engine loads.

python -m facewire_training.model.export --run runs/phones --out MODEL_FOLDER
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from facewire.report_file import command_line
from facewire_engines.model_files import DataSource
from facewire_engines.phones.engine import DECODER_INPUTS, ENCODER_INPUTS
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import load
from facewire_training.data.soft_labels import labelled
from facewire_training.data.sources import DATA_FILE, SOURCES, TEACHER
from facewire_training.data.styles import parse_styles
from facewire_training.model.decoder import PLACES, Decoder, DecoderConfig, fix_style
from facewire_training.model.encoder import HINDSIGHT, Encoder, EncoderConfig
from facewire_training.model.frontend import HOP
from facewire_training.onnx_folder import (
    ExportedGraph,
    add_folder_options,
    export_graph,
    refuse_kept,
    write_folder,
)
from facewire_training.option_ranges import number
from facewire_training.training_run import read_state


class ExportedEncoder(nn.Module):
    """The encoder with probabilities instead of scores, as the engine wants it."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, samples: Tensor, past_samples: Tensor, past_mel: Tensor, past_hidden: Tensor
    ) -> tuple[Tensor, ...]:
        """Map one hop or more to class probabilities, effort, and the next pasts."""
        scores, effort, *past = self.encoder(samples, past_samples, past_mel, past_hidden)
        return scores.softmax(-1), effort, *past


def load_run(run: Path, style: Sequence[str] = ()) -> tuple[Encoder, Decoder]:
    """Rebuild the networks of a run from its checkpoint, the decoder in a style: `grid=0.5`.

    Raises:
        ValueError: there is no such style.
    """
    state = read_state(run / "checkpoint.pt")
    weights = state.get("average", state["model"])
    encoder = Encoder(EncoderConfig(**state["config"]["encoder"]))
    decoder = Decoder(DecoderConfig(**state["config"]["decoder"]))
    for name, network in (("encoder.", encoder), ("decoder.", decoder)):
        own = {k.removeprefix(name): v for k, v in weights.items() if k.startswith(name)}
        network.load_state_dict(own)
        network.eval()
    fix_style(decoder, torch.from_numpy(parse_styles(style)))
    return encoder, decoder


BILABIALS = ("p", "b", "m")


def calibrate(encoder: Encoder, power: float = 1.0, bilabials: float = 0.0) -> None:
    """Change how sure an encoder is of its classes, at no cost to run.

    Args:
        encoder: whose head is changed.
        power: what class probabilities are raised to, and renormalised; above 1 it is surer of what
            it says. It is the inverse of a softmax's temperature.
        bilabials: added to the scores of p, b and m before the softmax. Training counts them more
            than others, so that few are missed; below 0 fewer are heard where there are none.
    """
    places = [PHONES.index(name) for name in BILABIALS]
    with torch.no_grad():
        for weight in encoder.head.parameters():
            rows = weight.view(HINDSIGHT, len(PHONES) + 1, -1)
            rows[:, :-1] *= power
        bias = encoder.head.bias.view(HINDSIGHT, len(PHONES) + 1)
        bias[:, places] += bilabials


def export_encoder(encoder: Encoder) -> ExportedGraph:
    """Return the encoder as ONNX with dynamic batch and length, every past in and out."""
    module = ExportedEncoder(encoder)
    inputs = (torch.randn(2, 3 * HOP) * 0.1, *encoder.past(2))
    outputs = ["classes", "effort", *(f"next_{name}" for name in ENCODER_INPUTS[1:])]
    axes = {name: {0: "batch"} for name in (*ENCODER_INPUTS, *outputs)}
    axes["samples"][1] = "samples"
    axes["classes"][1] = axes["effort"][1] = "hops"
    axes["past_hidden"] = axes["next_past_hidden"] = {1: "batch"}
    return export_graph("encoder.onnx", module, inputs, ENCODER_INPUTS, outputs, axes=axes)


def export_decoder(decoder: Decoder) -> ExportedGraph:
    """Return the decoder as ONNX with dynamic batch; its style is fixed, and no parameter."""
    mask = torch.ones(2, PLACES)
    inputs = (torch.rand(2, PLACES, len(PHONES)), mask, torch.rand(2, PLACES), mask)
    graph = export_graph("decoder.onnx", decoder, inputs, DECODER_INPUTS, ["weights"])
    kept = (w for name, w in decoder.named_parameters() if not name.startswith("styles."))
    return replace(graph, parameters=sum(weight.numel() for weight in kept))


def data_of(run: Path, corpus: Path) -> tuple[DataSource, ...]:
    """Return what a run has learned from, and the runs that it began with.

    Args:
        run: folder of the run.
        corpus: the shards, of which the run says which it has heard.
    """
    heard, found = set[str](), dict[str, DataSource]()
    pending, seen = [run], set[Path]()
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        if (one / "config.json").exists():
            config = json.loads((one / "config.json").read_text())
            heard |= {name for name, share in config["batches"]["shares"] if share > 0}
            before = (config.get("begin_with"), config.get("decoder_of"))
            pending += [Path(other) for other in before if other]
        if (one / DATA_FILE).exists():
            known = msgspec.json.decode((one / DATA_FILE).read_bytes(), type=list[DataSource])
            found |= {source.name: source for source in known}
    taught_hours = 0.0
    for shard in load(corpus):
        if shard.corpus in heard and shard.corpus in SOURCES:
            source = SOURCES[shard.corpus]
            found[source.name] = source.entry(shard.hours)
            taught_hours += shard.hours if labelled(corpus, shard) else 0.0
    if taught_hours:
        found[TEACHER.name] = TEACHER.entry(taught_hours)
    return tuple(found.values())


def write_model(
    run: Path,
    corpus: Path,
    out: Path,
    command: str,
    style: Sequence[str],
    *,
    power: float = 1.0,
    bilabials: float = 0.0,
) -> None:
    """Write the ONNX files of a run and their manifest; the numbers are those of `calibrate`.

    Raises:
        ConfigError: the folder cannot be written.
    """
    encoder, decoder = load_run(run, style)
    calibrate(encoder, power, bilabials)
    graphs = export_encoder(encoder), export_decoder(decoder)
    data = data_of(run, corpus)
    write_folder(out, graphs, name="phones", command=command, tokens=PHONES, data=data)
    for graph in graphs:
        print(f"{graph.name}: {graph.parameters:,} parameters, {len(graph.content):,} bytes")


def main() -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--corpus", type=Path, required=True, help="corpora it was trained on")
    add_folder_options(parser)
    parser.add_argument(
        "--style", action="append", default=[], help="share of a captured style, such as grid=0.5"
    )
    parser.add_argument(
        "--power",
        type=number(0, 10, above=True),
        default=1.0,
        help="power of the class probabilities (default 1)",
    )
    parser.add_argument(
        "--bilabials",
        type=number(-10, 10),
        default=0.0,
        help="added to the scores of p, b, m (default 0)",
    )
    arguments = parser.parse_args()
    refuse_kept(arguments)
    made = (arguments.run / "command.txt").read_text().strip()
    made += f" && {command_line()}"
    write_model(
        arguments.run,
        arguments.corpus,
        arguments.out,
        made,
        arguments.style,
        power=arguments.power,
        bilabials=arguments.bilabials,
    )


if __name__ == "__main__":
    run_command(main)
