"""The example agents, and the programs of the docs, as programs of their own."""

import asyncio
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from facewire.wire.binary import WireFrame
from facewire_client import AudioRun, FaceViewer, ServerError

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "clients" / "agents" / "examples"
DOC = ROOT / "docs" / "agents.md"
PATIENCE_S = 30
"""Separates what hangs from what works."""


async def watch(url: str, until_spoken: int) -> tuple[list[WireFrame], list[AudioRun]]:
    """Watch a page until so many faces have spoken."""
    frames: list[WireFrame] = []
    runs: list[AudioRun] = []
    async with asyncio.timeout(PATIENCE_S), FaceViewer(url, audio=True) as viewer:
        async for item in viewer.faces_and_audio():
            if isinstance(item, AudioRun):
                runs.append(item)
            else:
                frames.append(item)
                until_spoken -= item.turn > 0
            if until_spoken <= 0:
                break
    return frames, runs


@pytest.mark.parametrize("name", ["pipecat_agent.py", "livekit_agent.py"])
async def test_an_example_speaks_and_can_be_interrupted(name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / name), "--port", "0",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = (await process.stdout.readline()).decode()
        url = said.strip().removeprefix("the face is at ")
        watching = asyncio.create_task(watch(url, 90))
        frames, runs = await watching
        assert max(np.abs(run.samples).max() for run in runs) > 0.1
        assert max(frame.weights.max() for frame in frames if frame.turn) > 0.2
        process.stdin.write(b"What is your name?\n")
        async with asyncio.timeout(PATIENCE_S):
            told = (await process.stdout.readline()).decode()
        assert re.match(r"interrupted: Heard\(context='.+', sample=\d+, ", told), told
        answered, _ = await watch(url, 30)
        assert max(frame.turn for frame in answered) == 2
        process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def programs() -> list[str]:
    fences = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    return [fence for fence in fences if "asyncio.run(" in fence]


@pytest.mark.parametrize("number", [0, 1])
async def test_a_program_of_the_docs_is_short_and_speaks(number: int, tmp_path: Path) -> None:
    program = programs()[number]
    lines = [line for line in program.splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith(("import ", "from "))]
    assert len(own) < 15
    # Whoever runs the tests may have something on the port that the docs name.
    path = tmp_path / "agent.py"
    path.write_text(program.replace("page=8765", f"page={unused_port()}"))
    port = re.search(r"page=(\d+)", path.read_text())
    assert port is not None
    process = await asyncio.create_subprocess_exec(sys.executable, str(path))
    try:
        frames: list[WireFrame] = []
        async with asyncio.timeout(PATIENCE_S):
            while not frames:
                try:
                    frames, runs = await watch(f"http://127.0.0.1:{port[1]}", 30)
                except ServerError:
                    await asyncio.sleep(0.1)
            assert await process.wait() == 0
        assert max(np.abs(run.samples).max() for run in runs) > 0.1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def unused_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
