"""The audio of realtime sessions: 16-bit PCM, or the two laws of telephones (G.711)."""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from facewire.audio.resample import HIGHEST_RATE, LOWEST_RATE
from facewire.errors import WireError

PCM_RATE = 24_000
"""Hz, where a session does not say another."""
TELEPHONE_RATE = 8_000

Coding = Literal["pcm16", "ulaw", "alaw"]

_CODINGS: dict[str, Coding] = {
    "pcm16": "pcm16",
    "g711_ulaw": "ulaw",
    "g711_alaw": "alaw",
    "audio/pcm": "pcm16",
    "audio/pcmu": "ulaw",
    "audio/pcma": "alaw",
}
"""By the names of the beta, and of the released protocol."""


@dataclass(frozen=True, slots=True)
class RealtimeAudio:
    """How the audio of an answer is written."""

    coding: Coding = "pcm16"
    sample_rate: int = PCM_RATE
    """Hz; there is one channel."""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return 2 if self.coding == "pcm16" else 1

    def seconds(self, size: int) -> float:
        """Return how long so many bytes last."""
        return size / self.sample_bytes / self.sample_rate

    def samples(self, data: bytes) -> NDArray[np.int16]:
        """Return the samples [T] of whole ones."""
        if self.coding == "pcm16":
            return np.frombuffer(data, "<i2")
        table: NDArray[np.int16] = _expansion(self.coding)[np.frombuffer(data, np.uint8)]
        return table


def delta_bytes(delta: str) -> int:
    """Return how many bytes a delta carries, without reading them."""
    return 3 * (len(delta) // 4) - (len(delta) - len(delta.rstrip("=")))


def read_delta(delta: str) -> bytes:
    """Return the bytes that a delta carries.

    Raises:
        WireError: it is no base64.
    """
    try:
        return base64.b64decode(delta, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"the audio of a delta is no base64 ({error})") from error


def audio_of(said: Any) -> RealtimeAudio | None:
    """Return the audio that a session, or a response, says it answers with; None if it does not.

    That is `output_audio_format: "pcm16"` in the beta, and
    `audio: {output: {format: {type: "audio/pcm", rate: 24000}}}` since.
    """
    given = _at(said, "audio", "output", "format") or _at(said, "output_audio_format")
    name = given if isinstance(given, str) else _at(given, "type")
    coding = _CODINGS.get(name) if isinstance(name, str) else None
    if coding is None:
        return None
    usual = PCM_RATE if coding == "pcm16" else TELEPHONE_RATE
    rate = _at(given, "rate")
    known = isinstance(rate, int) and LOWEST_RATE <= rate <= HIGHEST_RATE
    return RealtimeAudio(coding, rate if known else usual)


def interrupts(session: Any) -> bool | None:
    """Return whether speech of the user ends an answer; None if the session does not say."""
    where = _at(session, "audio", "input")
    holder = where if isinstance(where, Mapping) and "turn_detection" in where else session
    if not isinstance(holder, Mapping) or "turn_detection" not in holder:
        return None
    return _at(holder, "turn_detection", "interrupt_response") is not False


def _at(value: Any, *keys: str) -> Any:
    """Return what lies there in nested objects, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


@cache
def _expansion(coding: Coding) -> NDArray[np.int16]:
    """Return the sample [256] of each byte."""
    every = io.BytesIO(bytes(range(256)))
    table, _ = soundfile.read(
        every, dtype="int16", format="RAW", subtype=coding.upper(), channels=1,
        samplerate=TELEPHONE_RATE,
    )  # fmt: skip
    expansion: NDArray[np.int16] = table.astype(np.int16)
    return expansion
