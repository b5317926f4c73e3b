import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire.sources.sound_devices import (
    SoundDevice,
    choose_device,
    closing_on_refresh,
    load_sounddevice,
    refresh_devices,
)


def device(index: int, name: str, host_api: str = "ALSA", *, default: bool = False) -> SoundDevice:
    return SoundDevice(index, name, 2, 48_000, default, host_api)


HEADSET = device(3, "USB Headset (2)")
WEBCAM = device(4, "USB Webcam", default=True)
BUILT_IN = device(7, "Built-in Microphone")
DEVICES = [HEADSET, WEBCAM, BUILT_IN]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, WEBCAM),
        (3, HEADSET),
        ("7", BUILT_IN),
        ("headset", HEADSET),
        ("BUILT-IN", BUILT_IN),
        ("usb webcam", WEBCAM),
    ],
)
def test_a_device_is_chosen_by_number_or_name(
    wanted: int | str | None, expected: SoundDevice
) -> None:
    assert choose_device(DEVICES, wanted) is expected


def test_without_a_default_the_first_is_taken() -> None:
    assert choose_device([BUILT_IN, HEADSET], None) is BUILT_IN


def test_an_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(ConfigError, match="several") as error:
        choose_device(DEVICES, "usb")
    assert "3 (USB Headset (2), ALSA), 4 (USB Webcam, ALSA)" in str(error.value)
    assert "Built-in" not in str(error.value)


@pytest.mark.parametrize("wanted", [5, "5", "loudspeaker"])
def test_an_unknown_device_lists_what_there_is(wanted: int | str) -> None:
    with pytest.raises(ConfigError, match=r"no input device .*7 \(Built-in Microphone, ALSA\)"):
        choose_device(DEVICES, wanted)


def test_outputs_are_called_outputs() -> None:
    outputs = [replace(device, kind="output") for device in DEVICES]
    assert choose_device(outputs, None, "output").name == WEBCAM.name
    with pytest.raises(ConfigError, match="there is no output device 'x'"):
        choose_device(outputs, "x", "output")
    with pytest.raises(ConfigError, match="'usb' fits several output devices"):
        choose_device(outputs, "usb", "output")
    with pytest.raises(ConfigError, match="there is no output device; connect one"):
        choose_device([], None, "output")


def test_streams_that_play_on_are_closed_before_portaudio_starts_again() -> None:
    try:
        load_sounddevice()
    except ConfigError as error:
        pytest.skip(str(error))
    closed = []
    with closing_on_refresh(lambda: closed.append("one")):
        with closing_on_refresh(lambda: closed.append("two")):
            refresh_devices()
        refresh_devices()
    refresh_devices()
    assert closed == ["one", "two", "one"]


def test_no_device_at_all() -> None:
    with pytest.raises(ConfigError, match="there is no microphone; plug one in"):
        choose_device([], None)


def test_a_name_that_is_the_whole_name_of_one_is_not_ambiguous() -> None:
    plain = device(1, "Microphone")
    assert choose_device([plain, device(2, "Microphone 2")], "microphone") is plain


def test_a_device_of_several_interfaces_is_taken_from_the_default_one() -> None:
    shortened = device(1, "Microphone (Yeti Stereo Microph", "MME", default=True)
    full = device(9, "Microphone (Yeti Stereo Microphone)", "Windows WASAPI")
    assert choose_device([shortened, full], "yeti") is shortened


def test_two_devices_of_two_interfaces_are_ambiguous() -> None:
    devices = [device(1, "USB One", "MME", default=True), device(2, "USB Two", "Windows WASAPI")]
    with pytest.raises(ConfigError, match="several"):
        choose_device(devices, "usb")


def test_listing_without_the_package_says_what_to_install(tmp_path: Path) -> None:
    """A package of that name that cannot be imported stands for one that is not installed."""
    (tmp_path / "sounddevice.py").write_text("raise ImportError('not installed')\n")
    assert 'pip install "sounddevice' in failure_of_listing(tmp_path)


def test_listing_without_portaudio_says_what_to_install(tmp_path: Path) -> None:
    """The package fails like this where the library is missing."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    assert "apt install libportaudio2" in failure_of_listing(tmp_path)


def failure_of_listing(folder: Path) -> str:
    code = (
        "from facewire.errors import ConfigError\n"
        "from facewire.sources.sound_devices import list_input_devices\n"
        "try: list_input_devices()\n"
        "except ConfigError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
