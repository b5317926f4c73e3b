"""The audio of a stream as a WAV file, beside its faces."""

import struct
from pathlib import Path

import numpy as np

from facewire.clock import Clock, SystemClock
from facewire.frames import AudioChunk
from facewire.sinks.recording_file import RecordingFile, count_samples

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1
_SAMPLE_BYTES = 2
_UNKNOWN_SIZE = 0xFFFF_FFFF
"""What programs write that do not know yet how long a recording gets, or where 4 GB are over."""


class WavRecorder:
    """A recorder of audio, as 16-bit mono; its header says at any time how much is there."""

    lossless = True

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        clock: Clock | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        self.name = f"wav:{path}"
        self.recording = RecordingFile(path, clock or SystemClock(), overwrite=overwrite)
        self._sample_rate = sample_rate

    async def open(self) -> None:
        """Begin the file.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten.
        """
        await self.recording.open(self._header, count_samples(self._sample_rate))

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Add the next samples; what is over full scale is clipped, what is no number is silence.

        Raises:
            OSError: the disk is full, or gone.
        """
        scaled = np.rint(np.nan_to_num(chunk.samples) * np.float32(32768))
        pcm = np.clip(scaled, -32768, 32767).astype("<i2")
        if len(pcm):
            await self.recording.add(pcm.tobytes(), len(pcm))

    async def aclose(self) -> None:
        """Write what is left; may be called twice.

        Raises:
            OSError: the disk is full, or gone.
        """
        await self.recording.aclose()

    def _header(self, samples: int) -> bytes:
        data = samples * _SAMPLE_BYTES or _UNKNOWN_SIZE
        riff = min(data + _HEADER.size - 8, _UNKNOWN_SIZE)
        rate = self._sample_rate
        return _HEADER.pack(
            b"RIFF", riff, b"WAVE",
            b"fmt ", 16, _PCM, 1, rate, rate * _SAMPLE_BYTES, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES,
            b"data", min(data, _UNKNOWN_SIZE),
        )  # fmt: skip
