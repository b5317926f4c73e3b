"""The networks as ONNX graphs: dynamic batch, everything else of one size, every past explicit."""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from facewire_engines.backends.graph import BATCH, NEXT
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.hubert.engine import DECODER, ENCODER, FACE, FRONT_END
from facewire_training.recipes.hubert.front_end import HOP
from facewire_training.recipes.hubert.geometry import Geometry
from facewire_training.recipes.hubert.model import FaceModel, streamed

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference between torch and onnxruntime, relative to the largest value."""


@dataclass(frozen=True, slots=True)
class ExportedGraph:
    """A graph, and how many numbers it was trained for."""

    name: str
    content: bytes
    parameters: int


def export_graphs(face: FaceModel, geometry: Geometry) -> list[ExportedGraph]:
    """Return the engine's graphs.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    step, config = geometry.step, face.memory.config
    hubert = streamed(face, geometry.window, geometry.rows)
    front_end = face.front_end
    samples = (torch.randn(2, step * HOP) * 0.1, *front_end.past(2))
    features = (torch.randn(2, step, hubert.channels), *hubert.past(2, step))
    encoded = (torch.randn(2, step, config.features), torch.ones(2, step), *face.memory.past(2))
    reach = torch.rand(2, config.reach)
    memory = (torch.randn(2, config.reach, config.width), reach * 16, torch.ones_like(reach))
    names = ("past_known", "past_keys", "past_values")
    return [
        export_graph(
            FRONT_END, front_end, samples, ("samples", *front_end.past_names), ["features"]
        ),
        export_graph(
            ENCODER, hubert, features, ("features", "past_features", "past_known"), ["hidden"]
        ),
        export_graph(DECODER, face.memory, encoded, ("features", "known", *names), ["memory"]),
        export_graph(FACE, face.query, memory, ("memory", "ages", "known"), ["weights"]),
    ]


def export_graph(
    name: str,
    network: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    results: list[str],
) -> ExportedGraph:
    """Return a network as ONNX, after comparing it with torch.

    Args:
        name: of the file.
        network: what returns its results, and then its next pasts in the order of its pasts.
        inputs: examples, a batch of two.
        names: of the inputs; pasts begin with `past_`.
        results: names of the results.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    outputs = [*results, *(NEXT + name for name in names if name.startswith("past_"))]
    axes = {tensor: {0: BATCH} for tensor in (*names, *outputs)}
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        torch.inference_mode(),
    ):
        # The tracer warns of shapes that are constant here, and that another exporter is coming.
        warnings.simplefilter("ignore")
        path = Path(folder) / name
        torch.onnx.export(
            network, inputs, path, input_names=list(names), output_names=outputs,
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
        expected = network(*inputs)
        model = onnx.load(str(path))
    expected = expected if isinstance(expected, tuple) else (expected,)
    for value, tensor in zip(model.graph.output, expected, strict=True):
        _name_sizes(value, tensor)
    content: bytes = model.SerializeToString()
    _compare(name, content, dict(zip(names, inputs, strict=True)), expected)
    return ExportedGraph(name, content, sum(value.numel() for value in network.parameters()))


def quantised(graph: ExportedGraph) -> ExportedGraph:
    """Return a graph whose matrices are int8, one scale for each column.

    What they are multiplied with is brought to int8 as it comes (dynamic quantisation).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(graph.content)
        logging.disable(logging.WARNING)  # it asks for a preparation that changes nothing here
        try:
            quantize_dynamic(
                before, after, op_types_to_quantize=["MatMul", "Gemm"],
                weight_type=QuantType.QInt8, per_channel=True,
            )  # fmt: skip
        finally:
            logging.disable(logging.NOTSET)
        return ExportedGraph(graph.name, after.read_bytes(), graph.parameters)


def _name_sizes(value: onnx.ValueInfoProto, tensor: Tensor) -> None:
    """Write down the sizes of an output, which the tracer leaves open."""
    dimensions = value.type.tensor_type.shape.dim
    for dimension, size in list(zip(dimensions, tensor.shape, strict=True))[1:]:
        dimension.dim_value = size


def _compare(
    name: str, content: bytes, inputs: dict[str, Tensor], expected: tuple[Tensor, ...]
) -> None:
    found = OnnxGraph(content).run({key: tensor.numpy() for key, tensor in inputs.items()})
    for output, tensor in zip(found, expected, strict=True):
        difference = float((torch.from_numpy(output) - tensor).abs().max())
        if difference > TOLERANCE * max(1.0, float(tensor.abs().max())):
            raise ValueError(f"onnxruntime and torch differ by {difference:g} in {name}")
