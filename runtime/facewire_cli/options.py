"""Options that change the settings file's values, and others that several commands share."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from facewire.emotion import NAMES, VOICE
from facewire.errors import ConfigError
from facewire.settings.lookahead import DELAYED_MS, DIRECT_MS
from facewire.settings.settings import FaceSettings, Settings, load_settings
from facewire_cli.usage import emotion_shares, finite, style_shares

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
        callback=finite,
        help="How far a face may listen ahead, 0 to 160: less is sooner, more is surer. Without, "
        f"{DIRECT_MS:g} for a microphone, whose speaker viewers hear directly, else "
        f"{DELAYED_MS:g}, as for sound that is delayed.",
    ),
]
DelayAudioOption = Annotated[
    str | None,
    typer.Option(
        "--delay-audio",
        metavar="DEVICE",
        help="Play the sound as late as the face into an output, by number or name as `facewire "
        'devices` lists them, or "default".',
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Which engine: phones, phones-batched, hubert:FOLDER, recipe:FOLDER, energy, or one "
        "that a package adds (`facewire engine list`).",
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
StyleOption = Annotated[
    str | None,
    typer.Option(
        "--style",
        metavar="NAME[=SHARE],...",
        callback=style_shares,
        help="How the model of the engine moves, such as grid=0.3, where it has learned several "
        "styles; the first of them has what is left of 1. Without, as it was exported.",
    ),
]
ProfileOption = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="TOML file with gains and offsets."),
]
ArticulationOption = Annotated[
    float | None,
    typer.Option(
        "--articulation",
        metavar="FACTOR",
        callback=finite,
        help="How clearly the mouth speaks, 0 to 2: 1 is about as far as people open theirs. Lips "
        "that meet go on meeting.",
    ),
]
EmotionOption = Annotated[
    str | None,
    typer.Option(
        "--emotion",
        metavar="NAME[=SHARE],...",
        callback=emotion_shares,
        help=f"What the speaker feels, such as happy or sad=0.6,calm=0.3: {', '.join(NAMES)}; or "
        f"{VOICE}, for what the voice itself tells. Lips that meet go on meeting.",
    ),
]
IdleOption = Annotated[
    bool | None,
    typer.Option(
        "--idle/--no-idle",
        help="Blinks, gaze, brows, cheeks, head: what a face does besides speaking.",
    ),
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
Audio2FaceOption = Annotated[
    int | None,
    typer.Option(
        "--a2f",
        metavar="PORT",
        help="Also answer clients of NVIDIA's Audio2Face-3D by gRPC there; their port is 52000.",
    ),
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


DeviceOption = Annotated[
    str | None,
    typer.Option(help="Number or part of the name, as `facewire devices` lists them."),
]
RetryOption = Annotated[
    bool | None, typer.Option("--retry", help="Wait for a microphone that is missing.")
]
SessionsOption = Annotated[
    int | None, typer.Option("--max-sessions", help="Clients that may send audio at once.")
]
VoicesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--voice",
        metavar="NAME:...",
        help="A voice of this machine that clients may name, such as cosyvoice:FILE.toml; the "
        "first is for those who name none. May be repeated.",
    ),
]
DecodersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--decoder",
        metavar="FOLDER",
        help="A decoder for tokens that clients may send: the folder of a recipe's model, or of a "
        "decoder of CosyVoice's. May be repeated.",
    ),
]
AgentOption = Annotated[
    str | None,
    typer.Option(
        "--agent",
        metavar="NAME",
        help="Who answers what is said to the page: canned, module:function, or "
        "openai:http://localhost:8000 for a server of OpenAI's HTTP interface.",
    ),
]


def in_a_folder(path: Path | None) -> Path | None:
    """Refuse a file of which nobody could write anything, before anything is measured."""
    if path is not None and not path.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {path}: there is no folder {path.parent}")
    return path


JsonOption = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        dir_okay=False,
        callback=in_a_folder,
        help="Also write the figures here.",
    ),
]

SETTINGS: dict[str, tuple[str, Any]] = {
    "device": ("microphone", DeviceOption),
    "retry": ("microphone", RetryOption),
    "host": ("server", HostOption),
    "port": ("server", PortOption),
    "a2f": ("server", Audio2FaceOption),
    "max_sessions": ("server", SessionsOption),
    "allow_origin": ("server", OriginOption),
    "token": ("server", TokenOption),
    "insecure": ("server", InsecureOption),
    "cert": ("server", CertOption),
    "key": ("server", KeyOption),
    "open_sound": ("server", OpenSoundOption),
    "base_path": ("server", BasePathOption),
    "voices": ("server", VoicesOption),
    "decoders": ("server", DecodersOption),
    "agent": ("server", AgentOption),
    "frame_rate": ("stream", FrameRateOption),
    "lookahead_ms": ("stream", LookaheadOption),
    "delay_audio": ("stream", DelayAudioOption),
    "engine": ("stream", EngineOption),
    "backend": ("stream", BackendOption),
    "style": ("stream", StyleOption),
    "articulation": ("face", ArticulationOption),
    "emotion": ("face", EmotionOption),
    "idle": ("face", IdleOption),
    "seed": ("face", SeedOption),
}
"""Each key of the file that an option changes: its table, and the option."""
ADDRESS = ("host", "port", "token", "insecure", "cert", "key")
ENGINE = ("engine", "backend")

Command = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the settings file says, with the options on top."""

    settings: Settings
    files: tuple[Path | None, ...]
    """What was read for it: no output may take its place."""


def choosing(*keys: str, profile: bool = True) -> Callable[[Command], Command]:
    """Give a command options for these keys of the settings file, and `--settings`.

    The command takes a `Chosen` first, and its own options after that.

    Args:
        keys: of `SETTINGS`.
        profile: whether there is `--profile` as well.
    """
    options = {key: SETTINGS[key][1] for key in keys}
    options |= {"profile": ProfileOption} if profile else {}
    options["settings"] = SettingsOption
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in options.items()
    ]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def chosen_first(**given: Any) -> None:
            values = {name: given.pop(name) for name in options}
            files = values.pop("settings"), values.pop("profile", None)
            command(Chosen(_settings(*files, values), files), **given)

        _, *own = inspect.signature(command).parameters.values()
        # Typer reads a command's options from its signature.
        vars(chosen_first)["__signature__"] = inspect.Signature([*own, *added])
        return chosen_first

    return decorate


def on_backend(engine: str, backend: str | None) -> str:
    """Name an engine on a back-end; one that is named with its own keeps it."""
    return f"{engine}@{backend}" if backend and "@" not in engine else engine


def _settings(path: Path | None, profile: Path | None, given: Mapping[str, Any]) -> Settings:
    """Read the settings file, and let the options that were given have the last word.

    Raises:
        ConfigError: a file or a value is wrong.
    """
    settings = load_settings(path) if path else Settings()
    if profile:
        settings = msgspec.structs.replace(settings, face=_with_profile(settings.face, profile))
    tables: dict[str, dict[str, Any]] = msgspec.to_builtins(settings)
    for key, value in given.items():
        if value is not None:
            tables[SETTINGS[key][0]][key] = str(value) if isinstance(value, Path) else value
    try:
        return msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        wrong, _, place = str(error).partition(" - at `$.")
        key = place.rstrip("`").rpartition(".")[2]
        if given.get(key) is None:
            raise ConfigError(wrong) from error
        option = f"--{key.replace('_', '-')} {given[key]}"
        raise ConfigError(f"{option} is out of range: {_bound(wrong)}") from error


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
