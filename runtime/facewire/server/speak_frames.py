"""A frame interval of `/speak` as it travels: its face and its sound in bytes."""

from dataclasses import dataclass

from facewire.audio.format import Encoding
from facewire.speaking.playout import Shown
from facewire.wire.binary import (
    AudioMessage,
    encode_audio,
    encode_frame,
    encode_samples,
    wire_frame,
)
from facewire.wire.messages import encode_message, json_frame


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """What is sent of one frame interval."""

    shown: Shown
    frame: bytes | str
    audio: bytes
    """Empty where there is none."""


def letter_of(shown: Shown, now: int, *, binary: bool) -> Letter:
    """Return a frame interval as it leaves `now`, in ns; binary, or as JSON."""
    travelling = wire_frame(shown.frame, now)
    frame = encode_frame(travelling) if binary else encode_message(json_frame(travelling))
    audio = b""
    if shown.turn is not None and len(shown.audio):
        pcm = encode_samples(shown.audio, Encoding.S16LE)
        audio = encode_audio(AudioMessage(pcm, shown.frame.timestamp, shown.turn.number))
    return Letter(shown, frame, audio)
