"""Residual vector quantisation: each codebook takes what those before it left (Zeghidour 2021)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Codebooks(nn.Module):
    """Tables of vectors; the nearest vector of each is an id."""

    tables: Tensor

    def __init__(self, codebooks: int, vocabulary: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("tables", torch.zeros(codebooks, vocabulary, dimension))

    def encode(self, rows: Tensor) -> Tensor:
        """Map rows `[B, N, D]` to int64 ids `[B, N, codebooks]`."""
        left, ids = rows, []
        for table in self.tables:
            ids.append(nearest(left, table))
            left = left - table[ids[-1]]
        return torch.stack(ids, -1)

    def embed(self, ids: Tensor) -> Tensor:
        """Map ids `[B, N, codebooks]` to the sum of their vectors, `[B, N, D]`."""
        vectors = [table[ids[..., number]] for number, table in enumerate(self.tables)]
        return torch.stack(vectors).sum(0)


def nearest(rows: Tensor, table: Tensor) -> Tensor:
    """Return which vector of a table `[V, D]` is nearest to each row `[..., D]`.

    The rows' own squares change nothing but how distances are rounded: as by those who trained the
    tables, so that vectors that are equally near are chosen alike.
    """
    squares = rows.square().sum(-1, keepdim=True)
    distances = squares - 2 * rows @ table.T + table.square().sum(1)
    return distances.argmin(-1)


def codebook_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tables of a checkpoint, `vq.layers.0._codebook.embed` and so on, as one tensor.

    It is empty where there are none, or where they differ in shape.
    """
    tables: list[Tensor] = []
    while (table := tensors.get(f"vq.layers.{len(tables)}._codebook.embed")) is not None:
        tables.append(table)
    if not tables or len({table.shape for table in tables}) > 1:
        return {}
    return {"tables": torch.stack(tables)}


@torch.no_grad()
def random_codebooks(codebooks: int, vocabulary: int, rows: Tensor, seed: int) -> Codebooks:
    """Return codebooks of random vectors that are spread as what they quantise is.

    Args:
        codebooks: how many.
        vocabulary: vectors of each.
        rows: `[N, D]` that an encoder gives.
        seed: of the vectors.
    """
    made = Codebooks(codebooks, vocabulary, rows.shape[1])
    generator = torch.Generator().manual_seed(seed)
    for table in made.tables:
        vectors = torch.randn(table.shape, generator=generator)
        table.copy_(rows.mean(0) + rows.std(0) * vectors)
        rows = rows - table[nearest(rows, table)]
    return made
