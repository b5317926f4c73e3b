"""Servers that refuse, talk nonsense, or stop: one sentence each, and the client comes back."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.clients.unity.live import FACEWIRE, PATIENCE_S, live
from tests.clients.unity.mono import Program, faces
from tests.free_port import free_port
from websockets.asyncio.server import ServerConnection, serve

from facewire import arkit

HELLO = {
    "type": "hello", "version": 1, "names": list(arkit.NAMES),
    "frame_rate": [60, 1], "sample_rate": 16_000,
}  # fmt: skip
FRAME = bytes([0x46, 1]) + bytes(270)


def test_a_server_without_a_stream_says_so(driver: Program) -> None:
    port = free_port()
    process = subprocess.Popen(
        [str(FACEWIRE), "serve", "--port", str(port)],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with driver.running("face", f"ws://127.0.0.1:{port}") as viewer:
            # It is not there at first, and then it refuses.
            count = 1
            while "/session" not in (problem := viewer.wait_for("problem ", count=count)):
                count += 1
            viewer.end()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
    assert "does not answer" not in problem


def test_a_server_that_stands_still_is_left_and_found_again(driver: Program) -> None:
    port = free_port()
    address = f"ws://127.0.0.1:{port}/?token=secret"
    with live(f"--port={port}") as server, driver.running("face", address) as viewer:
        viewer.wait_for("frame ")
        server.send_signal(signal.SIGSTOP)
        try:
            told = len(viewer.of("problem ws://"))
            problem = viewer.wait_for("problem ws://", count=told + 1)
        finally:
            server.send_signal(signal.SIGCONT)
        viewer.wait_for("frame 2 ")
        viewer.end()
    assert "is not heard any more" in problem
    assert "secret" not in "".join(viewer.of("problem "))


@asynccontextmanager
async def saying(*conversations: Sequence[str | bytes]) -> AsyncIterator[str]:
    """A server that says something else in each connection, and then stays in the last."""
    left = list(conversations)

    async def say(client: ServerConnection) -> None:
        for message in left.pop(0) if len(left) > 1 else left[0]:
            await client.send(message)
        await client.wait_closed()

    async with serve(say, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (["nonsense"], "The server sent text that is not JSON at character 0."),
        ([json.dumps({**HELLO, "version": 2})], "The server speaks version 2 of the protocol"),
        ([json.dumps(HELLO), FRAME[:100]], "The server sent a face of 100 bytes"),
        ([json.dumps(HELLO), b"\x46\2" + FRAME[2:]], "The server speaks version 2 of the"),
        (
            [json.dumps(HELLO), bytes(1 << 20) + b"!"],
            "The server sent a message of more than 1 MiB.",
        ),
        (['{"type": "error", "code": "busy", "message": "Come later."}'], "Come later."),
    ],
)
async def test_nonsense_ends_a_connection_and_the_next_one_is_good(
    driver: Program, wrong: list[str | bytes], sentence: str
) -> None:
    # What is not known is no nonsense: a later server may have more to say.
    good: list[str | bytes] = [json.dumps(HELLO), '{"type": "later"}', b"Z" + FRAME[1:], FRAME]
    async with saying(wrong, good) as server:
        with driver.running("face", server) as viewer:
            await asyncio.to_thread(viewer.wait_for, "frame ")
            await asyncio.to_thread(viewer.end)
    assert any(sentence in problem for problem in viewer.of("problem ")), viewer.lines
    assert len(faces(viewer.lines).indices) == 1
    assert viewer.lines[-1].split()[1] == "2"


@pytest.mark.parametrize(
    "address", ["", "nonsense", "ftp://127.0.0.1", "/face", "ws://", "http://user:secret@"]
)
def test_what_is_no_address_is_said_in_a_sentence(driver: Program, address: str) -> None:
    with driver.running("face", address) as viewer:
        problem = viewer.wait_for("refused ")
    assert "is not the address of a server; write one like ws://127.0.0.1:8765" in problem
    assert "secret" not in problem
