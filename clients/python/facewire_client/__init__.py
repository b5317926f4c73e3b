"""Facewire's client: send speech, get faces. Or watch the faces of a live stream."""

from facewire_client.client import FaceClient
from facewire_client.clock_offset import ClockOffset
from facewire_client.connection import ServerError
from facewire_client.viewer import AudioRun, FaceViewer

__all__ = ["AudioRun", "ClockOffset", "FaceClient", "FaceViewer", "ServerError"]
