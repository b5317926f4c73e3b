"""How raw PCM lies in bytes: encoding, rate and channels, interleaved and little-endian."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError


class Encoding(Enum):
    """How one value is written."""

    S16LE = "s16le"
    """Signed 16-bit integers; full scale is 32768."""
    F32LE = "f32le"
    """32-bit floats; full scale is 1."""


_TYPES: dict[Encoding, np.dtype[np.generic]] = {
    Encoding.S16LE: np.dtype("<i2"),
    Encoding.F32LE: np.dtype("<f4"),
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What the bytes of a PCM stream mean."""

    encoding: Encoding = Encoding.S16LE
    sample_rate: int = 16_000
    """Hz."""
    channels: int = 1

    def __post_init__(self) -> None:
        if self.channels < 1 or self.sample_rate < 1:
            raise ValueError(f"impossible audio: {self}")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * _TYPES[self.encoding].itemsize

    def decode(self, data: bytes | bytearray | memoryview) -> NDArray[np.float32]:
        """Return the samples [T, channels], in [-1, 1] where the source keeps to it.

        Raises:
            ValueError: the data end in the middle of a sample.
        """
        if len(data) % self.frame_bytes:
            raise ValueError(f"{len(data)} bytes are not a multiple of {self.frame_bytes}")
        values = np.frombuffer(data, _TYPES[self.encoding]).reshape(-1, self.channels)
        scale = np.float32(1 / 32768 if self.encoding is Encoding.S16LE else 1)
        samples: NDArray[np.float32] = values.astype(np.float32) * scale
        return samples


def parse_format(text: str) -> AudioFormat:
    """Read "s16le,48000,2": encoding, rate in Hz and channels; the last two may be left out.

    Raises:
        ConfigError: it is something else.
    """
    encoding, rate, channels = (*text.replace(" ", "").split(","), "16000", "1")[:3]
    try:
        return AudioFormat(Encoding(encoding.lower()), int(rate), int(channels))
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a format of raw PCM; write it like s16le,48000,1 or f32le,16000,2"
        ) from None
