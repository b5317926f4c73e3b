"""Export a trained run as the ONNX files and the manifest that the engine loads.

python -m facewire_training.model.export --run runs/phones --out MODEL_FOLDER
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.model_files import DataSource
from facewire_engines.phones.engine import DECODER_INPUTS, ENCODER_INPUTS
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SILENCE
from facewire_training.data.shards import UNKNOWN, load
from facewire_training.data.soft_labels import labelled
from facewire_training.data.sources import SOURCES, TEACHER, check_corpora, read_sources, united
from facewire_training.data.styles import parse_styles
from facewire_training.model.checkpoint import state_of
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

Floats = NDArray[np.float32]

SPOKEN = np.arange(len(PHONES)) != SILENCE
"""The classes that are phones."""


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
        ConfigError: there is no such style or run.
    """
    state = state_of(run)
    weights = state.get("average", state["model"])
    encoder = Encoder(EncoderConfig(**state["config"]["encoder"]))
    decoder = Decoder(DecoderConfig(**state["config"]["decoder"]))
    for name, network in (("encoder.", encoder), ("decoder.", decoder)):
        own = {k.removeprefix(name): v for k, v in weights.items() if k.startswith(name)}
        network.load_state_dict(own)
        network.eval()
    fix_style(decoder, torch.from_numpy(parse_styles(style)))
    return encoder, decoder


def calibrate(encoder: Encoder, power: float = 1.0, added: Floats | float = 0.0) -> None:
    """Change how sure an encoder is of its classes, and what it is sure of, at no cost to run.

    Args:
        encoder: whose head is changed.
        power: what class probabilities are raised to, and renormalised; above 1 it is surer of what
            it says. It is the inverse of a softmax's temperature.
        added: `[40]` added to the scores before the softmax, after the power.
    """
    with torch.no_grad():
        for weight in encoder.head.parameters():
            rows = weight.view(HINDSIGHT, len(PHONES) + 1, -1)
            rows[:, :-1] *= power
        bias = encoder.head.bias.view(HINDSIGHT, len(PHONES) + 1)
        bias[:, :-1] += torch.as_tensor(added, dtype=bias.dtype)


def rarity(tokens: NDArray[np.int64]) -> Floats:
    """Return what makes every phone as likely beforehand as every other, `[40]` scores.

    An encoder that is unsure says what is common. A share of this, added to its scores, is the
    logit adjustment of Menon et al., "Long-tail learning via logit adjustment" (2021), equation 9.
    Silence and speech stay as likely as they were: silence gets nothing, phones 0 on average.

    Args:
        tokens: `[40]` how often each class is said.
    """
    said = np.maximum(tokens, 1)
    shares = said / said[SPOKEN].sum()
    added: Floats = -np.log(shares).astype(np.float32)
    added -= (shares * added)[SPOKEN].sum()
    added[SILENCE] = 0.0
    return added


def spoken_tokens(corpus: Path) -> NDArray[np.int64]:
    """Return how often each class is said in recorded English, `[40]`.

    Raises:
        ConfigError: there is none with a teacher's labels.
    """
    heard = [shard.labels for shard in load(corpus) if labelled(corpus, shard)]
    if not heard:
        raise ConfigError(
            f"no speech in {corpus} has soft labels, so nobody knows what is rare; run "
            "facewire_training.data.teacher.label, or leave --balance out"
        )
    labels = np.concatenate(heard)
    return np.bincount(labels[labels != UNKNOWN], minlength=len(PHONES))


def parse_scores(text: str) -> Floats:
    """Return what `p=0.2,th=0.5` adds to the scores, `[40]`.

    Raises:
        ConfigError: that is no such list.
    """
    added, read = np.zeros(len(PHONES), np.float32), number(-10, 10)
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            added[PHONES.index(name)] = read(value)
        except (ValueError, argparse.ArgumentTypeError):
            raise ConfigError(
                f"--scores takes phones and numbers from -10 to 10, p=0.2,th=0.5, not {part!r}"
            ) from None
    return added


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

    Raises:
        ConfigError: a run that it began with is not there any more, and nobody can tell.
    """
    heard, told = set[str](), list[DataSource]()
    pending, seen = [run], set[Path]()
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        if not one.is_dir():
            raise ConfigError(
                f"{run} began with {one}, which is not here, so what that has learned from would "
                "not be told; run this in the folder where it was trained"
            )
        if one == run:
            check_corpora(run, corpus)
        if (one / "config.json").exists():
            config = json.loads((one / "config.json").read_text())
            heard |= {name for name, share in config["batches"]["shares"] if share > 0}
            before = (config.get("begin_with"), config.get("decoder_of"))
            pending += [Path(other) for other in before if other]
        told += read_sources(one) or ()
    taught_hours = 0.0
    for shard in load(corpus):
        if shard.corpus in heard and shard.corpus in SOURCES:
            told.append(SOURCES[shard.corpus].entry(shard.hours))
            taught_hours += shard.hours if labelled(corpus, shard) else 0.0
    if taught_hours:
        told.append(TEACHER.entry(taught_hours))
    return united(told)


def write_model(
    run: Path,
    corpus: Path,
    out: Path,
    command: str,
    style: Sequence[str],
    *,
    power: float = 1.0,
    added: Floats | float = 0.0,
) -> None:
    """Write the ONNX files of a run and their manifest; the scores are those of `calibrate`.

    Raises:
        ConfigError: the folder cannot be written.
    """
    encoder, decoder = load_run(run, style)
    calibrate(encoder, power, added)
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
        "--balance",
        type=number(0, 1),
        default=0.0,
        help="by how much rare phones are heard more, and common ones less (default 0)",
    )
    parser.add_argument(
        "--scores", default="", help="added to the scores of some phones, such as p=0.2,th=0.5"
    )
    arguments = parser.parse_args()
    refuse_kept(arguments)
    added = parse_scores(arguments.scores)
    if arguments.balance:
        added += arguments.balance * rarity(spoken_tokens(arguments.corpus))
    commands = arguments.run / "command.txt"
    if not commands.is_file():
        raise ConfigError(f"no training is in {arguments.run}; give its folder with --run")
    made = commands.read_text().strip()
    made += f" && {command_line()}"
    write_model(
        arguments.run,
        arguments.corpus,
        arguments.out,
        made,
        arguments.style,
        power=arguments.power,
        added=added,
    )


if __name__ == "__main__":
    run_command(main)
