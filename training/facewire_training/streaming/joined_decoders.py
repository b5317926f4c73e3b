"""Several face decoders of the same size as one: their memories side by side, their faces added."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from facewire_training.streaming.face_decoder import FaceMemory, FaceQuery


class JoinedMemories(nn.Module):
    """Memories that hear the same rows, as a `FaceMemory` with the layers and widths of all."""

    def __init__(self, memories: Sequence[FaceMemory]) -> None:
        super().__init__()
        self.memories = nn.ModuleList(memories)
        self._first = memories[0]

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a stream remembers before its first row."""
        known, keys, values = self._first.past(batch)
        count = len(self.memories)
        return known, keys.repeat(1, count, 1, 1), values.repeat(1, count, 1, 1)

    def forward(
        self,
        rows: Tensor,
        known: Tensor,
        past_known: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Remember new rows as `FaceMemory` does: `[B, N, widths]` and pasts `[B, layers, ...]`."""
        layers = self._first.config.layers
        keys, values = (torch.split(past, layers, 1) for past in (past_keys, past_values))
        told = [
            memory(rows, known, past_known, key, value)
            for memory, key, value in zip(self.memories, keys, values, strict=True)
        ]
        remembered, seen, next_keys, next_values = zip(*told, strict=True)
        return (
            torch.cat(remembered, 2), seen[0], torch.cat(next_keys, 1), torch.cat(next_values, 1),
        )  # fmt: skip


class AddedFaces(nn.Module):
    """Queries of `JoinedMemories`, whose faces are added, as a `FaceQuery`."""

    def __init__(self, queries: Sequence[FaceQuery]) -> None:
        super().__init__()
        self.queries = nn.ModuleList(queries)
        self._config = queries[0].config

    def forward(self, memory: Tensor, ages: Tensor, known: Tensor) -> Tensor:
        """Map what is remembered, `[B, reach, widths]`, to `[B, 52]` weights in [0, 1]."""
        newest = ages[:, self._config.reach - 1 :]
        parts = torch.split(memory, self._config.width, 2)
        raw = [
            cast(FaceQuery, query).raw(part, ages[:, None], known[:, None], newest)[:, 0]
            for query, part in zip(self.queries, parts, strict=True)
        ]
        return torch.stack(raw).sum(0).clamp(0.0, 1.0)
