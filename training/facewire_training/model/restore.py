"""Turn the ONNX files of a published model back into a run, for training to begin with.

    python -m facewire_training.model.restore --model MODEL --run runs/published

A run takes hours; a published model is at hand. What comes out gives the same faces to the bit of
float32, but has no optimizer: it is for `train --begin-with`, not for going on with the old run.
"""

from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from facewire_engines.model_files import Manifest
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import DATA_FILE
from facewire_training.model.decoder import PLACES, DecoderConfig
from facewire_training.model.encoder import EncoderConfig
from facewire_training.model.networks import Model, TrainConfig

_GATES = (1, 0, 2)
"""ONNX keeps a GRU's gates as update, reset, new; torch as reset, update, new."""


def read_encoder(path: Path) -> tuple[EncoderConfig, dict[str, Tensor]]:
    """Return the size and the weights of an exported encoder."""
    graph = onnx.load(path).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    layers = [node for node in graph.node if node.op_type == "GRU"]
    conv, bias = held["encoder.conv.weight"], held["encoder.head.bias"]
    weights = {
        "conv.weight": conv,
        "conv.bias": held["encoder.conv.bias"],
        "head.weight": _matrix_into(graph, held, len(bias)),
        "head.bias": bias,
    }
    for index, node in enumerate(layers):
        inner, outer, biases = (held[name] for name in node.input[1:4])
        weights |= _gru_layer(index, inner, outer, biases)
    config = EncoderConfig(
        bands=conv.shape[1],
        channels=conv.shape[0],
        kernel=conv.shape[2],
        width=weights["gru.weight_hh_l0"].shape[1],
        layers=len(layers),
    )
    return config, _tensors(weights)


def read_decoder(path: Path) -> tuple[DecoderConfig, dict[str, Tensor]]:
    """Return the size and the weights of an exported decoder."""
    graph = onnx.load(path).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name: value for name, value in held.items() if not name.startswith("onnx::")}
    first = weights["hidden.0.weight"]
    embedding = first.shape[1] // PLACES
    weights["embed.weight"] = _matrix_into(graph, held, embedding)
    layers = sum(name.startswith("hidden.") and name.endswith("weight") for name in weights)
    config = DecoderConfig(embedding=embedding, width=first.shape[0], layers=layers)
    return config, _tensors(weights)


def restore(model: Path, run: Path) -> None:
    """Write the run.

    Raises:
        RuntimeError: the files are not those of this architecture.
    """
    encoder_config, encoder = read_encoder(model / "encoder.onnx")
    decoder_config, decoder = read_decoder(model / "decoder.onnx")
    config = TrainConfig(encoder=encoder_config, decoder=decoder_config)
    network = Model(config)
    network.encoder.load_state_dict(encoder)
    # Styles were made part of the biases: this run begins with the one that was published.
    styles = {n: v for n, v in network.decoder.state_dict().items() if n.startswith("styles.")}
    network.decoder.load_state_dict(decoder | styles)
    run.mkdir(parents=True, exist_ok=True)
    state = {"step": 0, "model": network.state_dict(), "config": asdict(config)}
    torch.save(state, run / "checkpoint.pt")
    manifest = msgspec.json.decode((model / "manifest.json").read_bytes(), type=Manifest)
    (run / DATA_FILE).write_bytes(msgspec.json.encode(manifest.data))
    restored = f"python -m facewire_training.model.restore --model {model} --run {run}"
    (run / "command.txt").write_text(f"{manifest.command} && {restored}\n")


def _gru_layer(
    index: int, inner: np.ndarray, outer: np.ndarray, biases: np.ndarray
) -> dict[str, np.ndarray]:
    inner_bias, outer_bias = np.split(biases[0], 2)
    parts = {"weight_ih": inner[0], "weight_hh": outer[0]}
    parts |= {"bias_ih": inner_bias, "bias_hh": outer_bias}
    return {f"gru.{name}_l{index}": _reordered(value) for name, value in parts.items()}


def _reordered(gates: np.ndarray) -> np.ndarray:
    thirds = np.split(gates, 3)
    return np.concatenate([thirds[place] for place in _GATES])


def _matrix_into(graph: onnx.GraphProto, held: dict[str, np.ndarray], width: int) -> np.ndarray:
    """Return the weight of the linear layer with `width` outputs, whose name the export lost."""
    for node in graph.node:
        matrix = held.get(node.input[1]) if node.op_type == "MatMul" else None
        if matrix is not None and matrix.shape[1] == width:
            return matrix.T
    raise RuntimeError(f"no linear layer with {width} outputs: not an export of this project")


def _tensors(weights: dict[str, np.ndarray]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()}


def main() -> None:
    """Parse the command line and restore."""
    parser = make_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the published model")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run to write")
    arguments = parser.parse_args()
    restore(arguments.model, arguments.run)


if __name__ == "__main__":
    run_command(main)
