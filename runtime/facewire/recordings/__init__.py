"""Recorded faces, read again."""

from facewire.recordings.read import RECORDINGS, read_recording
from facewire.recordings.recorded_face import RecordedFace, recorded_frames

__all__ = ["RECORDINGS", "RecordedFace", "read_recording", "recorded_frames"]
