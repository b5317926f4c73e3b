"""A server with the volume meter, and a client of its sessions."""

from collections.abc import AsyncIterator

import pytest
from tests.runtime.server.session_client import Client, new_server, session_of

from facewire.server.server import FaceServer


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with new_server() as server:
        yield server


@pytest.fixture
async def client(server: FaceServer) -> AsyncIterator[Client]:
    async with session_of(server) as connection:
        yield Client(connection)
