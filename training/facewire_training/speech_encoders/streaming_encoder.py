"""What an encoder has to offer to be heard hop by hop: networks with explicit pasts.

`facewire_training.recipes.tokens_to_faces.export` writes them as graphs beside a decoder, and
`--engine recipe:FOLDER` runs them. A causal encoder is one network: the samples of a hop in, `step`
rows out. One that is not causal hears a hop's samples and says anew what each of its newest
`step + right` rows is (`sliding_window.py` makes such a network of any that hears a whole window);
a stream takes each row with as much right context as its look-ahead leaves room for. A causal one
may also lag: its newest row is `delay` rows behind what it has heard.

To stream an encoder, add these members to it:

    class SmallCodec:
        representation, sample_rate, encode        # a SpeechEncoder already
        step = 1                                   # rows of a hop
        right = 0                                  # it is causal,
        delay = 2                                  # and hears two rows' time past each row

        def networks(self) -> list[StepNetwork]:
            example = torch.zeros(2, hop_samples(self))
            pasts = {"past_samples": torch.zeros(2, 240), "past_hidden": torch.zeros(2, 64)}
            return [StepNetwork("encoder.onnx", self.network, "samples", example, pasts, "rows")]

where `self.network(samples [B, hop], past_samples, past_hidden)` returns `(rows [B, step, width] or
int64 [B, step, codebooks], next past_samples, next past_hidden)`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import Representation, SpeechEncoder
from facewire_training.streaming.step_network import StepNetwork, run_stream

FRONT_END, ENCODER = "front_end.onnx", "encoder.onnx"
"""The graphs of an encoder: of both, or of the second alone. The first one hears `samples`, the
last one returns `rows`."""


@runtime_checkable
class StreamingEncoder(SpeechEncoder, Protocol):
    """A speech encoder that can also hear a stream."""

    @property
    def step(self) -> int:
        """Rows of a hop; `hop_samples` has to be whole."""
        ...

    @property
    def right(self) -> int:
        """Rows before the newest hop's that are said anew with it; 0 of a causal encoder."""
        ...

    @property
    def delay(self) -> int:
        """How many rows the newest row lies behind the last that was heard whole."""
        ...

    def networks(self) -> Sequence[StepNetwork]:
        """Return what hears a hop `samples` `[B, hop]`, in order.

        The last returns `rows`: float32 `[B, step + right, width]`, or int64 ids
        `[B, step + right, codebooks]`, the newest last. The newest row is the one `delay` before
        the last that `Representation.rows` counts in what was heard; rows before the stream are
        left to the network.
        """
        ...


def hop_samples(encoder: StreamingEncoder) -> int:
    """Return how many samples a hop has.

    Raises:
        ConfigError: they are not whole.
    """
    return hop_of(encoder.representation, encoder.sample_rate, encoder.step)


def hop_of(representation: Representation, sample_rate: int, step: int) -> int:
    """Return how many samples so many rows have.

    Raises:
        ConfigError: they are not whole.
    """
    hop = Fraction(step * sample_rate) / representation.rate
    if hop.denominator != 1:
        raise ConfigError(
            f"{step} rows of {representation.name} are {float(hop):g} samples at {sample_rate} Hz; "
            f"choose a multiple of {hop.denominator * step} rows for a hop"
        )
    return hop.numerator


def streamed_rows(
    encoder: StreamingEncoder, samples: NDArray[np.float32], right: int = 0
) -> NDArray[np.generic]:
    """Encode one utterance hop by hop, as an engine would.

    Args:
        encoder: the encoder.
        samples: `[T]` in [-1, 1]; only whole hops are heard.
        right: how many rows of right context each row gets.

    Returns:
        `[N, width]`, or ids `[N, codebooks]`: each row once, those without their right context
        left out.
    """
    hop = hop_samples(encoder)
    heard = torch.from_numpy(samples[: len(samples) // hop * hop].copy())[None]
    newest = encoder.step + encoder.right - right
    steps = run_stream(encoder.networks(), heard) if heard.numel() else []
    pieces = [rows[0, newest - encoder.step : newest] for rows in steps]
    # The first rows of all lie before the stream.
    before = right + encoder.delay
    joined: NDArray[np.generic] = (
        torch.cat(pieces).numpy()[before:] if pieces else _no_rows(encoder)
    )
    return joined


def _no_rows(encoder: StreamingEncoder) -> NDArray[np.generic]:
    representation = encoder.representation
    if representation.is_ids:
        return np.zeros((0, representation.codebooks), np.int64)
    return np.zeros((0, representation.width), np.float32)
