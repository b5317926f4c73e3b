"""A frame interval of `/speak` as it travels: its face and its sound in bytes."""

from dataclasses import dataclass

from facewire.audio.format import Encoding
from facewire.speaking.playout import FrameInterval
from facewire.wire.binary import (
    AudioMessage,
    encode_audio,
    encode_frame,
    encode_samples,
    wire_frame,
)
from facewire.wire.messages import encode_message, json_frame


@dataclass(frozen=True, slots=True, eq=False)
class EncodedInterval:
    """What is sent of one frame interval."""

    shown: FrameInterval
    frame: bytes | str
    audio: bytes
    """Empty where there is none."""


def encode_interval(shown: FrameInterval, now: int, *, binary: bool) -> EncodedInterval:
    """Return a frame interval as it leaves `now`, in ns; binary, or as JSON."""
    travelling = wire_frame(shown.frame, now)
    frame = encode_frame(travelling) if binary else encode_message(json_frame(travelling))
    audio = b""
    if shown.turn is not None and len(shown.audio):
        pcm = encode_samples(shown.audio, Encoding.S16LE)
        audio = encode_audio(AudioMessage(pcm, shown.frame.timestamp, shown.turn.number))
    return EncodedInterval(shown, frame, audio)
