"""Recorded faces, read again."""

from facewire.recordings.read import RECORDINGS, read_recording
from facewire.recordings.recorded_face import RecordedFace

__all__ = ["RECORDINGS", "RecordedFace", "read_recording"]
