"""How the second stage learns: told the true codes so far, or what it would have said itself.

Who always hears the true codes learns to repeat the last one; left alone it then drifts. So of each
crop some codes are replaced by others, and of a share of crops, which grows, the model recalls what
it says itself (scheduled sampling, Bengio et al. 2015, both passes in parallel as in Mihaylova &
Martins 2019).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from facewire_training.model.losses import FaceLoss
from facewire_training.recipes.prior.decoder import CodeDecoder
from facewire_training.recipes.prior.motion import MotionBatch


@dataclass(frozen=True, slots=True)
class Teaching:
    """How much each part of the loss counts, and how much is disturbed."""

    codes: float = 1.0
    """Of the cross entropy of codes, as a mean over groups."""
    feature: float = 2.0
    """Of the squared distance to the true codes' vectors, as in CodeTalker."""
    motion: float = 1.0
    """Of the face that the codes make, against the true one."""
    noise: float = 0.5
    """The largest share of a crop's recalled codes that are replaced by any other."""
    forgotten: float = 0.1
    """Share of crops in which nothing is recalled."""
    own: float = 0.8
    """Share of rows that recall what the model itself says, at the end of the training."""


def losses(
    decoder: CodeDecoder, batch: MotionBatch, measure: FaceLoss, teaching: Teaching, done: float
) -> dict[str, Tensor]:
    """Return the parts of a batch's loss; `total` is what is made small.

    Args:
        decoder: what learns.
        batch: crops.
        measure: how far faces are from the truth.
        teaching: what counts.
        done: share of the training that is over.
    """
    known = torch.ones(batch.rows.shape[:2])
    style, pasts = decoder.vector(batch.shares), decoder.past(len(batch.rows))
    autoencoder = decoder.codes
    if decoder.config.said == "weights":
        nothing = batch.rows.new_zeros((*known.shape, autoencoder.config.latent))
        faces, _ = decoder(batch.rows, known, nothing, style, pasts)
        return {"total": measure(faces, batch.faces, batch.trust)}
    with torch.no_grad():
        ids = autoencoder.ids(batch.faces)
        truth = autoencoder.codebook.vectors(ids)
        recalled = _delayed(_disturbed(decoder, ids, teaching))
        if decoder.config.recalls:
            scores, _ = decoder(batch.rows, known, recalled, style, pasts)
            own = _delayed(decoder.latents(scores))
            mine = torch.rand(known.shape) < teaching.own * done
            recalled = torch.where(mine[..., None], own, recalled)
    scores, _ = decoder(batch.rows, known, recalled, style, pasts)
    seen = (batch.trust.amax(-1) > 0.5).float()  # a face was captured there
    every = functional.cross_entropy(scores.permute(0, 3, 1, 2), ids, reduction="none").mean(-1)
    latents = decoder.latents(scores)
    away = (latents - truth).square().mean(-1)
    parts = {
        "codes": (every * seen).sum() / seen.sum(),
        "feature": (away * seen).sum() / seen.sum(),
        "motion": measure(autoencoder.faces(latents), batch.faces, batch.trust),
    }
    total = torch.stack([getattr(teaching, name) * part for name, part in parts.items()]).sum()
    return parts | {"total": total}


def _disturbed(decoder: CodeDecoder, ids: Tensor, teaching: Teaching) -> Tensor:
    """Return the vectors of ids, some of them replaced, all of them gone in some crops."""
    noise = torch.rand(len(ids), 1, 1) * teaching.noise
    others = torch.randint(decoder.codes.config.size, ids.shape)
    heard = torch.where(torch.rand(ids.shape) < noise, others, ids)
    kept = (torch.rand(len(ids), 1, 1) >= teaching.forgotten).float()
    return decoder.codes.codebook.vectors(heard) * kept


def _delayed(latents: Tensor) -> Tensor:
    """Return for each row the latents of the one before it; nothing before the first."""
    return functional.pad(latents, (0, 0, 1, 0))[:, :-1]
