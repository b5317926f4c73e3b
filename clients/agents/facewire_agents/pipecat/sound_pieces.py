# pyright: reportMissingImports=false
"""The sound of a TTS, cut into the pieces that a transport plays, so that faces fit between them.

A transport collects sound until it has a piece of its own size, and messages overtake what it
collects. Of sound that comes in such pieces it keeps nothing.
"""

from dataclasses import dataclass

from pipecat.audio.utils import create_stream_resampler


@dataclass(frozen=True, slots=True)
class SoundPiece:
    """As much sound as a transport plays at once."""

    pcm: bytes
    sample_rate: int
    first: int
    """First source sample of the run."""
    last: int
    """The one after its last."""


class SoundPieces:
    """Cuts the sound of one run, at the rate of the transport where it is mono."""

    def __init__(
        self, sample_rate: int, channels: int, transport_rate: int, piece_bytes: int
    ) -> None:
        """Begin with nothing.

        Args:
            sample_rate: Hz, of the TTS.
            channels: of the TTS.
            transport_rate: Hz, of the transport.
            piece_bytes: what the transport plays at once.
        """
        self._from = sample_rate
        # Pipecat's resampler knows one channel; of more, the transport makes what it can.
        converts = channels == 1 and sample_rate != transport_rate
        self._resampler = create_stream_resampler(clear_after_secs=None) if converts else None
        self.sample_rate = transport_rate if converts else sample_rate
        """Hz, of the pieces."""
        self._width = 2 * channels
        self._piece_bytes = max(piece_bytes - piece_bytes % self._width, self._width)
        self._waiting = bytearray()
        self._cut = 0
        """Samples that were cut off, at the rate of the pieces."""

    @property
    def samples(self) -> int:
        """Of a piece."""
        return self._piece_bytes // self._width

    async def push(self, pcm: bytes) -> list[SoundPiece]:
        """Take the next sound, and return the pieces that are whole."""
        if self._resampler is not None:
            pcm = await self._resampler.resample(pcm, self._from, self.sample_rate)
        self._waiting += pcm
        return self._pieces()

    async def flush(self) -> list[SoundPiece]:
        """Return the pieces that are left, the last one filled up with silence."""
        if self._resampler is not None:
            self._waiting += await self._resampler.flush()
        missing = -len(self._waiting) % self._piece_bytes
        self._waiting += bytes(missing)
        return self._pieces()

    def _pieces(self) -> list[SoundPiece]:
        pieces = []
        while len(self._waiting) >= self._piece_bytes:
            pcm = bytes(self._waiting[: self._piece_bytes])
            del self._waiting[: self._piece_bytes]
            first, self._cut = self._cut, self._cut + self.samples
            pieces.append(SoundPiece(pcm, self.sample_rate, self._source(first), self._source()))
        return pieces

    def _source(self, samples: int | None = None) -> int:
        """Return the source sample of one of the pieces; by default, of the next."""
        return (self._cut if samples is None else samples) * self._from // self.sample_rate
