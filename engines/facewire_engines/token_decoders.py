"""Decoders of tokens from folders: whatever kind of model is in one."""

from pathlib import Path

from facewire.errors import ConfigError
from facewire.speaking.voice import TokenDecoder
from facewire_engines.backends.choice import AUTO, ONNX, graph_loader, parse_backend
from facewire_engines.cosyvoice.decoder import load_decoder
from facewire_engines.cosyvoice.tokens import SPACES
from facewire_engines.model_files import read_manifest
from facewire_engines.recipe.token_session import load_token_decoder


def open_token_decoder(folder: str, backend: str = AUTO) -> TokenDecoder:
    """Load a decoder of CosyVoice's tokens, or one that a recipe has trained for its own ids.

    Args:
        folder: where its manifest is.
        backend: what runs it; `auto` is the processor.

    Raises:
        ConfigError: there is no model, its rows are no tokens, or there is no such back-end.
        EngineError: a file is missing, damaged, or not a model of this kind.
    """
    if not (Path(folder) / "manifest.json").is_file():
        raise ConfigError(f"there is no decoder in {folder}; docs/speak.md says what goes there")
    load = graph_loader(ONNX if backend == AUTO else parse_backend(backend))
    manifest = read_manifest(Path(folder))
    if manifest.rows is None and manifest.name in SPACES:
        return load_decoder(Path(folder), load=load)
    return load_token_decoder(Path(folder), load)


def open_token_decoders(folders: tuple[str, ...], backend: str = AUTO) -> tuple[TokenDecoder, ...]:
    """Load several.

    Raises:
        ConfigError: as for one, or two of them are for the same tokens.
        EngineError: as for one.
    """
    decoders = tuple(open_token_decoder(folder, backend) for folder in folders)
    names = [decoder.space.name for decoder in decoders]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"two decoders are for tokens of {twice[0]!r}; name one of them")
    return decoders
