"""`facewire live --delay-audio` with a microphone and a loudspeaker that PulseAudio makes.

Faces and the delayed sound are observed from outside, and held against each other on the clock of
the machine. They are to be within 10 ms in most quarters of a second: on a machine that is busy
with other things the sound of PulseAudio breaks now and then, and is in step a moment later.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.runtime.sinks.delayed_sound.live_sound import (
    FACEWIRE,
    RATE,
    Heard,
    Recorder,
    live,
)

from facewire.clock import SECOND, SystemClock
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.sinks.delayed_sound.sink import DelayedSound

CLIP = Path(str(resources.files("facewire") / "assets" / "demo.flac"))
TOLERANCE_MS = 10.0


async def late_ms(play: Callable[[], Awaitable[None]], heard: Heard) -> float:
    """Play something, and return by how much the sound is later than its face, of three tries.

    Of a try it is the median over quarters of a second, of at least one second. On a machine that
    is busy with other things PulseAudio itself stumbles now and then.
    """
    best = float("inf")
    for _ in range(3):
        await play()
        found = heard.sound_after_face_ms(5)
        if len(found) >= 4:
            best = min(best, float(np.median(found)), key=abs)
        if abs(best) < TOLERANCE_MS:
            break
    return best


@pytest.mark.timeout(120)
async def test_what_a_microphone_hears_is_played_when_its_face_leaves(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--device", "pulse", "--delay-audio", "pulse")
    async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
        # The quality of sound that waits for its face.
        assert observed.lookahead == 80 * RATE // 1000
        with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
            play = partial(virtual_microphone.play, CLIP)
            assert abs(await late_ms(play, Heard(observed, recorder))) < TOLERANCE_MS
    assert observed.process.returncode == 130


@pytest.mark.timeout(120)
async def test_what_a_file_says_is_played_when_its_face_leaves_and_to_its_end(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech, rate = soundfile.read(CLIP, dtype="float32")
    bleep = 0.5 * np.sin(np.arange(rate // 10) * 0.3)
    soundfile.write(tmp_path / "said.wav", np.concatenate((speech[: 5 * rate], bleep)), rate)
    words = ("--input", "said.wav", "--delay-audio", "default", "--lookahead-ms", "120")
    ends = []
    with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
        heard = Heard(None, recorder)

        async def play() -> None:
            async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
                await observed.process.wait()
            assert observed.process.returncode == 0
            heard.observed = observed
            end = observed.faces[-1][1]
            ends.append(recorder.between(end - SECOND // 2, end + SECOND)[0])

        assert abs(await late_ms(play, heard)) < TOLERANCE_MS
    # The bleep that ends it was heard.
    assert np.sum(np.abs(ends[-1]) > 0.3) > 0.04 * RATE


@pytest.mark.timeout(120)
async def test_a_microphone_that_comes_back_does_not_end_it(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The microphone starts PortAudio again; the output has to be opened again, too."""
    words = ("--device", "pulse", "--retry", "--delay-audio", "pulse")
    async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
        await observed.hear_more(1)
        virtual_microphone.unplug()
        await observed.hear_more(1)
        virtual_microphone.plug_in()
        await observed.has_said("the microphone 'pulse' is there again")
        await observed.has_said("the output 'pulse' is there again")
        with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
            play = partial(virtual_microphone.play, CLIP)
            assert abs(await late_ms(play, Heard(observed, recorder))) < TOLERANCE_MS
    assert observed.process.returncode == 130


@pytest.mark.timeout(90)
async def test_an_output_that_is_slower_than_the_face_plays_later_and_it_is_said(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sound card plays what a face without look-ahead has just shown."""
    words = ("--input", str(CLIP), "--delay-audio", "pulse", "--lookahead-ms", "0")
    with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
        async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
            await observed.has_said("so the sound is")
            await observed.hear_more(3)
            end = observed.faces[-1][1]
        played, _ = recorder.between(end - 2 * SECOND, end)
    assert np.abs(played).max() > 0.1
    told = re.findall(r"the sound is (\d+) ms later than the face; give \1 ms more", observed.text)
    # Said again only when it has become later still.
    assert [int(ms) for ms in told] == sorted({int(ms) for ms in told})
    assert 1 <= len(told) <= 3


@pytest.mark.timeout(90)
async def test_an_output_that_hangs_does_not_hold_the_program(
    virtual_microphone: Any, tmp_path: Path
) -> None:
    words = ("--input", str(CLIP), "--delay-audio", "pulse")
    async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
        await observed.hear_more(1)
        virtual_microphone.freeze()
        # Longer than a device is waited for; faces go on.
        await observed.hear_more(4)
    assert observed.process.returncode == 130


async def test_the_settings_file_names_the_output(virtual_microphone: Any, tmp_path: Path) -> None:
    (tmp_path / "facewire.toml").write_text('[stream]\ndelay_audio = "pulse"\n')
    words = ("--device", "pulse", "--settings", "facewire.toml")
    async with live(*words, folder=tmp_path, env=virtual_microphone.env) as observed:
        await observed.hear_more(0.5)
        assert observed.lookahead == 80 * RATE // 1000
    async with live(
        *words, "--delay-audio", "off", folder=tmp_path, env=virtual_microphone.env
    ) as observed:
        assert observed.lookahead == 20 * RATE // 1000


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("gramophone", "facewire: there is no output device 'gramophone'; choose one of"),
        ("99", "facewire: there is no output device '99'; choose one of"),
    ],
)
async def test_no_such_output_is_one_sentence(
    device: str, sentence: str, virtual_microphone: Any, tmp_path: Path
) -> None:
    await fails(sentence, device, virtual_microphone.env, tmp_path)


async def test_an_output_that_cannot_be_opened_is_one_sentence(virtual_microphone: Any) -> None:
    virtual_microphone.unplug()
    with pytest.raises(ConfigError, match=r"the output 'pulse' cannot be opened \(.*close"):
        async with DelayedSound(SystemClock(), "pulse", StreamSpec()):
            pass
    virtual_microphone.plug_in()
    async with DelayedSound(SystemClock(), "pulse", StreamSpec()) as delayed:
        assert delayed.output.device is not None


async def test_without_portaudio_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    await fails("facewire: the delayed sound needs PortAudio; install it", "default", env, tmp_path)


async def fails(sentence: str, device: str, env: dict[str, str], folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "live", "--demo", "--no-page", "--delay-audio", device,
        cwd=folder, env=env, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()
    lines = [line for line in error.decode().strip().splitlines() if not line.startswith("ALSA")]
    assert process.returncode == 2
    assert lines[-1].startswith(sentence)
    assert len(lines) == 1
