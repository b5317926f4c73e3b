"""A server, a network that fails, and clients that notice soon and leave nothing."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
from tests.clients.python.life.waiting import PATIENCE_S, SILENT_S, new_server
from tests.clients.python.relay import Relay

from facewire.server.server import FaceServer
from facewire_client import (
    liveness,
)


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with new_server() as server:
        yield server


@pytest.fixture
async def relay(server: FaceServer) -> AsyncIterator[Relay]:
    async with Relay(server.port) as relay:
        yield relay


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that notices soon."""
    monkeypatch.setattr(liveness, "SILENT_S", SILENT_S)
    monkeypatch.setattr(liveness, "PING_EVERY_S", SILENT_S / 4)
    monkeypatch.setattr(liveness, "LIVE_SPARE_S", SILENT_S / 4)
    monkeypatch.setattr(liveness, "LOOK_EVERY_S", 0.05)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Insist that no task, thread or file of a client is left; the server's may take a moment."""

    def held() -> tuple[int, int]:
        tasks = [task for task in asyncio.all_tasks() if task.get_name() == "facewire client"]
        return len(tasks), threading.active_count()

    before = held()
    yield
    deadline = time.monotonic() + PATIENCE_S
    while held() > before:
        assert time.monotonic() < deadline, asyncio.all_tasks()
        await asyncio.sleep(0.02)
