"""Which microphones and outputs there are, and which one the user means."""

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from facewire.daemon_thread import call_in_daemon
from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

T = TypeVar("T")

CLOSE_S = 2
"""How long a device may take to stop before it is left to itself."""

PORTAUDIO = threading.RLock()
"""Held while PortAudio starts, lists, opens or closes: it has one state for the whole process, and
a cancelled call goes on in its thread."""

_OPEN: list[Callable[[], None]] = []
"""Closes each stream that plays on while PortAudio is started again, before it would be lost."""

Kind = Literal["input", "output"]
_NONE: dict[Kind, str] = {
    "input": "there is no microphone; plug one in, or play a file with --input",
    "output": "there is no output device; connect one, or leave --delay-audio away",
}


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """Something that can be recorded from, or played into, as PortAudio numbers and names it."""

    index: int
    name: str
    channels: int
    """Of its kind."""
    sample_rate: int
    """Its own rate in Hz."""
    is_default: bool
    host_api: str
    """The system's audio interface that offers it: ALSA, Core Audio, Windows WASAPI ..."""
    kind: Kind = "input"


def load_sounddevice(user: str = "the microphone") -> Any:
    """Return the `sounddevice` module, which starts PortAudio; `user` needs it.

    Raises:
        ConfigError: the package or the PortAudio library is missing.
    """
    try:
        return import_optional("sounddevice", f"{user} needs sounddevice", "mic")
    except ConfigError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise ConfigError(
            f"{user} needs PortAudio; install it, on Debian or Ubuntu with "
            "`apt install libportaudio2`"
        ) from error


def refresh_devices() -> None:
    """Start PortAudio again: it sees devices only as they were when it started.

    Every open stream of this process ends; those of `closing_on_refresh` are closed in order.
    """
    with PORTAUDIO:
        for close in tuple(_OPEN):
            close()
        sounddevice = load_sounddevice()
        # The package has no public name for this; its issue tracker recommends these two.
        sounddevice._terminate()
        sounddevice._initialize()


@contextlib.contextmanager
def closing_on_refresh(close: Callable[[], None]) -> Iterator[None]:
    """Have a stream closed whenever PortAudio is about to be started again.

    `close` is called with `PORTAUDIO` held, in any thread; it may be called for a closed stream.
    """
    with PORTAUDIO:
        _OPEN.append(close)
    try:
        yield
    finally:
        with PORTAUDIO:
            _OPEN.remove(close)


def start_stream(sounddevice: Any, stream: Any) -> Any:
    """Return a stream once it runs; one that cannot is let go of.

    Raises:
        PortAudioError: of `sounddevice`; it cannot.
    """
    try:
        stream.start()
    except sounddevice.PortAudioError:
        stream.close(ignore_errors=True)
        raise
    return stream


def stop_stream(stream: Any) -> None:
    """Stop a stream at once and let go of its device, whatever PortAudio says to that."""
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)


async def call_portaudio(call: Callable[[], T], name: str) -> T:
    """Await a call into PortAudio; if cancelled, let it come back before the program may end.

    PortAudio crashes when it is left at exit while it is still looking for devices.
    """
    calling = call_in_daemon(call, name)
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.wait([calling], timeout=CLOSE_S)
        if calling.done() and not calling.cancelled():
            calling.exception()  # nobody is left to hear of it
        raise


def abandon_portaudio() -> None:
    """Let the program end without PortAudio's leave, which would wait for a device that hangs."""
    atexit.unregister(load_sounddevice()._exit_handler)


def list_input_devices() -> list[SoundDevice]:
    """Return the devices that can be recorded from, as they were when PortAudio started.

    Raises:
        ConfigError: the package or the PortAudio library is missing.
    """
    return _list_devices("input", load_sounddevice())


def list_output_devices(user: str = "the delayed sound") -> list[SoundDevice]:
    """Return the devices that can be played into, as they were when PortAudio started.

    `user` needs them.

    Raises:
        ConfigError: the package or the PortAudio library is missing.
    """
    return _list_devices("output", load_sounddevice(user))


def _list_devices(kind: Kind, sounddevice: Any) -> list[SoundDevice]:
    with PORTAUDIO:
        default = sounddevice.default.device[kind == "output"]
        hosts = sounddevice.query_hostapis()
        if default < 0:
            default = next((h[f"default_{kind}_device"] for h in hosts if h["devices"]), -1)
        return [
            SoundDevice(
                index=index,
                name=device["name"],
                channels=device[f"max_{kind}_channels"],
                sample_rate=round(device["default_samplerate"]),
                is_default=index == default,
                host_api=hosts[device["hostapi"]]["name"],
                kind=kind,
            )
            for index, device in enumerate(sounddevice.query_devices())
            if device[f"max_{kind}_channels"] > 0
        ]


def choose_device(
    devices: Sequence[SoundDevice], wanted: int | str | None, kind: Kind = "input"
) -> SoundDevice:
    """Return the device with this index, or with this in its name, or the default for None.

    A name that is a number means an index. A device that several interfaces offer is taken from
    the default one.

    Raises:
        ConfigError: there is no such device, or there are several.
    """
    if not devices:
        raise ConfigError(_NONE[kind])
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        found = [device for device in devices if device.index == int(wanted)]
    else:
        found = _named(devices, wanted.strip().lower())
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(f"there is no {kind} device {wanted!r}; choose one of {_listed(devices)}")
    raise ConfigError(f"{wanted!r} fits several {kind} devices; choose one of {_listed(found)}")


def _named(devices: Sequence[SoundDevice], name: str) -> list[SoundDevice]:
    exact = [device for device in devices if device.name.lower() == name]
    found = exact or [device for device in devices if name in device.name.lower()]
    usual = {device.host_api for device in devices if device.is_default}
    preferred = [device for device in found if device.host_api in usual]
    return preferred if len(preferred) == 1 and _are_one(found) else found


def _are_one(devices: Sequence[SoundDevice]) -> bool:
    """Tell whether these are one device, whose name some interfaces shorten."""
    shortest = min((device.name for device in devices), key=len)
    return all(device.name.startswith(shortest) for device in devices)


def _listed(devices: Sequence[SoundDevice]) -> str:
    return ", ".join(f"{device.index} ({device.name}, {device.host_api})" for device in devices)
