"""Facewire's client: send speech or text, get faces. Or watch the faces of a live stream."""

from facewire.wire.binary import WireFrame
from facewire.wire.provisional_blend import ProvisionalBlend
from facewire.wire.speak import (
    Interrupted,
    NotInterrupted,
    Paused,
    Problem,
    Resumed,
    TurnBegins,
    TurnEnds,
    Words,
)
from facewire_client.client import FaceClient
from facewire_client.clock_offset import ClockOffset
from facewire_client.playout_buffer import PlayoutBuffer
from facewire_client.server_error import ServerError
from facewire_client.speaker import SpeakClient, SpeechEvent
from facewire_client.viewer import AudioRun, FaceViewer

__all__ = [
    "AudioRun",
    "ClockOffset",
    "FaceClient",
    "FaceViewer",
    "Interrupted",
    "NotInterrupted",
    "Paused",
    "PlayoutBuffer",
    "Problem",
    "ProvisionalBlend",
    "Resumed",
    "ServerError",
    "SpeakClient",
    "SpeechEvent",
    "TurnBegins",
    "TurnEnds",
    "WireFrame",
    "Words",
]
