"""A network as one step of a stream, and as the ONNX graph that engines run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewire_engines.backends.graph import NEXT
from facewire_training.onnx_folder import ExportedGraph, export_graph

PAST = "past_"
"""What the names of pasts begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class StepNetwork:
    """One graph of a stream.

    Its network is called with a feed and the pasts, in order, and returns its result and the next
    pasts, in the same order. Whatever a stream remembers is in its pasts. The first dimension of
    every tensor counts streams: what a GRU remembers has to be turned.
    """

    file: str
    """Of the exported graph, such as `encoder.onnx`."""
    network: nn.Module
    feed: str
    """What it hears at a step, such as `samples`."""
    example: Tensor
    """A feed of a batch of two, of the length that a step has."""
    pasts: Mapping[str, Tensor]
    """What two new streams remember, by names that begin with `past_`: zeros, as engines make
    them."""
    result: str
    """What it returns, such as `features`."""

    def __post_init__(self) -> None:
        if any(past.any() for past in self.pasts.values()):
            raise ValueError(f"{self.file}: the pasts of a new stream have to be zeros")
        if not all(name.startswith(PAST) for name in self.pasts):
            raise ValueError(f"{self.file}: names of pasts begin with {PAST!r}")

    def new_pasts(self, batch: int) -> tuple[Tensor, ...]:
        """Return what so many new streams remember."""
        return tuple(past[:1].expand(batch, *past.shape[1:]) for past in self.pasts.values())

    def step(self, heard: Tensor, pasts: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the result of a feed, and the next pasts."""
        outputs = self.network(heard, *pasts)
        result, *following = outputs if isinstance(outputs, tuple) else (outputs,)
        return result, tuple(following)

    def exported(self) -> ExportedGraph:
        """Return it as ONNX, of any number of streams.

        Raises:
            ValueError: onnxruntime does not compute what torch does.
        """
        inputs = (self.example, *self.pasts.values())
        return export_step(self.file, self.network, inputs, (self.feed, *self.pasts), [self.result])


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
    outputs = [*results, *(NEXT + name for name in names if name.startswith(PAST))]
    return export_graph(name, network, inputs, names, outputs, relative=True)


@torch.inference_mode()
def run_stream(networks: Sequence[StepNetwork], heard: Tensor) -> list[Tensor]:
    """Run networks behind each other along a stream, as an engine does.

    Args:
        networks: the result of each is the feed of the next.
        heard: `[B, T, ...]` in whole steps of the first one.

    Returns:
        The result of the last one at each step.
    """
    step = networks[0].example.shape[1]
    pasts = [network.new_pasts(len(heard)) for network in networks]
    results: list[Tensor] = []
    for piece in torch.split(heard, step, dim=1):
        for place, network in enumerate(networks):
            piece, pasts[place] = network.step(piece, pasts[place])
        results.append(piece)
    return results
