"""Encoders that are not causal, over a window of the newest audio that each hop runs anew.

The window holds `context` rows that were heard before, the `step` rows of the hop, and as many
before them as get right context: `right`. So the newest row has none, and the oldest that may be
taken has `right` rows after it. Where the window begins, audio is cut off: by how much that changes
a row, `window_error` measures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewire_training.speech_encoders.encoder import Representation, SpeechEncoder
from facewire_training.speech_encoders.streaming_encoder import ENCODER, hop_of, streamed_rows
from facewire_training.streaming.step_network import StepNetwork


@dataclass(frozen=True, slots=True)
class Window:
    """Parts of a window, in rows."""

    context: int
    """Before the first row that may be taken."""
    step: int
    """New in each run."""
    right: int
    """After the first row that may be taken, beyond those that are new: what a look-ahead uses."""

    @property
    def rows(self) -> int:
        """Of a run."""
        return self.context + self.step + self.right


class SlidingWindow(nn.Module):
    """A network over whole windows, as a step of a stream: the audio of the window is its past."""

    def __init__(self, network: nn.Module, window: Window, row_samples: int) -> None:
        """Take a network of `(samples [B, rows * row_samples], known [B, rows]) -> [B, rows, ...]`.

        `known` is 1 where there is audio and 0 before the stream began, where samples are zeros.
        """
        super().__init__()
        self.network, self.window, self.row_samples = network, window, row_samples

    def pasts(self, batch: int) -> dict[str, Tensor]:
        """Return what new streams remember."""
        kept = self.window.rows - self.window.step
        return {
            "past_samples": torch.zeros(batch, kept * self.row_samples),
            "past_known": torch.zeros(batch, kept),
        }

    def forward(
        self, samples: Tensor, past_samples: Tensor, past_known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Map a hop `[B, step * row_samples]` to the newest `step + right` rows."""
        step = self.window.step
        heard = torch.cat((past_samples, samples), dim=1)
        # Ones for every row of the batch, without asking how many rows it has.
        known = torch.cat((past_known, past_known[:, :1] * 0 + torch.ones(step)), dim=1)
        rows = self.network(heard, known)
        newest = rows[:, self.window.context :]
        return newest, heard[:, step * self.row_samples :], known[:, step:]


@dataclass(frozen=True, slots=True, eq=False)
class WindowedEncoder:
    """An encoder that is not causal, offline as it is and as a stream over a window."""

    whole: SpeechEncoder
    """Encodes utterances."""
    network: nn.Module
    """The same over windows: see `SlidingWindow`."""
    window: Window
    delay: int = 0

    @property
    def representation(self) -> Representation:
        """What comes out of it."""
        return self.whole.representation

    @property
    def sample_rate(self) -> int:
        """The rate of the audio that it takes, in Hz."""
        return self.whole.sample_rate

    @property
    def step(self) -> int:
        """Rows of a hop."""
        return self.window.step

    @property
    def right(self) -> int:
        """Rows before the newest hop's that are said anew with it."""
        return self.window.right

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode whole utterances, with all that was said before and after."""
        return self.whole.encode(speech)

    def networks(self) -> list[StepNetwork]:
        """Return the only network of a hop."""
        row = hop_of(self.representation, self.sample_rate, 1)
        stepping = SlidingWindow(self.network, self.window, row).eval()
        example = torch.randn(2, self.window.step * row) * 0.1
        return [StepNetwork(ENCODER, stepping, "samples", example, stepping.pasts(2), "rows")]


Difference = Callable[[NDArray[np.generic], NDArray[np.generic]], float]
"""Of rows `[N, ...]` from those that they should be."""


def window_error(
    encoder: WindowedEncoder, samples: NDArray[np.float32], rights: Sequence[int], away: Difference
) -> list[float]:
    """Return how far the rows of a stream are from offline ones, for each right context."""
    (whole,) = encoder.encode([samples])
    found = [streamed_rows(encoder, samples, right) for right in rights]
    return [away(rows, whole[: len(rows)]) for rows in found]
