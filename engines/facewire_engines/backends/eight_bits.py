"""Weights of 8 bits for the processor: ranges of activations are found anew in every run.

Those ranges are of all rows of a run together. Streams that share runs would change each other, so
this is for engines that run each stream on its own.
"""

import logging
import tempfile
from pathlib import Path

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.graph import GraphFile
from facewire_engines.backends.onnx_surgery import before_logarithms, one_hop, parse


def in_eight_bits(file: GraphFile) -> bytes:
    """Return a graph whose products are computed in 8 bits; spectra stay fp32.

    Raises:
        ConfigError: onnx is not installed.
        EngineError: the file is damaged, or onnxruntime cannot quantize it.
    """
    model = parse(file.content, file.name)
    one_hop(model)
    spared = sorted(before_logarithms(model))
    need = "onnxruntime quantizes with the onnx package"
    quantization = import_optional("onnxruntime.quantization", need, "tensorrt")
    logging.getLogger().addFilter(_quietly)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file.name
            quantization.quantize_dynamic(
                model,
                path,
                op_types_to_quantize=["MatMul", "Gemm"],
                nodes_to_exclude=spared,
                weight_type=quantization.QuantType.QInt8,
            )
            return path.read_bytes()
    except Exception as error:  # onnxruntime raises what comes
        raise EngineError(f"onnxruntime cannot bring {file.name} to 8 bits: {error}") from error
    finally:
        logging.getLogger().removeFilter(_quietly)


def _quietly(record: logging.LogRecord) -> bool:
    """Keep back the advice that onnxruntime's quantization gives to whoever wrote the graph."""
    return "pre-process" not in record.getMessage()
