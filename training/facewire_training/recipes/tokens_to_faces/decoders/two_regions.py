"""Two networks for a face: one learns jaw and mouth, one the rest, and their faces are added.

Each learns that the other's shapes rest (Correa et al. 2026). Which of the two is better, or
whether one network for all shapes is, is for an experiment to say.
"""

from dataclasses import replace
from typing import TypeGuard, cast

import numpy as np
import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_training.recipes.tokens_to_faces.decoders.decoder import (
    FaceBatch,
    FaceDecoder,
    Speech,
)
from facewire_training.recipes.tokens_to_faces.decoders.setting import within
from facewire_training.recipes.tokens_to_faces.decoders.streaming import Streaming
from facewire_training.shape_sets import MOUTH


class TwoRegions(nn.Module):
    """A `FaceDecoder` of two others."""

    mouth_shapes: Tensor

    def __init__(self, mouth: nn.Module, rest: nn.Module) -> None:
        """Join two decoders of the same setting; the tongue belongs to the mouth."""
        super().__init__()
        self.mouth, self.rest = mouth, rest
        places = [*MOUTH, arkit.INDEX["tongueOut"]]
        shapes = torch.from_numpy(np.isin(np.arange(arkit.COUNT), places))
        self.register_buffer("mouth_shapes", shapes, persistent=False)

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of both losses, by region, and their sum."""
        parts: dict[str, Tensor] = {}
        for name, decoder, shapes in self._regions():
            told = decoder.losses(_only(batch, shapes), generator)
            parts |= {f"{name}_{part}": value for part, value in told.items()}
        return parts | {"total": parts["mouth_total"] + parts["rest_total"]}

    def faces(
        self,
        speech: Speech,
        frames: int,
        generator: torch.Generator,
        *,
        lookahead_ms: float | None = None,
    ) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1].

        A look-ahead is for decoders that stream.
        """
        how = {} if lookahead_ms is None else {"lookahead_ms": lookahead_ms}
        both = [
            decoder.faces(speech, frames, generator, **how) for _, decoder, _ in self._regions()
        ]
        return both[0] + both[1]

    def _regions(self) -> list[tuple[str, FaceDecoder, Tensor]]:
        return [
            ("mouth", cast(FaceDecoder, self.mouth), self.mouth_shapes),
            ("rest", cast(FaceDecoder, self.rest), ~self.mouth_shapes),
        ]


StreamingDecoder = Streaming | TwoRegions
"""Of two regions both stream."""


def streaming_parts(decoder: StreamingDecoder) -> tuple[Streaming, ...]:
    """Return the networks of a decoder that streams, whose faces are added."""
    if isinstance(decoder, Streaming):
        return (decoder,)
    return cast(Streaming, decoder.mouth), cast(Streaming, decoder.rest)


def streams(decoder: object) -> TypeGuard[StreamingDecoder]:
    """Tell whether a decoder streams."""
    if isinstance(decoder, TwoRegions):
        return isinstance(decoder.mouth, Streaming) and isinstance(decoder.rest, Streaming)
    return isinstance(decoder, Streaming)


def _only(batch: FaceBatch, shapes: Tensor) -> FaceBatch:
    """Return a batch in which all other shapes are known to rest."""
    spoken = within(batch.lengths, batch.faces.shape[1])[..., None].to(batch.trust.dtype)
    return replace(
        batch,
        faces=batch.faces * shapes,
        trust=batch.trust.where(shapes, spoken),
    )
