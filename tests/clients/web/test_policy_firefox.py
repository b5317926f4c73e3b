"""The page in a real Firefox that keeps to its policy and its cookies."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import StreamSpec
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster
from facewire_engines.energy.engine import EnergyEngine

PATIENCE_S = 60


async def test_firefox_opens_the_printed_address(tmp_path: Path) -> None:
    """Its page gets the token's cookie, and its policy lets it connect."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("no Firefox: apt install firefox-esr")
    clock = SystemClock()
    broadcaster = Broadcaster(clock=clock)
    server = FaceServer(
        EnergyEngine(), make_face, clock=clock, port=0, broadcaster=broadcaster, token="s3cret"
    )
    async with server:
        await broadcaster.begin(StreamSpec(), "energy")
        (address,) = server.page_urls
        firefox = await asyncio.create_subprocess_exec(
            *(path, "--headless", "--no-remote", "--profile", str(tmp_path), address),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(tmp_path)},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not broadcaster.viewers:  # noqa: ASYNC110 # nobody tells
                    await asyncio.sleep(0.05)
        finally:
            os.killpg(firefox.pid, signal.SIGKILL)
            await firefox.wait()
