"""The file that `facewire say --voice cosyvoice:FILE.toml` names: how CosyVoice is reached."""

import os
from pathlib import Path
from typing import Literal

import msgspec

from facewire.errors import ConfigError
from facewire.toml_file import load_toml

Mode = Literal["zero_shot", "instruct", "cross_lingual", "sft"]


class CosyVoiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the worker is, who speaks, and what decodes its tokens; paths are as the file's."""

    address: str = ""
    """HOST:PORT of a worker that runs; empty starts one, with the next three."""
    token: str = ""
    """What that worker printed; by default that in the variable FACEWIRE_WORKER_TOKEN."""
    folder: str = ""
    """Where CosyVoice was cloned."""
    python: str = ""
    """The Python of CosyVoice's environment."""
    model: str = "pretrained_models/CosyVoice2-0.5B"
    """The weights, from `folder`."""
    options: tuple[str, ...] = ()
    """More for the worker, such as --fp16."""

    mode: Mode = "zero_shot"
    prompt_wav: str = ""
    """A recording of who shall speak, up to 30 s."""
    prompt_text: str = ""
    """What he says in it."""
    instruct: str = ""
    """How to speak, in mode instruct."""
    speaker: str = ""
    """A name under which the worker keeps the prompt, or knows a speaker."""

    decoder: str = ""
    """Folder of a decoder for these tokens."""
    backend: str = "onnx"
    """What runs it, as `--backend` names it."""
    start_s: float = 300.0
    """How long a worker that is started may take to load its models."""
    stall_s: float = 60.0
    """How long it may say nothing while it owes something."""


def read_settings(path: Path) -> CosyVoiceSettings:
    """Read such a file, and make its paths absolute.

    Raises:
        ConfigError: it is missing, or something in it is wrong.
    """
    settings = load_toml(path, CosyVoiceSettings)
    if settings.address:
        split_address(settings.address)
    elif not (settings.folder and settings.python):
        raise ConfigError(f"{path}: give address, or folder and python to start a worker")
    if settings.stall_s <= 0 or settings.start_s <= 0:
        raise ConfigError(f"{path}: start_s and stall_s are seconds, and more than 0")
    base = path.absolute().parent
    paths = {
        name: str(base / os.path.expanduser(value))
        for name in ("folder", "python", "prompt_wav", "decoder")
        if (value := getattr(settings, name))
    }
    return msgspec.structs.replace(settings, **paths)


def split_address(address: str) -> tuple[str, int]:
    """Return host and port.

    Raises:
        ConfigError: it is not HOST:PORT.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ConfigError(f"{address!r} is no address of a worker; write it as 127.0.0.1:9321")
    return host, int(port)
