"""The networks as ONNX graphs: dynamic batch, everything else of one size, every past explicit."""

import logging
import tempfile
from pathlib import Path

import torch

from facewire_engines.recipe.model import DECODER, ENCODER, FACE, FRONT_END
from facewire_training.onnx_folder import ExportedGraph
from facewire_training.recipes.hubert.geometry import Geometry
from facewire_training.recipes.hubert.model import FaceModel, streamed
from facewire_training.speech_encoders.networks.hubert_checkpoints import HOP
from facewire_training.streaming.step_network import export_step


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
