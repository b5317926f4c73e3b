"""Options that several commands share, and how they change the settings file's values."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from facewire.errors import ConfigError
from facewire.settings.settings import FaceSettings, Settings, load_settings

FrameRateOption = Annotated[
    str | None,
    typer.Option(
        "--frame-rate", metavar="RATE", help="Frames per second: 30, 60, 29.97, 30000/1001 ..."
    ),
]
LookaheadOption = Annotated[
    float | None,
    typer.Option(
        "--lookahead-ms",
        metavar="MS",
        help="How far a face may listen ahead, 0 to 160: less is sooner, more is surer.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Which engine: phones, phones-batched, hubert:FOLDER, energy, or one that a package "
        "adds (`facewire engine list`).",
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME[:PRECISION]",
        help="What runs the engine: auto, onnx, onnx-cuda, tensorrt, torch, torch-cuda.",
    ),
]
ProfileOption = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="TOML file with gains and offsets."),
]
IdleOption = Annotated[
    bool | None,
    typer.Option("--idle/--no-idle", help="Blinks and small motion of gaze, brows and head."),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        help="Which idle motion: the same seed moves the same way. Without, animate takes 0, and "
        "each live stream and session one of its own.",
    ),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="TOML file with settings (docs/settings.md)."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on; 0.0.0.0 lets other machines in."),
]
PortOption = Annotated[
    int | None, typer.Option("--port", help="TCP port of the page and the WebSocket; 0 is any.")
]
OriginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="ORIGIN",
        help="Web origin that may connect besides our own page. May be repeated.",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="FACEWIRE_TOKEN",
        show_envvar=True,
        help="What clients must show. Without it one is made where other machines can connect.",
    ),
]
InsecureOption = Annotated[
    bool | None,
    typer.Option("--insecure", help="Let other machines connect without a token."),
]
CertOption = Annotated[
    Path | None,
    typer.Option("--cert", metavar="FILE", help="PEM certificate: https and wss instead of http."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="PEM private key, if it is not in --cert's file."),
]
OpenSoundOption = Annotated[
    bool | None,
    typer.Option(
        "--open-sound", help="Let whoever may watch hear the live stream without a token."
    ),
]
BasePathOption = Annotated[
    str | None,
    typer.Option(
        "--base-path", metavar="/PATH", help="What a proxy leaves before the page's path."
    ),
]


def on_backend(engine: str, backend: str | None) -> str:
    """Name an engine on a back-end; one that is named with its own keeps it."""
    return f"{engine}@{backend}" if backend and "@" not in engine else engine


def with_options(path: Path | None, profile: Path | None = None, **options: object) -> Settings:
    """Read the settings file, and let the options that were given have the last word.

    Args:
        path: settings file, or None for the defaults.
        profile: profile file that replaces the `[face]` knobs.
        options: `table__key=value`; None was not given.

    Raises:
        ConfigError: a file or a value is wrong.
    """
    settings = load_settings(path) if path else Settings()
    if profile:
        settings = msgspec.structs.replace(settings, face=_with_profile(settings.face, profile))
    tables: dict[str, dict[str, Any]] = msgspec.to_builtins(settings)
    for name, value in options.items():
        if value is None:
            continue
        table, _, key = name.partition("__")
        tables[table][key] = str(value) if isinstance(value, Path) else value
    try:
        return msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        wrong, _, place = str(error).partition(" - at `$.")
        table, _, key = place.rstrip("`").partition(".")
        value = options.get(f"{table}__{key}")
        if value is None:
            raise ConfigError(wrong) from error
        option = f"--{key.replace('_', '-')}"
        raise ConfigError(f"{option} {value} is out of range: {_bound(wrong)}") from error


def _bound(wrong: str) -> str:
    """Say what msgspec says of a bound, as "Expected `float` >= 0.0", in our own words."""
    bound = wrong.rpartition("` ")[2]
    for sign, words in ((">= ", "at least"), ("<= ", "at most")):
        if bound.startswith(sign):
            return f"give {words} {float(bound.removeprefix(sign)):g}"
    return wrong


def _with_profile(face: FaceSettings, path: Path) -> FaceSettings:
    from facewire.face import load_profile

    profile = msgspec.to_builtins(load_profile(path))
    return msgspec.convert({**profile, "idle": face.idle, "seed": face.seed}, FaceSettings)
