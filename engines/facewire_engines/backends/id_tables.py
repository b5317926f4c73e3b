"""How many ids a graph knows, asked of the graph itself.

Only the processor says it: onnxruntime refuses an id that a table has no row for, where a GPU reads
whatever lies behind the table, or ends the process.
"""

import numpy as np

from facewire.errors import EngineError
from facewire_engines.backends.graph import Array, Graph
from facewire_engines.backends.memory import OutOfMemoryError


def takes_id(graph: Graph, number: int) -> bool:
    """Tell whether a graph knows an id.

    Args:
        graph: as onnxruntime runs it on the processor; its inputs of int64 are ids.
        number: the id.
    """
    feeds = {tensor.name: tensor.zeros(1) for tensor in graph.spec.inputs}
    ids = {name: np.full_like(zeros, number) for name, zeros in feeds.items() if _are_ids(zeros)}
    try:
        graph.run(feeds | ids)
    except OutOfMemoryError:
        raise
    except EngineError:
        return False
    return True


def _are_ids(zeros: Array) -> bool:
    return bool(zeros.dtype == np.int64)
