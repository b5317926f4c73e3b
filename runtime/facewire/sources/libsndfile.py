"""Recordings that libsndfile reads: wav, flac, ogg, opus, mp3, aiff and more."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from facewire.errors import ConfigError

NAMES = "WAV, FLAC, OGG or MP3"

_BLOCK = 4096
"""Frames read at once."""
_UNKNOWN_SIZE = 0x7FFF_0000
"""Sizes from here on are what programs write that do not know yet how long a recording gets."""
_CLAIMED_SIZE = re.compile(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OGG_TAIL = 65_536
"""No Ogg page is longer, but for its header."""
_MPG123_SAYS = re.compile(rb"\[[^]]*libmpg123/|(?:Note|Warning|Error): ")
_STANDARD_ERROR = 2
_MUTING = threading.Lock()


class SndfileRecording:
    """One file."""

    def __init__(self, path: Path) -> None:
        """Read the header.

        Raises:
            ConfigError: the file is not one that libsndfile reads.
        """
        self._path = path
        with open_sound(path) as file:
            self.rate: int = file.samplerate
            self.channels: int = file.channels
            self.frames: int = file.frames
            """Samples of each channel, as the header or what is left of the file says."""
            self.cut_short = _is_cut_short(path, file)
            """Whether the end of the file is known to be missing."""
            self._is_mp3 = file.format in ("MP3", "MPEG")
        self.broken = False
        """Whether something could not be decoded, once the blocks were read."""

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples, [T, channels]."""
        quietly = without_mpg123 if self._is_mp3 else contextlib.nullcontext
        with open_sound(self._path) as file:
            while True:
                try:
                    with quietly():
                        read = file.read(_BLOCK, "float32", always_2d=True)
                except soundfile.LibsndfileError:
                    self.broken = True
                    return
                block = np.asarray(read, np.float32)
                if not len(block):
                    return
                yield block


@contextlib.contextmanager
def without_mpg123() -> Iterator[None]:
    """Keep the decoder of mp3 from writing its remarks to standard error.

    libsndfile has no switch for that. What other threads write meanwhile is handed on afterwards.
    """
    with _MUTING, tempfile.TemporaryFile() as caught:
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:
            yield  # there is no standard error
            return
        sys.stderr.flush()
        os.dup2(caught.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not _MPG123_SAYS.match(line):
                    os.write(_STANDARD_ERROR, line)


def open_sound(path: Path) -> soundfile.SoundFile:
    """Open a file.

    Raises:
        ConfigError: libsndfile does not read it.
    """
    try:
        with without_mpg123():
            return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise ConfigError(f"{path} is not a recording that can be read; give {NAMES}") from error


def _is_cut_short(path: Path, file: soundfile.SoundFile) -> bool:
    """Tell whether a file whose length is not checked while reading lacks its end."""
    for claimed, found in _CLAIMED_SIZE.findall(file.extra_info):
        if int(found) < int(claimed) < _UNKNOWN_SIZE:
            return True
    if file.format != "OGG":
        return False
    with path.open("rb") as raw:
        raw.seek(max(0, path.stat().st_size - _OGG_TAIL))
        tail = raw.read()
    page = tail.rfind(b"OggS")
    # Byte 5 of a page's header has a bit that says "last page" (RFC 3533, section 6).
    return page < 0 or page + 5 >= len(tail) or not tail[page + 5] & 4
