"""Codebooks that follow what they code (VQ-VAE, van den Oord et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

DECAY = 0.99
"""Of the means that codes follow (appendix A.1 of the paper)."""
DEAD = 0.05
"""A code that is used less often than this share of an even use is put somewhere new."""


class Codebook(nn.Module):
    """Groups of codes: each part of a latent is the nearest code of its own group."""

    codes: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, groups: int, size: int, width: int) -> None:
        """Make codebooks, `groups` of `size` codes of `width` numbers."""
        super().__init__()
        codes = torch.randn(groups, size, width)
        self.register_buffer("codes", codes)
        self.register_buffer("counts", torch.ones(groups, size))
        self.register_buffer("sums", codes.clone())

    @property
    def width(self) -> int:
        """Numbers of a latent."""
        return self.codes.shape[0] * self.codes.shape[2]

    def nearest(self, latents: Tensor) -> Tensor:
        """Return the ids `[B, N, groups]` of latents `[B, N, width]`."""
        parts = self._parts(latents)
        # The square of the latent itself is the same for every code.
        far = self.codes.square().sum(-1) - 2 * torch.einsum("bngd,gkd->bngk", parts, self.codes)
        return far.argmin(-1)

    def vectors(self, ids: Tensor) -> Tensor:
        """Return the latents `[B, N, width]` of ids `[B, N, groups]`."""
        every = torch.arange(len(self.codes), device=ids.device)
        return self.codes[every, ids].reshape(-1, int(ids.shape[1]), self.width)

    def expected(self, shares: Tensor) -> Tensor:
        """Return the mean latents `[B, N, width]` of shares `[B, N, groups, size]`."""
        # As a product of matrices of each group, which every back-end has.
        mean = shares.transpose(1, 2) @ self.codes
        return mean.transpose(1, 2).reshape(-1, int(shares.shape[1]), self.width)

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the quantised latents, whose gradient is the latents', their ids, and how far
        latents are from their codes: what the encoder is to keep small. In training the codes
        follow.
        """
        ids = self.nearest(latents)
        quantised = self.vectors(ids)
        if self.training:
            self._follow(latents.detach(), ids)
        away = functional.mse_loss(latents, quantised)
        return latents + (quantised - latents).detach(), ids, away

    def _follow(self, latents: Tensor, ids: Tensor) -> None:
        size = self.codes.shape[1]
        parts = self._parts(latents).flatten(0, 1)  # [M, groups, d]
        chosen = functional.one_hot(ids.flatten(0, 1), size).to(parts.dtype)  # [M, groups, K]
        self.counts.mul_(DECAY).add_(chosen.sum(0), alpha=1 - DECAY)
        self.sums.mul_(DECAY).add_(torch.einsum("mgk,mgd->gkd", chosen, parts), alpha=1 - DECAY)
        self.codes.copy_(self.sums / self.counts.clamp(min=1e-5)[..., None])
        self._revive(parts)

    def _revive(self, parts: Tensor) -> None:
        """Put codes that nobody uses where a latent is, so that it uses them."""
        even = len(parts) / self.codes.shape[1]
        dead = self.counts < DEAD * even
        group, place = dead.nonzero(as_tuple=True)
        if not len(group):
            return
        drawn = torch.randint(len(parts), (len(group),))
        found = parts[drawn, group]
        self.codes[group, place] = found
        self.counts[group, place] = even
        self.sums[group, place] = found * even

    def _parts(self, latents: Tensor) -> Tensor:
        groups, width = self.codes.shape[0], self.codes.shape[2]
        return latents.reshape(*latents.shape[:-1], groups, width)


def perplexity(ids: Tensor, size: int) -> tuple[float, float]:
    """Return how many codes are used as if evenly, and the share that is used at all.

    Args:
        ids: `[M, groups]`.
        size: codes of a group.

    Returns:
        exp of the entropy of each group's codes, and the share, as means over the groups.
    """
    counts = torch.stack([torch.bincount(column, minlength=size) for column in ids.T]).double()
    shares = counts / counts.sum(1, keepdim=True)
    entropy = -(shares * shares.clamp(min=1e-12).log()).sum(1)
    return float(entropy.exp().mean()), float((counts > 0).double().mean())
