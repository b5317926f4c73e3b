"""Recordings that phones, browsers and screen recorders make: m4a, mp4, mov, webm, mkv, wma, aac.

PyAV, which brings FFmpeg's libraries along, reads them. A sample's place is what its container
says: what an encoder put before the sound is left out, and where sound is missing there is silence.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

NAMES = "M4A, MP4, MOV, WebM, MKV, WMA or AAC"

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,aac,mpegts,flv,avi,caf,amr,ac3,eac3,aiff,wav"
"""What FFmpeg may take a file for: no playlist, which could name other files and addresses."""
_MARKS = ((4, b"ftyp"), (0, b"\x1aE\xdf\xa3"), (0, b"0&\xb2u\x8ef\xcf\x11"), (0, b"FLV"))
_ENDINGS = {
    *(".m4a", ".mp4", ".m4v", ".mov", ".3gp", ".webm", ".mkv", ".mka", ".wma", ".wmv", ".aac"),
    *(".ts", ".flv", ".avi", ".amr", ".ac3"),
}
_LATE_START_S = 0.07
"""Where a track begins no later, it begins with the recording: codecs' stamps are that coarse."""
_GAP_S = 0.03
"""A longer step in the stamps means that sound is missing."""
_LONGEST_GAP_S = 60
_PADDING_S = 0.2
"""What an encoder adds at the end, at most."""
_OPUS_RATE = 48_000

Block = NDArray[np.float32]


def is_media(path: Path) -> bool:
    """Tell whether a file is of a kind that is read here, by its first bytes or its ending."""
    with path.open("rb") as file:
        first = file.read(16)
    marked = any(first[at : at + len(mark)] == mark for at, mark in _MARKS)
    return marked or (bool(first) and path.suffix.lower() in _ENDINGS)


class MediaRecording:
    """The first audio track of a file, as floats."""

    def __init__(self, path: Path) -> None:
        """Look what is in the file.

        Raises:
            ConfigError: PyAV is not installed, or the file cannot be read or has no sound.
        """
        self._path = path
        self._av = import_optional(
            "av", f"{path} needs PyAV", "media", hint="convert it to WAV, FLAC, OGG or MP3"
        )
        self.broken = False
        """Whether something could not be decoded, once the blocks were read."""
        with self._open() as container:
            track = _track(container, path)
            self.rate: int = track.rate
            self.channels: int = track.channels
            self.frames = _length(container, track)
            """Samples of each channel; 0 if the file does not say."""
            stamped = "mov" in container.format.name and track.duration
            self._last = self.frames if stamped else None
        self.cut_short = False

    def blocks(self) -> Iterator[Block]:
        """Yield the samples, [T, channels]."""
        with self._open() as container:
            track = _track(container, self._path)
            begin = max(0.0, (container.start_time or 0) / self._av.time_base)
            timeline = _Timeline(self.rate, self.channels, begin, self._last)
            convert = self._av.AudioResampler("fltp", track.layout, self.rate)
            preskip = _opus_preskip(track.codec_context)
            for packet, frame in self._decoded(container, track):
                place = None if frame.pts is None else float(frame.pts * frame.time_base)
                for part in convert.resample(frame):
                    samples = part.to_ndarray().T
                    if preskip:
                        # FFmpeg counts what to skip at the input's rate, Opus always at 48 kHz.
                        long = round(float(packet.duration * packet.time_base) * _OPUS_RATE)
                        samples = samples[max(0, preskip - max(0, long - len(samples))) :]
                        preskip = 0
                    yield from timeline.place(samples, place)
                    place = None

    def _open(self) -> Any:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        try:
            return self._av.open(f"file:{self._path}", options=options, metadata_errors="ignore")
        except (self._av.FFmpegError, ValueError, OSError) as error:
            raise ConfigError(
                f"{self._path} is not a recording that can be read; give WAV, FLAC, OGG, MP3, "
                f"{NAMES} that is whole"
            ) from error

    def _decoded(self, container: Any, track: Any) -> Iterator[tuple[Any, Any]]:
        """Yield packets and what they hold; what cannot be decoded is left out and noted."""
        packets = container.demux(track)
        while (packet := self._next(packets)) is not None:
            try:
                frames = packet.decode()
            except self._av.EOFError:
                return
            except self._av.FFmpegError:
                self.broken = True
                continue
            for frame in frames:
                yield packet, frame

    def _next(self, packets: Iterator[Any]) -> Any:
        """Return the next packet, None at the end and where the rest cannot be read."""
        try:
            return next(packets, None)
        except self._av.EOFError:
            return None
        except self._av.FFmpegError:
            self.broken = True
            return None


class _Timeline:
    """Puts decoded samples where their stamps say, without what is before the start or padding."""

    def __init__(self, rate: int, channels: int, begin: float, last: int | None) -> None:
        """Get ready; the recording begins at the stamp `begin` and has `last` samples, if known."""
        self._rate = rate
        self._channels = channels
        self._last = last
        self._end = 0
        """First sample of which nothing is known."""
        self._begin = begin
        self._offset: float | None = None
        """The stamp of sample 0, in seconds, once it is known."""
        self._padding: list[Block] = []
        self._padded = 0

    def place(self, samples: Block, stamp: float | None) -> Iterator[Block]:
        """Yield what stands before the samples, and the samples; `stamp` is in seconds if known."""
        if stamp is not None:
            if self._offset is None:
                is_first = 0 <= stamp <= self._begin + _LATE_START_S
                self._offset = stamp if is_first else self._begin
            missing = round((stamp - self._offset) * self._rate) - self._end
            if self._end == 0 and missing < 0:
                samples = samples[-missing:]
            elif missing > _GAP_S * self._rate:
                missing = min(missing, _LONGEST_GAP_S * self._rate)
                if self._end == 0 and self._last is not None:
                    self._last += missing
                yield from self._up_to_last(np.zeros((missing, self._channels), np.float32))
        yield from self._up_to_last(samples)

    def _up_to_last(self, samples: Block) -> Iterator[Block]:
        """Yield samples, but hold padding back until it is too long to be padding."""
        self._end += len(samples)
        if self._last is None or self._end <= self._last:
            yield samples
            return
        whole = max(0, len(samples) - (self._end - self._last))
        if whole:
            yield samples[:whole]
        self._padding.append(samples[whole:])
        self._padded += len(samples) - whole
        if self._padded > _PADDING_S * self._rate:
            self._last = None
            yield from self._padding


def _track(container: Any, path: Path) -> Any:
    tracks = container.streams.audio
    if not tracks or not tracks[0].rate or not tracks[0].channels:
        raise ConfigError(f"{path} has no sound that can be read; give a recording with a voice")
    return tracks[0]


def _length(container: Any, track: Any) -> int:
    seconds = float(container.duration or 0) / 1_000_000
    if track.duration:
        seconds = float(track.duration * track.time_base)
    return round(seconds * float(track.rate))


def _opus_preskip(codec: Any) -> int:
    """Return how many samples at 48 kHz come before the sound (RFC 7845, section 5.1)."""
    head = bytes(codec.extradata or b"")
    if codec.name not in ("opus", "libopus") or not head.startswith(b"OpusHead") or len(head) < 12:
        return 0
    return int.from_bytes(head[10:12], "little")
