"""Captured faces in tables and archives, whoever wrote them."""

from fractions import Fraction
from pathlib import Path

from facewire.recordings import read_recording
from facewire_training.data.adapters.clip import Face

SUFFIXES = (".csv", ".npz")


def read_face(path: Path, frame_rate: Fraction | None = None) -> Face:
    """Read the face of one recording (see `read_recording`).

    Raises:
        ConfigError: the file cannot be read, names no shapes, or has no frame rate.
    """
    recording = read_recording(path, frame_rate)
    return Face(recording.weights, recording.spec.frame_rate, recording.known)
