"""CosyVoice2's published graph, `speech_tokenizer_v2.onnx`: run as it is, or read into torch."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.onnx_graph import load_onnxruntime
from facewire_engines.cosyvoice.tokens import DIGITS
from facewire_training.speech_encoders.networks.checkpoints import load_exactly
from facewire_training.speech_encoders.networks.s3 import MELS, S3Network, S3Size

WHAT = "CosyVoice2's speech tokenizer"
_AGAIN = "get it again with: facewire models pull cosyvoice2"


def load_graph(path: Path) -> Any:
    """Return the graph as an `onnx.ModelProto`.

    Raises:
        ConfigError: onnx is not installed, or the file is missing, cut off, no ONNX or another's.
    """
    if not path.is_file():
        raise ConfigError(
            f"there is no file {path}; it is speech_tokenizer_v2.onnx of CosyVoice2, which comes "
            "with: facewire models pull cosyvoice2"
        )
    try:
        graph = _onnx().load(str(path))
    except Exception as error:  # of protobuf, with classes of its own
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path} cannot be read as ONNX ({_first(error)}); {_AGAIN}") from error
    roundings = sum(node.op_type == "Round" for node in graph.graph.node)
    if roundings != 1 or len(graph.graph.input) != 2:
        raise ConfigError(
            f"{path} is of another revision of {WHAT}, or of something else: it has "
            f"{len(graph.graph.input)} inputs and rounds {roundings} times, not 2 and once"
        )
    return graph


class S3Graph:
    """The graph in onnxruntime, one utterance at a time."""

    def __init__(self, graph: Any, path: Path) -> None:
        """Take a graph, and have it tell the numbers before they are rounded, too.

        Args:
            graph: the `onnx.ModelProto`.
            path: its file, for complaints.

        Raises:
            ConfigError: it does not run.
        """
        self._mels, self._length = (value.name for value in graph.graph.input)
        self._ids = graph.graph.output[0].name
        (self._codes,) = (n.input[0] for n in graph.graph.node if n.op_type == "Round")
        extended = type(graph)()
        extended.CopyFrom(graph)
        extended.graph.output.append(_onnx().helper.make_empty_tensor_value_info(self._codes))
        try:
            self._session = load_onnxruntime().InferenceSession(
                extended.SerializeToString(), providers=["CPUExecutionProvider"]
            )
            self(torch.zeros(1, MELS, 8), torch.tensor([8]))
        except Exception as error:  # of onnxruntime, with classes of its own
            raise ConfigError(
                f"{path} does not run as {WHAT} ({_first(error)}); {_AGAIN}"
            ) from error

    def ids(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """Map log-mels `[B, 128, T]` with their lengths `[B]` to the graph's own ids, `[B, N]`."""
        return self._run(self._ids, (-1,), mels, lengths).int()

    def __call__(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """Map log-mels `[B, 128, T]` with their lengths `[B]` to eight numbers, `[B, N, 8]`."""
        return self._run(self._codes, (-1, DIGITS), mels, lengths)

    def _run(self, output: str, shape: tuple[int, ...], mels: Tensor, lengths: Tensor) -> Tensor:
        """Run one by one: the graph is not known to leave out what is after the end."""
        rows = []
        for mel, length in zip(mels.numpy(), lengths.tolist(), strict=True):
            given = {self._mels: mel[None, :, :length], self._length: np.array([length], np.int32)}
            found: Any = self._session.run([output], given)[0]
            rows.append(torch.from_numpy(found.reshape(shape).copy()))
        return pad_sequence(rows, batch_first=True)


def read_network(graph: Any, path: Path) -> S3Network:
    """Return the network of torch that a graph was made from.

    Args:
        graph: the `onnx.ModelProto`.
        path: its file, for complaints.

    Raises:
        ConfigError: it was made from another one.
    """
    tensors = _tensors(graph.graph)
    layers = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    width = len(tensors.get("conv1.weight", ()))
    network = S3Network(S3Size(width or MELS, len(layers)))
    load_exactly(network, tensors, path, WHAT)
    return network.eval()


def _tensors(graph: Any) -> dict[str, Tensor]:
    """Return a graph's weights under the names that `S3Network` has for them.

    Convolutions over all channels come in their order. The layers' nodes are called after their
    modules, `/blocks.0/mlp/mlp.2/MatMul`. What is rounded comes from the last linear map.
    """
    helper = _onnx().numpy_helper
    known = {tensor.name: helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            known[node.output[0]] = helper.to_array(node.attribute[0].t)
        if node.op_type == "Identity" and node.input[0] in known:  # of equal tensors, one is kept
            known[node.output[0]] = known[node.input[0]]
    found: dict[str, Any] = {}
    wide = 0
    for node in graph.node:
        given = [known[name] for name in node.input if name in known and known[name].size > 1]
        if not given:
            continue
        if node.op_type == "Conv" and given[0].shape[1] > 1:
            wide += 1
            found |= _named(f"conv{wide}", node, given)
        elif "blocks." in node.name:
            module = ".".join(node.name.strip("/").split("/")[:-1])
            module = module[module.index("blocks.") :].replace("mlp.mlp", "mlp")
            found |= _named(module, node, given)
    (node,) = (node for node in graph.node if node.op_type == "Round")
    makers = {output: node for node in graph.node for output in node.output}
    while node is not None and node.op_type not in ("MatMul", "Gemm"):
        flowing = [name for name in node.input if name in makers and name not in known]
        node = makers[flowing[0]] if flowing else None
        if node is not None:
            given = [known[name] for name in node.input if name in known and known[name].size > 1]
            found |= _named("quantizer.project_in", node, given)
    return {name: torch.from_numpy(np.array(array)) for name, array in found.items()}


def _named(module: str, node: Any, given: list[Any]) -> dict[str, Any]:
    """Return the constants that go into a node, as tensors of a module."""
    match node.op_type:
        case "MatMul" if given:
            return {f"{module}.weight": given[0].T}
        case "Add" if given:
            return {f"{module}.bias": given[0]}
        case "Mul" if given:
            return {f"{module}.weight": given[0]}
        case "Conv" | "LayerNormalization" | "Gemm":
            return {
                f"{module}.{name}": a for name, a in zip(("weight", "bias"), given, strict=False)
            }
        case _:
            return {}


def _onnx() -> Any:
    return import_optional("onnx", "reading CosyVoice2's tokenizer needs onnx", "train")


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:100]
