"""From whatever arrives, any rate and any channels, to the engine's mono float32 samples."""

from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.audio.channel_mix import ChannelMix
from facewire.audio.polyphase import PolyphaseResampler
from facewire.errors import ConfigError
from facewire.frames import Samples

CANCEL = "the channels of %s cancel each other, so the strongest is heard; is one wired wrong?"
"""What a source logs, with its name, when that is so."""

LOWEST_RATE = 1_000
HIGHEST_RATE = 768_000


class StreamResampler:
    """One stream's resampler: the result does not depend on how the input is cut into blocks.

    Sample 0 in is sample 0 out, and n samples in become exactly n * rate_out / rate_in, rounded,
    so nothing drifts. Channels are averaged; where they cancel, as when one is wired the wrong way
    round, the strongest is heard. NaN and infinity become silence, and the result is kept in
    [-1, 1].
    """

    def __init__(
        self,
        rate_in: int,
        rate_out: int = 16_000,
        channels: int = 1,
        *,
        live: bool = False,
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Get ready for [T, channels] at `rate_in` Hz.

        `live` holds 1.5 ms back at 16 kHz (3 ms for telephone audio) where the default holds 20 to
        120 ms back and has the sharper filter. `on_cancel` is called once, if channels cancel.

        Raises:
            ConfigError: a rate is not that of audio.
            ValueError: there are no channels.
        """
        for rate in (rate_in, rate_out):
            if not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise ConfigError(
                    f"{rate} Hz is not a sample rate that can be used; "
                    f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz"
                )
        if channels < 1:
            raise ValueError(f"audio has at least one channel, not {channels}")
        self.rate_in = rate_in
        self.rate_out = rate_out
        self.channels = channels
        self.replaced = 0
        """How many values were not finite, and became zero."""
        self._mix = ChannelMix(channels, rate_in, on_cancel)
        self._taken = 0
        self._made = 0
        self._flushed = False
        self._short = PolyphaseResampler(rate_in, rate_out) if live else None
        self._long = None if live else soxr.ResampleStream(rate_in, rate_out, 1, quality="HQ")

    def push(self, block: NDArray[np.float32]) -> Samples:
        """Take [T, channels], or [T] of one channel, and return the samples [N] that are ready.

        Raises:
            ValueError: the block has another number of channels, or the stream was flushed.
        """
        if self._flushed:
            raise ValueError("the stream has ended")
        mono = self._mono(block)
        self._taken += len(mono)
        return self._hand_over(self._resample(mono))

    def flush(self) -> Samples:
        """End the stream and return what was held back."""
        self._flushed = True
        missing = round_half_up(self._taken * self.rate_out, self.rate_in) - self._made
        if self.rate_in == self.rate_out or missing <= 0:
            return np.zeros(0, np.float32)
        if self._short is not None:
            rest = self._short.flush()
        else:
            assert self._long is not None
            rest = self._long.resample_chunk(np.zeros(0, np.float32), last=True)
        rest = rest[:missing]
        return self._hand_over(np.pad(rest, (0, missing - len(rest))))

    def _mono(self, block: NDArray[np.float32]) -> Samples:
        columns = block[:, None] if block.ndim == 1 else block
        if columns.ndim != 2 or columns.shape[1] != self.channels:
            raise ValueError(f"expected {self.channels} channels, got an array {block.shape}")
        if not (finite := np.isfinite(columns)).all():
            self.replaced += int(columns.size - finite.sum())
            columns = np.where(finite, columns, np.float32(0))
        return self._mix.mix(np.clip(columns, -1, 1).astype(np.float32, copy=False))

    def _resample(self, mono: Samples) -> Samples:
        if self.rate_in == self.rate_out:
            return mono
        if self._short is not None:
            return self._short.push(mono)
        assert self._long is not None
        made: Samples = self._long.resample_chunk(mono)
        return made

    def _hand_over(self, samples: Samples) -> Samples:
        self._made += len(samples)
        return np.clip(samples, -1, 1)


def round_half_up(numerator: int, denominator: int) -> int:
    """Return the integer nearest to a non-negative fraction, exactly."""
    return (2 * numerator + denominator) // (2 * denominator)
