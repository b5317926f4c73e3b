"""Commands that run beside a test, as processes of their own."""

import asyncio
import os
import sys
from pathlib import Path

FACEWIRE = (sys.executable, "-m", "facewire")


async def start(*arguments: str, cwd: Path) -> asyncio.subprocess.Process:
    """Start a command."""
    return await asyncio.create_subprocess_exec(
        *FACEWIRE, *arguments, cwd=cwd, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


async def address(process: asyncio.subprocess.Process) -> str:
    """Wait until the process says where its page is; return host:port."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            if b"http://" in line:
                return line.decode().split("http://")[1].split("/")[0]
    raise AssertionError("the process said nothing")
