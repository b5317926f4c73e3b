"""The header of the Unreal client, compiled with sanitizers, and the messages of a real server."""

import asyncio
import json
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.clients.unity.live import live
from tests.conftest import skip_unless_ci
from tests.free_port import free_port
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

HERE = Path(__file__).parent
HEADERS = HERE.parents[2] / "clients/unreal/Facewire/Source/Facewire/Public"
PATIENCE_S = 100.0
CLIENT_NS = 2**40 + 1
"""What our ping says; the pong says it again."""


@dataclass(frozen=True)
class Header:
    """A program made of the header."""

    path: Path

    def __call__(self, *words: str, lines: list[str]) -> list[str]:
        result = subprocess.run(
            [str(self.path), *words], input="\n".join(lines) + "\n",
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout[-2_000:] + result.stderr
        return result.stdout.splitlines()


@pytest.fixture(scope="session")
def header(tmp_path_factory: pytest.TempPathFactory) -> Header:
    if shutil.which("g++") is None:
        skip_unless_ci("no g++: apt install g++")
    target = tmp_path_factory.mktemp("unreal") / "driver"
    # Unreal is built without exceptions, and takes warnings for errors.
    result = subprocess.run(
        ["g++", "-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
         "-Wshadow", "-Werror", "-fno-exceptions", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", f"-I{HEADERS}", str(HERE / "driver.cpp"), "-o", str(target)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return Header(target)


@dataclass(frozen=True)
class Conversation:
    """What a real server sent to a viewer, and what the same run recorded."""

    messages: list[str | bytes]
    recording: Path

    @property
    def lines(self) -> list[str]:
        return [as_line(message) for message in self.messages]


def as_line(message: str | bytes) -> str:
    if isinstance(message, str):
        return f"t {message.encode().hex()}"
    return f"b {message.hex()}"


@pytest.fixture(scope="session")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    recording, port = tmp_path_factory.mktemp("live") / "face.npz", free_port()
    with live("--open-sound", f"--port={port}", f"--out=npz:{recording}"):
        messages = asyncio.run(watch(f"ws://127.0.0.1:{port}/face?audio=1"))
    return Conversation(messages, recording)


async def watch(url: str) -> list[str | bytes]:
    """Watch a stream from where it is to its end."""
    messages: list[str | bytes] = []
    while True:
        # The server needs a moment until it is there.
        with suppress(ConnectionRefusedError):
            async with asyncio.timeout(PATIENCE_S), connect(url) as socket:
                messages.append(await socket.recv())
                ping = {"type": "ping", "id": 7, "client_ns": CLIENT_NS}
                await socket.send(json.dumps(ping))
                with suppress(ConnectionClosed):
                    while True:
                        messages.append(await socket.recv())
                return messages
        await asyncio.sleep(0.1)
