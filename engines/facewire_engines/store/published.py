"""What is published about models: where each comes from, its files, and what its licence allows.

The models that a user downloads have a manifest each in `manifests/`; the embedded model's own
manifest is beside its weights.
"""

from pathlib import Path

import msgspec

from facewire.errors import ConfigError
from facewire_engines.model_files import EMBEDDED_MODELS, read_manifest

HUB = "https://huggingface.co"
MANIFESTS = Path(__file__).parent / "manifests"


class PublishedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file, as far as it is known."""

    sha256: str = ""
    """Hexadecimal digest, or as much of its beginning as was published; empty if nothing was."""
    bytes: int = 0
    """Its size; 0 if it was not published."""

    @property
    def certain(self) -> bool:
        """Whether the whole digest was published."""
        return len(self.sha256) == 64


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model."""

    name: str
    what: str
    repository: str
    """On the Hugging Face hub, after `datasets/` if it is one; empty if there is none to name."""
    licence: str
    non_commercial: bool | None
    """Whether commercial use is forbidden; None where nobody has checked."""
    terms: str
    """Address of the page that says so."""
    attribution: str
    data: str
    """What it learned from; empty if not known."""
    files: dict[str, PublishedFile]
    revision: str = "main"
    """The hub's name of a state of the repository."""
    embedded: bool = False
    """Whether it comes with Facewire."""

    def url(self, file: str, revision: str, endpoint: str = HUB) -> str:
        """Return where a file of a revision is."""
        return f"{endpoint.rstrip('/')}/{self.repository}/resolve/{revision}/{file}"


def _embedded(folder: Path) -> Published:
    """Describe an embedded model from its own manifest."""
    manifest = read_manifest(folder)
    files = {name: PublishedFile(file.sha256, file.bytes) for name, file in manifest.files.items()}
    return Published(
        name=manifest.name,
        what=f"the embedded model, version {manifest.version}",
        repository="",
        licence=manifest.licence,
        non_commercial=manifest.non_commercial,
        terms="",
        attribution="; ".join(source.attribution for source in manifest.data),
        data="; ".join(f"{source.name} ({source.licence})" for source in manifest.data),
        files=files,
        embedded=True,
    )


def published_models() -> dict[str, Published]:
    """Return every model by name, the embedded ones first.

    Raises:
        EngineError: an embedded model's manifest is missing or damaged.
    """
    models = [_embedded(path.parent) for path in sorted(EMBEDDED_MODELS.glob("*/manifest.json"))]
    models += [
        msgspec.json.decode(path.read_bytes(), type=Published)
        for path in sorted(MANIFESTS.glob("*.json"))
    ]
    return {model.name: model for model in models}


def find_model(name: str) -> Published:
    """Return a model.

    Raises:
        ConfigError: there is none of this name.
    """
    models = published_models()
    if name not in models:
        raise ConfigError(f"there is no model {name!r}; choose one of {', '.join(models)}")
    return models[name]
