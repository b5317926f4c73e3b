"""What a client says of the style of its face, over real sockets."""

import math
from collections.abc import AsyncIterator, Mapping
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from tests.clients.python.speaking.heard import url

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire_client import FaceClient, ServerError
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.recipe.engine import load_recipe

Style = Mapping[str, float] | None


@pytest.fixture
async def server(styled_folder: Path) -> AsyncIterator[FaceServer]:
    engine = load_recipe(styled_folder).in_style({"facegood": 1.0})
    async with FaceServer(engine, make_face, clock=SystemClock(), port=0) as running:
        yield running


async def faces(server: FaceServer, style: Style, provisional: bool = False) -> NDArray[np.float32]:
    """Return the faces `[F, 52]` of a second and a half in a style."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        samples = soundfile.read(path, frames=24_000, dtype="float32")[0]
    async with FaceClient(url(server), idle=False, style=style, provisional=provisional) as client:
        assert client.hello.styles == ("rules", "grid", "facegood")
        frames = [frame async for frame in client.animate(samples)]
    return np.array([frame.weights for frame in frames if not frame.provisional])


async def test_each_session_has_the_style_that_it_asks_for(server: FaceServer) -> None:
    shown = [await faces(server, {"grid": share}) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    apart = np.abs(shown[0] - shown[-1]).mean()
    assert apart > 0.1
    # The more of it, the farther from the one and the nearer to the other.
    for end, order in ((shown[0], 1), (shown[-1], -1)):
        distances = [np.abs(face - end).mean() for face in shown][::order]
        assert distances == sorted(distances)
    between = [np.abs(shown[2] - end).mean() for end in (shown[0], shown[-1])]
    assert max(between) < apart


async def test_who_asks_for_none_has_what_is_usual_for_the_server(server: FaceServer) -> None:
    usual = await faces(server, None)
    np.testing.assert_array_equal(usual, await faces(server, {"facegood": 1.0}))
    np.testing.assert_array_equal(await faces(server, {}), await faces(server, {"rules": 1.0}))
    assert np.abs(usual - await faces(server, {})).max() > 0.1


async def test_corrected_frames_have_the_style_too(server: FaceServer) -> None:
    alone = await faces(server, {"grid": 1.0})
    np.testing.assert_array_equal(await faces(server, {"grid": 1.0}, provisional=True), alone)


@pytest.mark.parametrize(
    ("style", "says", "code"),
    [
        ({"nobody": 1.0}, "has no style nobody; choose from rules, grid, facegood", "unsupported"),
        ({"grid": -0.1}, "shares of styles are from 0 to 1", "unsupported"),
        ({"grid": 0.8, "facegood": 0.4}, "at most 1 together", "unsupported"),
        ({"grid": math.nan}, 'wrong "open" message', "bad-message"),
        ({"x" * 100_000: 1.0}, "has no style xxxx", "unsupported"),
    ],
)
async def test_what_is_no_style_is_refused_in_a_sentence(
    server: FaceServer, style: Style, says: str, code: str
) -> None:
    with pytest.raises(ServerError, match=says) as refused:
        async with FaceClient(url(server), style=style):
            pass
    assert refused.value.code == code
    assert len(str(refused.value)) < 300


async def test_a_server_without_styles_names_none_and_refuses_all() -> None:
    async with FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0) as plain:
        async with FaceClient(url(plain)) as client:
            assert client.hello.styles is msgspec.UNSET
        with pytest.raises(ServerError, match="the engine energy has no styles") as refused:
            async with FaceClient(url(plain), style={"grid": 0.3}):
                pass
    assert refused.value.code == "unsupported"
