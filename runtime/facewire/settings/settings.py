"""The settings file: everything that the command line can ask for, and nothing else.

Every key has a default that works; docs/settings.md shows them all.
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from facewire.errors import ConfigError
from facewire.face.profile import Profile
from facewire.frame_rate import parse_frame_rate
from facewire.settings.limits import Limits
from facewire.toml_file import load_toml


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class StreamSettings(_Table, frozen=True):
    """`[stream]`: what an engine is asked for."""

    frame_rate: str | int | float = "60"
    """Frames per second, 1 to 240: a number, or text such as "30000/1001"."""
    lookahead_ms: Annotated[float, Meta(ge=0, le=1000)] | Literal["auto"] = "auto"
    """How far ahead of a face the engine may listen; "auto" is as `lookahead` says."""
    engine: Annotated[str, Meta(min_length=1)] = "phones"
    """Which engine, as `facewire models` lists them."""
    backend: Annotated[str, Meta(min_length=1)] = "auto"
    """What runs it, such as "onnx" or "tensorrt:fp16"; see docs/engines.md."""
    style: dict[str, float] = {}
    """Shares of the styles of the engine's model, such as { grid = 0.3 }; none: as exported."""
    delay_audio: Annotated[str, Meta(min_length=1)] | int = "off"
    """Output device that plays the sound of `live` as late as its face; "default" is the system's,
    "off" none."""

    def __post_init__(self) -> None:
        try:
            parse_frame_rate(str(self.frame_rate))
        except ConfigError as error:
            raise ValueError(str(error)) from error

    def exact_frame_rate(self) -> Fraction:
        """Return `frame_rate` as a fraction."""
        return parse_frame_rate(str(self.frame_rate))


class MicrophoneSettings(_Table, frozen=True):
    """`[microphone]`: which device is listened to."""

    device: str | int = ""
    """Number or part of the name, as `facewire devices` lists them; empty is the default one."""
    retry: bool = False
    """Whether to wait for a device that is missing, instead of giving up."""
    block_ms: Annotated[int, Meta(ge=1, le=500)] = 10
    """How much audio the device hands over at a time."""


class ServerSettings(_Table, frozen=True):
    """`[server]`: where pages and clients connect."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """Address to listen on; "0.0.0.0" lets other machines in."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8765
    """TCP port; 0 picks a free one."""
    a2f: Annotated[int, Meta(ge=0, le=65_535)] | Literal["off"] = "off"
    """Port for clients of NVIDIA's Audio2Face-3D, whose own is 52000; 0 picks a free one."""
    max_sessions: Annotated[int, Meta(ge=1, le=10_000)] = 8
    """How many clients may send audio at the same time."""
    allow_origin: tuple[str, ...] = ()
    """Web origins that may connect besides our own page, such as "https://example.org"."""
    token: str = ""
    """What clients must show; empty: one is made where other machines can connect."""
    insecure: bool = False
    """Whether other machines may connect without a token."""
    cert: str = ""
    """PEM file with the certificate for https and wss; empty: plain http and ws."""
    key: str = ""
    """PEM file with its private key; empty: it is in `cert`."""
    open_sound: bool = False
    """Whether whoever may watch may hear the live stream without a token."""
    base_path: str = ""
    """What a proxy leaves before our paths, such as "/facewire"."""
    voices: tuple[str, ...] = ()
    """Voices of this machine, such as "cosyvoice:ann.toml", that clients of /speak may name; the
    first is for those who name none. Without any, they get the embedded voice."""
    decoders: tuple[str, ...] = ()
    """Folders of decoders, for tokens that clients of /speak may send besides the engine's."""
    agent: str = ""
    """Who answers on /agent: canned, module:function, openai:http://...; empty: nobody."""
    limits: Limits = Limits()
    """How much one client may ask for."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"/?(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*", self.base_path):
            raise ValueError(f"base_path is like /facewire, and not {self.base_path!r}")
        for origin in self.allow_origin:
            if origin != "null" and not re.fullmatch(r"[A-Za-z][\w+.-]*://[^/?#@\s]+/?", origin):
                raise ValueError(f"an allowed origin is like https://example.org, not {origin!r}")


class FaceSettings(Profile, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[face]`: the profile of the character, and its idle motion."""

    idle: bool = True
    """Whether the face does what a living one does besides speaking."""
    seed: Annotated[int, Meta(ge=0)] | Literal["random"] = "random"
    """Which idle motion: the same seed moves the same way. With "random" each live stream and each
    session has one of its own, and `animate`, and `say` to files alone, take 0."""

    @property
    def fixed_seed(self) -> int | None:
        """The seed, None if each stream is to have one of its own."""
        return None if self.seed == "random" else self.seed


class Settings(_Table, frozen=True):
    """The whole file."""

    outputs: tuple[str, ...] = ()
    """Where frames go, as for `--out`, such as "osc://127.0.0.1:9000"."""
    stream: StreamSettings = StreamSettings()
    microphone: MicrophoneSettings = MicrophoneSettings()
    server: ServerSettings = ServerSettings()
    face: FaceSettings = FaceSettings()


def load_settings(path: Path) -> Settings:
    """Read a settings file; what it leaves out keeps its default.

    Raises:
        ConfigError: the file is missing or not TOML, or a key or a value is wrong.
    """
    return load_toml(path, Settings)
