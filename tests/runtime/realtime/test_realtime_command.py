"""`facewire realtime` as a user meets it, and the program of its page."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.runtime.cli.started import start
from tests.runtime.realtime.stand_in import KEY, coded, stand_in, tone
from websockets.asyncio.client import connect

PAGE = Path(__file__).parents[3] / "docs" / "realtime.md"


@asynccontextmanager
async def running(*arguments: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command; whatever happens, it does not outlive the test."""
    process = await start("realtime", "--port", "0", *arguments, cwd=cwd)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_the_command_serves_an_app_until_ctrl_c(tmp_path: Path) -> None:
    async with (
        stand_in(audio=coded(tone(1), "pcm16")) as server,
        running(
            "--upstream", server.url, "--frame-rate", "30", "--no-idle", cwd=tmp_path
        ) as process,
    ):  # fmt: skip
        assert process.stderr is not None
        said = ""
        async with asyncio.timeout(60):
            while f"instead of {server.url}" not in said:
                said = (await process.stderr.readline()).decode()
        found = re.search(r"ws://127\.0\.0\.1:\d+/v1/realtime", said)
        assert found is not None
        frames = 0
        async with connect(found[0], additional_headers={"Authorization": KEY}) as app:
            await app.send('{"type":"response.create"}')
            while (event := json.loads(await app.recv()))["type"] != "facewire.face.done":
                frames += len(event.get("frames", ()))
        process.send_signal(signal.SIGINT)
        _, rest = await process.communicate()
        assert frames == event["frame_count"] == 30
        assert "Error" not in rest.decode()
        assert process.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "--upstream is missing"),
        (("--upstream", "api.openai.com"), "wss://api.openai.com/v1/realtime"),
        (("--upstream", "ws://x", "--lookahead-ms", "900"), "900"),
        (("--upstream", "ws://x", "--max-sessions", "0"), "at least 1"),
        (("--upstream", "ws://x", "--cert", "none.pem"), "none.pem"),
    ],
)
async def test_a_mistake_is_one_sentence(
    arguments: tuple[str, ...], part: str, tmp_path: Path
) -> None:
    async with running(*arguments, cwd=tmp_path) as process:
        _, said = await process.communicate()
    assert process.returncode == 2, said
    (line,) = said.decode().strip().splitlines()
    assert line.startswith("facewire: ")
    assert part in line


async def test_the_program_of_the_page_runs(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    async with stand_in(audio=coded(tone(1), "pcm16")) as server:
        here = re.sub(r'"wss://[^"]*"', repr(server.url), program)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", here, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, cwd=tmp_path,
            env={**os.environ, "OPENAI_API_KEY": KEY.removeprefix("Bearer ")},
        )  # fmt: skip
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    lines = [line.split() for line in out.decode().splitlines()]
    assert {item for item, _, _ in lines} == {"item_1"}
    assert sum(int(frames) for _, _, frames in lines) == 60
