"""The networks as ONNX graphs: dynamic batch, everything else of one size, every past explicit."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from facewire_engines.backends.graph import NEXT
from facewire_engines.hubert.engine import DECODER, ENCODER, FACE, FRONT_END
from facewire_training.model.onnx_folder import ExportedGraph, export_graph
from facewire_training.recipes.hubert.front_end import HOP
from facewire_training.recipes.hubert.geometry import Geometry
from facewire_training.recipes.hubert.model import FaceModel, streamed


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
        export_step(
            FRONT_END, front_end, samples, ("samples", *front_end.past_names), ["features"]
        ),
        export_step(
            ENCODER, hubert, features, ("features", "past_features", "past_known"), ["hidden"]
        ),
        export_step(DECODER, face.memory, encoded, ("features", "known", *names), ["memory"]),
        export_step(FACE, face.query, memory, ("memory", "ages", "known"), ["weights"]),
    ]


def export_step(
    name: str,
    network: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    results: list[str],
) -> ExportedGraph:
    """Return a network as ONNX: it returns its results, and then its next pasts.

    Args:
        name: of the file.
        network: what is exported.
        inputs: examples, a batch of two.
        names: of the inputs; pasts begin with `past_`.
        results: names of the results.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    outputs = [*results, *(NEXT + name for name in names if name.startswith("past_"))]
    return export_graph(name, network, inputs, names, outputs, relative=True)


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
