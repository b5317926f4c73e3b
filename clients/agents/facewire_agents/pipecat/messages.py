"""What a client at the transport's other end is told: faces with the sound that they belong to."""

from collections.abc import Sequence
from typing import Any

from facewire import arkit
from facewire.frames import BlendshapeFrame

LABEL = "facewire"
STEPS = 1_000
"""A weight travels as a whole number of thousandths."""


def faces_message(faces: Sequence[tuple[float, BlendshapeFrame]], words: Sequence[str]) -> Any:
    """Return the message that goes before a piece of sound.

    Args:
        faces: with how many ms after the beginning of the piece each is shown.
        words: that begin in the piece.
    """
    message = {
        "type": "faces",
        "at_ms": [round(at, 1) for at, _ in faces],
        "weights": [(face.weights * STEPS).round().astype(int).tolist() for _, face in faces],
        "head": [[round(angle, 4) for angle in face.head] for _, face in faces],
    }
    return labelled(message | {"words": list(words)} if words else message)


def names_message() -> Any:
    """Return the message that says what the weights are, and how they travel."""
    return labelled({"type": "names", "names": list(arkit.NAMES), "steps": STEPS})


def rest_message(reason: str) -> Any:
    """Return the message after which the face comes to rest, within 120 ms."""
    return labelled({"type": "rest", "reason": reason})


def labelled(message: dict[str, Any]) -> Any:
    """Return a message as clients of Pipecat (RTVI) hand it to `onServerMessage`."""
    return {"label": "rtvi-ai", "type": "server-message", "data": {"label": LABEL} | message}
