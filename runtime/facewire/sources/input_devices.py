"""Which microphones there are, and which one the user means."""

import atexit
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

PORTAUDIO = threading.RLock()
"""Held while PortAudio starts, lists, opens or closes: it has one state for the whole process, and
a cancelled call goes on in its thread."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """Something that can be recorded from, as PortAudio numbers and names it."""

    index: int
    name: str
    channels: int
    sample_rate: int
    """Its own rate in Hz."""
    is_default: bool
    host_api: str
    """The system's audio interface that offers it: ALSA, Core Audio, Windows WASAPI ..."""


def load_sounddevice() -> Any:
    """Return the `sounddevice` module, which starts PortAudio.

    Raises:
        ConfigError: the package or the PortAudio library is missing.
    """
    try:
        return import_optional("sounddevice", "the microphone needs sounddevice", "mic")
    except ConfigError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise ConfigError(
            "the microphone needs PortAudio; install it, on Debian or Ubuntu with "
            "`apt install libportaudio2`"
        ) from error


def refresh_devices() -> None:
    """Start PortAudio again: it sees devices only as they were when it started.

    Every open stream of this process ends.
    """
    with PORTAUDIO:
        sounddevice = load_sounddevice()
        # The package has no public name for this; its issue tracker recommends these two.
        sounddevice._terminate()
        sounddevice._initialize()


def abandon_portaudio() -> None:
    """Let the program end without PortAudio's leave, which would wait for a device that hangs."""
    atexit.unregister(load_sounddevice()._exit_handler)


def list_input_devices() -> list[InputDevice]:
    """Return the devices that can be recorded from, as they were when PortAudio started.

    Raises:
        ConfigError: the package or the PortAudio library is missing.
    """
    with PORTAUDIO:
        sounddevice = load_sounddevice()
        default = sounddevice.default.device[0]
        hosts = sounddevice.query_hostapis()
        if default < 0:
            default = next((h["default_input_device"] for h in hosts if h["devices"]), -1)
        return [
            InputDevice(
                index=index,
                name=device["name"],
                channels=device["max_input_channels"],
                sample_rate=round(device["default_samplerate"]),
                is_default=index == default,
                host_api=hosts[device["hostapi"]]["name"],
            )
            for index, device in enumerate(sounddevice.query_devices())
            if device["max_input_channels"] > 0
        ]


def choose_device(devices: Sequence[InputDevice], wanted: int | str | None) -> InputDevice:
    """Return the device with this index, or with this in its name, or the default for None.

    A name that is a number means an index. A device that several interfaces offer is taken from
    the default one.

    Raises:
        ConfigError: there is no such device, or there are several.
    """
    if not devices:
        raise ConfigError("there is no microphone; plug one in, or play a file with --input")
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        found = [device for device in devices if device.index == int(wanted)]
    else:
        found = _named(devices, wanted.strip().lower())
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(f"there is no input device {wanted!r}; choose one of {_listed(devices)}")
    raise ConfigError(f"{wanted!r} fits several input devices; choose one of {_listed(found)}")


def _named(devices: Sequence[InputDevice], name: str) -> list[InputDevice]:
    exact = [device for device in devices if device.name.lower() == name]
    found = exact or [device for device in devices if name in device.name.lower()]
    usual = {device.host_api for device in devices if device.is_default}
    preferred = [device for device in found if device.host_api in usual]
    return preferred if len(preferred) == 1 and _are_one(found) else found


def _are_one(devices: Sequence[InputDevice]) -> bool:
    """Tell whether these are one device, whose name some interfaces shorten."""
    shortest = min((device.name for device in devices), key=len)
    return all(device.name.startswith(shortest) for device in devices)


def _listed(devices: Sequence[InputDevice]) -> str:
    return ", ".join(f"{device.index} ({device.name}, {device.host_api})" for device in devices)
