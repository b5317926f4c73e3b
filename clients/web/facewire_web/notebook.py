"""A recorded face that moves in a notebook's cell, with its sound, as the page draws it."""

import html
import io
import json
import wave
from importlib import resources
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facewire_web.document_parts import (
    data_url,
    json_in_script,
    modules_as_urls,
    packed_weights,
)

_HEIGHT_PX = 460


class Spec(Protocol):
    """What a face's `spec` tells of it."""

    @property
    def sample_rate(self) -> int:
        """Of the timestamps, in Hz."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Of the shapes."""
        ...


class Face(Protocol):
    """What `facewire.animator.animate` returns, as far as it is drawn."""

    @property
    def spec(self) -> Spec:
        """Rates and names."""
        ...

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """[T], in samples."""
        ...

    @property
    def weights(self) -> NDArray[np.float32]:
        """[T, 52]"""
        ...

    @property
    def head(self) -> NDArray[np.float32]:
        """[T, 3]"""
        ...


class NotebookFace:
    """What a notebook shows of a face: a canvas, a play button, and the sound."""

    def __init__(self, document: str) -> None:
        self.document = document
        """A whole HTML document that needs nothing beside it."""

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{_HEIGHT_PX}" '
            f'style="border:0" srcdoc="{html.escape(self.document)}"></iframe>'
        )


def show_face(face: Face, samples: NDArray[np.floating], sample_rate: int) -> NotebookFace:
    """Return a face that a notebook's cell plays with its sound.

    Args:
        face: a recorded face, as `facewire.animator.animate` returns it.
        samples: [T] in [-1, 1], what was said.
        sample_rate: of the samples, in Hz.

    Raises:
        ValueError: there is no frame to show, or the sound has more than one channel.
    """
    if not len(face.weights):
        raise ValueError("there is no frame to show")
    sound = np.asarray(samples)
    if sound.ndim != 1:
        raise ValueError(f"samples are [T], not {list(sound.shape)}; take one channel")
    data = {
        "names": face.spec.names,
        "times": [round(float(at) / face.spec.sample_rate, 4) for at in face.timestamps],
        "head": [[round(float(angle), 4) for angle in angles] for angles in face.head],
        "weights": packed_weights(face.weights),
        "sound": _wav(sound, sample_rate),
    }
    page = resources.files("facewire_web").joinpath("notebook.html").read_text(encoding="utf-8")
    imports = json.dumps({"imports": modules_as_urls(("face/face_view.js", "client/pose.js"))})
    filled = page.replace("{{imports}}", imports).replace("{{data}}", json_in_script(data))
    return NotebookFace(filled)


def _wav(samples: NDArray[np.floating], sample_rate: int) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return data_url("audio/wav", file.getvalue())
