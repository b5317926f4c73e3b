"""Models on disk: a folder of ONNX files with a manifest that says where they come from.

Nothing is loaded whose sha256 differs from the manifest.
"""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from facewire.errors import EngineError
from facewire_engines.backends.graph import GraphFile

EMBEDDED_MODELS = Path(__file__).resolve().parent / "models"
"""A folder for each model that comes with Facewire."""
MANIFEST = "manifest.json"


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model."""

    sha256: str
    """Hexadecimal digest of its bytes."""
    bytes: int
    """Its size."""
    parameters: int
    """How many numbers were trained."""


class DataSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data that a model learned from."""

    name: str
    hours: float
    licence: str
    attribution: str


class SpeechRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes from a speech encoder to a face decoder, and when it holds."""

    name: str
    """Of the encoder: that of the space of its ids."""
    rate: str
    """Rows a second, a whole number or a fraction such as `75/2`."""
    middle: str
    """Row `k` stands for the sound around `(k + middle) / rate` seconds; a fraction, too."""
    sample_rate: int
    """Of the audio, in Hz."""
    kind: Literal["features", "ids"]
    vocabulary: int = 0
    """Ids of each codebook are below it."""
    codebooks: int = 0
    """Ids in a row."""
    delay: int = 0
    """Rows between the newest one and the last that was heard whole."""
    lookahead_ms: float = 0.0
    """The longest look-ahead into rows that frames can make use of."""
    styles: tuple[str, ...] = ()
    """Whose ways of moving the decoder knows, if it takes their shares."""
    shares: tuple[float, ...] = ()
    """Of each style where a session asks for none."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a model comes from, and what it is."""

    name: str
    version: str
    licence: str
    """Licence of the weights."""
    non_commercial: bool
    """Whether some of its data forbid commercial use."""
    command: str
    """The command that made it."""
    created: str
    """ISO date."""
    tokens: tuple[str, ...]
    """Names of the classes between encoder and decoder, in order."""
    blendshapes: tuple[str, ...]
    """Names of the decoder's outputs, in order."""
    data: tuple[DataSource, ...]
    files: dict[str, ModelFile]
    rows: SpeechRows | None = None
    """Of a model for the engine `recipe`."""


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model folder.

    Raises:
        EngineError: it is missing or not a manifest.
    """
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise EngineError(f"cannot read {path} ({error.strerror}); {_advice(folder)}") from error
    except msgspec.MsgspecError as error:
        raise EngineError(f"{path} is not a model manifest: {error}") from error


def _advice(folder: Path) -> str:
    if EMBEDDED_MODELS in folder.resolve().parents:
        return "install Facewire again"
    return "export the model again, or get another copy of its folder"


def read_verified(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Read one file of a model, and check it against the manifest.

    Raises:
        EngineError: it is missing, unreadable, or not the file that was published.
    """
    expected = manifest.files.get(name)
    if expected is None:
        raise EngineError(f"the manifest of model {manifest.name!r} lists no file {name!r}")
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"cannot read the model file {path} ({error.strerror}); {_advice(folder)}"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise EngineError(
            f"the model file {path} is damaged or was changed (its sha256 is not the "
            f"manifest's); {_advice(folder)}"
        )
    return content


def read_graph(folder: Path, manifest: Manifest, name: str) -> GraphFile:
    """Read one graph of a model, and check it against the manifest.

    Raises:
        EngineError: it is missing, unreadable, or not the file that was published.
    """
    content = read_verified(folder, manifest, name)
    return GraphFile(manifest.name, name, content, manifest.files[name].sha256)
