"""From numbers to ids: vector quantisation, in levels, and finite scalar quantisation.

Vector quantisation as in van den Oord et al. 2017, its codebooks moved by running means, unused
codes put onto rows of the batch; levels quantise what those before left (SoundStream, Zeghidour et
al. 2021). Finite scalar quantisation rounds each number (Mentzer et al. 2023); eight numbers of
three levels give the ids of CosyVoice2.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

KEEPS = 0.99
"""Of the running means, in a batch."""
UNUSED = 0.1
"""A code that gets fewer rows of a batch than these, in the running mean, is moved."""


class Codebook(nn.Module):
    """One level of vector quantisation."""

    codes: Tensor
    sums: Tensor
    uses: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.randn(size, width))
        self.register_buffer("sums", torch.zeros(size, width))
        self.register_buffer("uses", torch.zeros(size))

    def forward(self, rows: Tensor) -> Tensor:
        """Return the ids `[B, N]` of the codes nearest to rows `[B, N, width]`."""
        far = self.codes.square().sum(-1) - 2 * rows @ self.codes.T
        return far.argmin(dim=-1)

    @torch.no_grad()
    def learn(self, rows: Tensor, ids: Tensor) -> None:
        """Move the codes to the means of their rows, `[R, width]`, and unused ones onto rows."""
        size = len(self.codes)
        one_hot = functional.one_hot(ids, size).to(rows.dtype)
        self.uses.lerp_(one_hot.sum(0), 1 - KEEPS)
        self.sums.lerp_(one_hot.T @ rows, 1 - KEEPS)
        used = self.uses > UNUSED
        self.codes[used] = self.sums[used] / self.uses[used, None]
        chosen = rows[torch.randint(len(rows), (int((~used).sum()),))]
        self.codes[~used] = chosen
        self.sums[~used], self.uses[~used] = chosen, 1.0


class ResidualQuantiser(nn.Module):
    """Levels of codebooks; one level is plain vector quantisation."""

    def __init__(self, inputs: int, width: int, levels: int, size: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(inputs, width)
        self.levels = nn.ModuleList(Codebook(size, width) for _ in range(levels))

    def codebooks(self) -> Iterator[Codebook]:
        """Return the levels, the coarsest first."""
        for level in self.levels:
            assert isinstance(level, Codebook)
            yield level

    def forward(self, hidden: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Quantise hidden rows `[B, N, inputs]`.

        Returns:
            Ids `[B, N, levels]`; what the first level, the first two, ... say, `[B, N, width]`,
            through which gradients pass; and how far the rows are from their codes.
        """
        rows = self.narrow(hidden)
        left, said, ids, sums = rows, torch.zeros_like(rows), [], []
        commitment = rows.new_zeros(())
        for level in self.codebooks():
            found = level(left.detach())
            if self.training:
                level.learn(left.detach().flatten(0, 1), found.flatten())
            code = level.codes[found]
            commitment = commitment + (left - code.detach()).square().mean()
            said, left = said + code, left - code.detach()
            ids.append(found)
            sums.append(rows + (said - rows).detach())
        return torch.stack(ids, dim=-1), sums, commitment


class ScalarQuantiser(nn.Module):
    """Eight numbers, each rounded to -1, 0 or 1."""

    powers: Tensor

    def __init__(self, inputs: int, digits: int = 8) -> None:
        super().__init__()
        self.narrow = nn.Linear(inputs, digits)
        self.register_buffer("powers", 3 ** torch.arange(digits), persistent=False)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise hidden rows `[B, N, inputs]`.

        Returns:
            Ids `[B, N, 1]`, below 3 ** 8; the digits `[B, N, 8]`, through which gradients pass; and
            the numbers before rounding, in (-1, 1).
        """
        numbers = torch.tanh(self.narrow(hidden))
        digits = numbers + (numbers.round() - numbers).detach()
        ids = ((numbers.round() + 1).long() * self.powers).sum(-1, keepdim=True)
        return ids, digits, numbers
