"""`facewire serve --agent` ends by a signal in order, also while the agent blocks the server."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.runtime.agents.test_agent_socket import said
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from facewire.audio.format import Encoding
from facewire.wire.binary import AudioMessage, encode_audio, encode_samples

if sys.platform == "win32":
    pytest.skip("Windows has other signals", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

PROGRAM = """
import asyncio, sys, time

def spin(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass

async def sleeps(said):
    print("blocks", file=sys.stderr, flush=True)
    time.sleep(600)
    return "Done."

async def spins(said):
    yield "I think."
    print("blocks", file=sys.stderr, flush=True)
    spin(600)

async def insists(said):
    print("blocks", file=sys.stderr, flush=True)
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass

async def waits(said):
    print("blocks", file=sys.stderr, flush=True)
    await asyncio.sleep(600)

class Slow:
    def __init__(self):
        print("blocks", file=sys.stderr, flush=True)
        time.sleep(600)

    async def reply(self, said):
        return "Never."
"""
SOON_S = 10
"""Separates what ends within a few seconds from what does not."""


@contextmanager
def serving(agent: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    (folder / "of_a_test.py").write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, "-m", "facewire", "serve", "--port", "0", "--agent", f"of_a_test:{agent}"],
        cwd=folder, start_new_session=True, text=True, stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200", "PYTHONPATH": str(folder)},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://(127\.0\.0\.1:\d+)", line):
                yield process, f"ws://{found[1]}/agent"
                break
    finally:
        process.kill()
        process.communicate()


def ask(connection: ClientConnection) -> None:
    connection.send(json.dumps({"type": "open", "version": 1, "sample_rate": 16_000}))
    samples, sent = said(), 0
    for start in range(0, len(samples), 4_800):
        pcm = encode_samples(samples[start : start + 4_800], Encoding.S16LE)
        connection.send(encode_audio(AudioMessage(pcm, sent, 0)))
        sent += len(pcm) // 2


def wait_for(text: str, process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"{text!r} was not said")


def closed_with(connection: ClientConnection) -> int | None:
    try:
        while True:
            connection.recv(timeout=SOON_S)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("agent", ["sleeps", "spins", "waits", "Slow"])
def test_an_agent_that_blocks_does_not_keep_the_server(
    agent: str, number: signal.Signals, tmp_path: Path
) -> None:
    with serving(agent, tmp_path) as (process, url), connect(url) as connection:
        ask(connection)
        wait_for("blocks", process)
        time.sleep(0.5)
        process.send_signal(number)
        _, err = process.communicate(timeout=SOON_S)
        assert process.returncode == 128 + number, err
        for noise in ("Traceback", "Warning", "Exception", "never"):
            assert noise not in err
        # In order: whoever is there is told, also whose conversation has not begun.
        assert closed_with(connection) == (1011 if agent == "Slow" else 1001)


def test_an_agent_that_insists_does_not_keep_the_server_either(tmp_path: Path) -> None:
    with serving("insists", tmp_path) as (process, url), connect(url) as connection:
        ask(connection)
        wait_for("blocks", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SOON_S)
        assert process.returncode == 128 + signal.SIGTERM
