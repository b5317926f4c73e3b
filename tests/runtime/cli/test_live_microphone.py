"""`facewire live` with a microphone that hears the bundled clip, as if a person spoke into it."""

import asyncio
import signal
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import connect

from facewire import arkit

CLIP = Path(str(resources.files("facewire") / "assets" / "demo.flac"))
FACEWIRE = (sys.executable, "-m", "facewire")


def best_correlation(heard: NDArray[np.float32], said: NDArray[np.float32]) -> float:
    """Return the correlation at the shift where the shorter curve fits the longer one best."""
    fits = [
        np.corrcoef(heard[shift : shift + len(said)], said)[0, 1]
        for shift in range(len(heard) - len(said))
        if heard[shift : shift + len(said)].std() > 0
    ]
    return float(max(fits))


async def test_the_face_follows_the_microphone(virtual_microphone: Any, tmp_path: Path) -> None:
    live = await asyncio.create_subprocess_exec(
        *FACEWIRE, *("live", "--device", virtual_microphone.device, "--port", "0", "--no-idle"),
        *("-o", "heard.npz"), cwd=tmp_path, env=virtual_microphone.env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert live.stderr is not None
    async with asyncio.timeout(60):
        line = (await live.stderr.readline()).decode()
        where = line.split("http://")[1].split("/")[0]
        async with connect(f"ws://{where}/face") as viewer:
            await viewer.recv()
            await viewer.recv()
        await virtual_microphone.play(CLIP)
        live.send_signal(signal.SIGINT)
        await live.communicate()
    assert live.returncode == 128 + signal.SIGINT
    offline = await asyncio.create_subprocess_exec(
        *FACEWIRE, "animate", str(CLIP), "--no-idle", "--lookahead-ms", "20", "-o", "said.npz",
        cwd=tmp_path,
    )  # fmt: skip
    assert await offline.wait() == 0
    jaw = arkit.INDEX["jawOpen"]
    with np.load(tmp_path / "heard.npz") as heard, np.load(tmp_path / "said.npz") as said:
        # Who speaks into a microphone is heard directly, by most who look on.
        assert int(heard["lookahead"]) == int(said["lookahead"]) == 320
        assert best_correlation(heard["weights"][:, jaw], said["weights"][30:-30, jaw]) > 0.9


async def test_no_such_device_is_one_sentence(virtual_microphone: Any, tmp_path: Path) -> None:
    live = await asyncio.create_subprocess_exec(
        *FACEWIRE, "live", "--device", "no such thing", "--no-page", cwd=tmp_path,
        env=virtual_microphone.env, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await live.communicate()
    assert live.returncode == 2
    assert error.decode().strip().startswith("facewire: there is no input device")
    assert len(error.decode().strip().splitlines()) == 1
