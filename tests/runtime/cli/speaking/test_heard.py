"""`facewire say` is heard: what the loudspeaker of a PulseAudio of our own plays, and when.

Faces and sound are observed from outside, and held against each other on the clock of the machine.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runtime.cli.started import FACEWIRE
from tests.runtime.sinks.delayed_sound.live_sound import Heard, Observation, Recorder
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.errors import FacewireError
from facewire.speaking.voices import load_voice
from facewire.wire.binary import AUDIO_KIND, decode_audio, decode_frame

SENTENCE = (
    "Bob bought my puppy a map, and my mother made marmalade and plum jam; "
    "then a big brown bear bit a piece of the pumpkin pie."
)
TOLERANCE_MS = 10.0
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"}


@pytest.fixture(autouse=True)
def _voice() -> None:
    try:
        load_voice(language="en-us", voice="", rate=175, pitch=50)
    except FacewireError as error:
        pytest.skip(str(error))


async def watch(viewer: ClientConnection, observed: Observation) -> None:
    """Note what a viewer gets, and when; the faces of a text do not say when they were sent."""
    with contextlib.suppress(ConnectionClosed):
        async for message in viewer:
            if isinstance(message, str):
                continue
            if message[0] == AUDIO_KIND:
                sound = decode_audio(message)
                if observed.stream_start < 0:
                    observed.stream_start = sound.start
                pcm = np.frombuffer(sound.pcm, "<i2").astype(np.float32)
                observed.stream.append(pcm / np.float32(32_768))
            else:
                observed.faces.append((decode_frame(message).timestamp, time.monotonic_ns()))


async def say(*words: str, folder: Path, env: dict[str, str]) -> Observation:
    """Say something with the page, and watch it until it ends."""
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "say", *words, "--port", "0", cwd=folder, env=env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    observed = Observation(process)
    assert process.stderr is not None
    assert process.stdout is not None
    try:
        where = ""
        while "http://" not in where:
            where = (await process.stderr.readline()).decode()
            assert where, "it ended"
            observed.said.append(where)
        address = where.split("http://")[1].split("/")[0]
        async with connect(f"ws://{address}/face?audio=1") as viewer:
            observed.lookahead = json.loads(await viewer.recv())["lookahead"]
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(observed.listen(), name="listen")
                await watch(viewer, observed)
                observed.said.append((await process.stdout.read()).decode())
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, observed.text
    return observed


@pytest.mark.timeout(120)
@pytest.mark.parametrize("lead_ms", [0, 100, 300])
async def test_the_loudspeaker_plays_each_sample_when_its_face_says(
    lead_ms: int, virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = float("inf")
    for _ in range(3):
        with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
            observed = await say(
                SENTENCE, "--lead-ms", str(lead_ms), folder=tmp_path, env=virtual_microphone.env
            )
            await asyncio.sleep(0.3)
            found = Heard(observed, recorder).sound_after_face_ms(6)
        # Faces leave so long before their sound, but no less than 20 ms.
        if len(found) >= 6:
            late = float(np.median(found)) - max(lead_ms, 20)
            best = min(best, late, key=abs)
        if abs(best) < TOLERANCE_MS:
            break
    assert abs(best) < TOLERANCE_MS
    assert "nothing is played" not in observed.text


@pytest.mark.timeout(90)
async def test_all_of_a_text_is_heard_from_its_first_sound_to_its_last(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = load_voice(language="en-us", voice="", rate=175, pitch=50)
    whole = np.concatenate([speech.samples for speech in voice.speak("Tack.")])
    with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
        begin = recorder.now
        process = await asyncio.create_subprocess_exec(
            *FACEWIRE, "say", "Tack.", "--no-page", cwd=tmp_path, env=virtual_microphone.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        assert process.returncode == 0, said
        assert b"nothing is played" not in said
        await asyncio.sleep(0.5)
        played, _ = recorder.between(begin, recorder.now)
    there, wanted = (np.sqrt(np.sum(np.square(sound))) for sound in (played, whole))
    assert there == pytest.approx(wanted, rel=0.1)


@pytest.mark.timeout(60)
async def test_quiet_plays_nothing(
    virtual_microphone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder(virtual_microphone.loudspeaker_source, monkeypatch) as recorder:
        begin = recorder.now
        process = await asyncio.create_subprocess_exec(
            *FACEWIRE, "say", "Hello there.", "--no-page", "--quiet", cwd=tmp_path,
            env=virtual_microphone.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        assert process.returncode == 0, said
        played, _ = recorder.between(begin, recorder.now)
    assert np.abs(played).max(initial=0) == 0


@pytest.mark.timeout(60)
async def test_ctrl_c_while_it_plays_ends_it(virtual_microphone: Any, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "say", " ".join([SENTENCE] * 20), "--no-page", "-o", "osc://127.0.0.1:9",
        cwd=tmp_path, env=virtual_microphone.env | TERMINAL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(40):
        assert process.stderr is not None
        shown = b""
        while b"words" not in shown:
            shown += await process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert process.returncode == 130, said
    assert b"Traceback" not in said


@pytest.mark.timeout(60)
def test_without_a_device_it_goes_on_silently_and_says_so(tmp_path: Path) -> None:
    nowhere = {"PULSE_SERVER": "unix:/nonexistent", "HOME": str(tmp_path), "ALSA_CONFIG_PATH": ""}
    words = ["Hello there.", "--no-page", "-o", "osc://127.0.0.1:9", "-o", "a.wav"]
    found = subprocess.run(
        [*FACEWIRE, "say", *words], cwd=tmp_path, capture_output=True, text=True, timeout=50,
        env=os.environ | nowhere,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    lines = [line for line in found.stderr.splitlines() if "nothing is played" in line]
    if "PortAudio" not in found.stderr:
        assert len(lines) == 1, found.stderr
        assert "--quiet" in lines[0]
    assert (tmp_path / "a.wav").stat().st_size > 16_000


@pytest.mark.timeout(60)
def test_a_long_text_shows_its_words_as_they_are_said(tmp_path: Path) -> None:
    found = subprocess.run(
        [*FACEWIRE, "say", " ".join([SENTENCE] * 40), "-o", "long.csv"],
        cwd=tmp_path, capture_output=True, text=True, timeout=50,
        env=os.environ | TERMINAL,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    said = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) of 1,040 words", found.stderr)]
    assert said, found.stderr[-500:]
    assert said[-1] > 500
    assert all(first <= second for first, second in pairwise(said))
