"""Networks as ONNX files, compared with torch, in a folder with the manifest that engines read."""

import argparse
import datetime
import hashlib
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import onnx
import torch
from torch import Tensor, nn

from facewire import __version__, arkit
from facewire.errors import ConfigError
from facewire_engines.backends.graph import BATCH
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.model_files import MANIFEST, DataSource, Manifest, ModelFile, SpeechRows
from facewire_training.data.sources import NON_COMMERCIAL

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference between torch and onnxruntime."""


APACHE = "Apache-2.0"
RESEARCH = "non-commercial research, as its data demand"


@dataclass(frozen=True, slots=True)
class ExportedGraph:
    """A graph, and how many numbers it was trained for."""

    name: str
    """Of its file."""
    content: bytes
    parameters: int


def export_graph(
    name: str,
    network: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    *,
    axes: Mapping[str, Mapping[int, str]] | None = None,
    relative: bool = False,
) -> ExportedGraph:
    """Return a network as ONNX, after comparing it with torch.

    Args:
        name: of the file.
        network: what returns the outputs.
        inputs: examples, a batch of two.
        names: of the inputs.
        outputs: their names.
        axes: names of the sizes that stay open, by tensor and dimension; the first of each, the
            batch, by default.
        relative: whether outputs with values over 1 may differ by as much more.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    network.eval()
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        torch.inference_mode(),
    ):
        # The tracer warns of shapes that are constant here, and that another exporter is coming.
        warnings.simplefilter("ignore")
        path = Path(folder) / name
        torch.onnx.export(
            network, inputs, path, input_names=list(names), output_names=list(outputs),
            dynamic_axes=axes or {tensor: {0: BATCH} for tensor in (*names, *outputs)},
            opset_version=OPSET, dynamo=False,
        )  # fmt: skip
        result = network(*inputs)
        model = onnx.load(str(path))
    expected = result if isinstance(result, tuple) else (result,)
    if axes is None:
        for value, tensor in zip(model.graph.output, expected, strict=True):
            _name_sizes(value, tensor)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    feeds = {key: tensor.numpy() for key, tensor in zip(names, inputs, strict=True)}
    found = map(torch.from_numpy, OnnxGraph(content).run(feeds))
    for output, ours, theirs in zip(outputs, expected, found, strict=True):
        difference = float((theirs - ours).abs().max())
        if difference > TOLERANCE * (max(1.0, float(ours.abs().max())) if relative else 1.0):
            raise ValueError(
                f"onnxruntime and torch differ by {difference:g} in {output} of {name}"
            )
    return ExportedGraph(name, content, sum(value.numel() for value in network.parameters()))


def _name_sizes(value: onnx.ValueInfoProto, tensor: Tensor) -> None:
    """Write down the sizes of an output, which the tracer leaves open."""
    dimensions = value.type.tensor_type.shape.dim
    for dimension, size in list(zip(dimensions, tensor.shape, strict=True))[1:]:
        dimension.dim_value = size


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Add to a command where a model is written, and whether over another."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--overwrite", action="store_true", help="replace a model that is there")


def refuse_kept(options: argparse.Namespace) -> None:
    """See whether a model may be written, before it is made.

    Raises:
        ConfigError: another one is there, and `--overwrite` is not given.
    """
    if (options.out / MANIFEST).exists() and not options.overwrite:
        raise ConfigError(
            f"{options.out} holds a model; give another --out, or --overwrite to replace it"
        )


def write_folder(
    out: Path,
    graphs: Sequence[ExportedGraph],
    *,
    name: str,
    command: str,
    licence: str = APACHE,
    non_commercial: bool = False,
    tokens: tuple[str, ...] = (),
    data: tuple[DataSource, ...] = (),
    rows: SpeechRows | None = None,
) -> None:
    """Write the graphs of a model and their manifest; the arguments are those of `Manifest`.

    What has learned from data that forbid commercial use is non-commercial, whatever is said.

    Raises:
        ConfigError: the folder cannot be written.
    """
    files = {
        graph.name: ModelFile(
            hashlib.sha256(graph.content).hexdigest(), len(graph.content), graph.parameters
        )
        for graph in graphs
    }
    bound = any(source.name in NON_COMMERCIAL for source in data)
    manifest = Manifest(
        name=name,
        version=__version__,
        licence=RESEARCH if bound and licence == APACHE else licence,
        non_commercial=non_commercial or bound,
        command=command,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        tokens=tokens,
        blendshapes=arkit.NAMES,
        data=data,
        files=files,
        rows=rows,
    )
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for graph in graphs:
            (out / graph.name).write_bytes(graph.content)
        (out / MANIFEST).write_bytes(content + b"\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write the model to {out} ({error.strerror}); choose another folder"
        ) from error
