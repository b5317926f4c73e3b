"""What people meet first: a demo that waits for them, a voice that is not there, their token."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facewire_client import FaceViewer

FACEWIRE = [sys.executable, "-m", "facewire"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
async def test_the_demo_waits_for_whoever_opens_the_page(tmp_path: Path) -> None:
    terminal, side = os.openpty()
    command = [*FACEWIRE, "live", "--demo", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=side, stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    os.close(side)
    try:
        said = ""
        while "begins when you open it" not in said:
            said += (await asyncio.to_thread(os.read, terminal, 4096)).decode()
        found = re.search(r"http://(\S+?)/", said)
        assert found is not None
        # As long as it takes somebody to open a browser: the clip's own clock must not run.
        await asyncio.sleep(5)
        async with FaceViewer(f"ws://{found[1]}") as viewer:
            frames = aiter(viewer)
            first = await anext(frames)
            began_s = time.monotonic()
            while time.monotonic() - began_s < 1:
                last = await anext(frames)
        assert first.timestamp < 16_000
        # It is spoken from then on, and is not made up for.
        assert last.timestamp - first.timestamp < 3 * 16_000
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 30)
        os.close(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
async def test_the_demo_waits_for_nobody_where_an_avatar_watches(tmp_path: Path) -> None:
    terminal, side = os.openpty()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as avatar:
        avatar.bind(("127.0.0.1", 0))
        avatar.settimeout(60)
        out = f"osc://127.0.0.1:{avatar.getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            *FACEWIRE, "live", "--demo", "--port", "0", "--out", out,
            stderr=side, stdout=subprocess.DEVNULL, cwd=tmp_path,
        )  # fmt: skip
        os.close(side)
        try:
            assert await asyncio.to_thread(avatar.recv, 65_536)
            said = (await asyncio.to_thread(os.read, terminal, 4096)).decode()
            assert "the face is at" in said
            assert "begins when you open it" not in said
        finally:
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 30)
            os.close(terminal)


@pytest.mark.parametrize("voice", ["nobody-speaks-so", "cosyvoice:nowhere.toml"])
def test_a_voice_that_is_not_there_is_said_at_the_start(voice: str, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="install it: pip install espeakng-loader")
    result = subprocess.run(
        [*FACEWIRE, "serve", "--port", "0", "--voice", voice],
        capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 2
    assert "serving" not in result.stderr
    assert voice.removeprefix("cosyvoice:") in result.stderr


def test_a_token_of_ones_own_is_the_pages_too(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="install it: pip install espeakng-loader")
    process = subprocess.Popen(
        [*FACEWIRE, "say", "Hello.", "--page", "--host", "0.0.0.0", "--port", "0"],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "FACEWIRE_TOKEN": "of-my-own"},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert "?token=of-my-own" in process.stderr.readline()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
