"""A server that speaks, and one whose time runs faster."""

from collections.abc import AsyncIterator

import pytest
from tests.clients.python.speaking.heard import QuickClock, serve

from facewire.server.server import FaceServer
from facewire_engines.phones.engine import PhonesEngine, load_embedded


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


@pytest.fixture
async def server(engine: PhonesEngine) -> AsyncIterator[FaceServer]:
    async with serve(engine) as server:
        yield server


@pytest.fixture
async def quick(engine: PhonesEngine) -> AsyncIterator[FaceServer]:
    async with serve(engine, QuickClock(8)) as server:
        yield server
