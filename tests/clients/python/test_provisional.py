"""Faces that come at once and are corrected: what they are, and what a client makes of them."""

import re
import textwrap
from collections.abc import AsyncIterator, Iterable

import numpy as np
import pytest
import soundfile
from tests.clients.python.test_client import ROOT, url

from facewire import arkit
from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import BlendshapeFrame, Samples, Weights
from facewire.server.server import FaceServer
from facewire.stream.engine import Engine
from facewire.wire.binary import PROVISIONAL_KIND, WireFrame, decode_frame, encode_frame, wire_frame
from facewire.wire.provisional_blend import KEPT
from facewire_client import FaceClient, PlayoutBuffer, ProvisionalBlend, ServerError
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.batched import load_batched
from facewire_engines.phones.engine import load_embedded


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples: Samples = soundfile.read(
        ROOT / "runtime" / "facewire" / "assets" / "demo.flac", frames=40_000, dtype="float32"
    )[0]
    return samples


def engine_of(name: str) -> Engine:
    if name == "batched":
        return load_batched(2)
    return load_embedded() if name == "phones" else EnergyEngine()


@pytest.fixture(params=["phones", "batched", "energy"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[FaceServer]:
    engine = engine_of(request.param)
    async with FaceServer(engine, make_face, clock=SystemClock(), port=0) as server:
        yield server


async def faces(
    server: FaceServer, turns: Iterable[Samples], lookahead_ms: float, **options: object
) -> list[WireFrame]:
    client = FaceClient(url(server), lookahead_ms=lookahead_ms, seed=5, **options)  # type: ignore[arg-type]
    async with client:
        for turn, samples in enumerate(turns):
            await client.send(samples, turn=turn)
        await client.end()
        frames = [frame async for frame in client]
    assert client.ended is not None
    assert client.ended.frames == sum(not frame.provisional for frame in frames)
    return frames


def same(left: Iterable[WireFrame], right: Iterable[WireFrame]) -> None:
    for one, other in zip(left, right, strict=True):
        assert (one.index, one.timestamp, one.turn) == (other.index, other.timestamp, other.turn)
        np.testing.assert_allclose(one.weights, other.weights, atol=2e-5)
        np.testing.assert_allclose(one.head, other.head, atol=2e-5)


@pytest.mark.parametrize("fmt", ["binary", "json"])
async def test_each_frame_comes_at_once_and_again(
    server: FaceServer, speech: Samples, fmt: str
) -> None:
    """They are those of two plain streams, one without look-ahead and one with it."""
    turns = [speech[:24_000], speech[24_000:]]
    both = await faces(server, turns, 40, provisional=True, format=fmt)
    at_once = [frame for frame in both if frame.provisional]
    same(at_once, await faces(server, turns, 0))
    same([frame for frame in both if not frame.provisional], await faces(server, turns, 40))
    # 40 ms are 2.4 frames: two are always ahead of their corrections, and sometimes three.
    came = {(frame.provisional, frame.index): place for place, frame in enumerate(both)}
    assert all(came[True, i] < came[False, i - 1] < came[True, i + 3] for i in range(1, 147))


@pytest.mark.parametrize("piece", [37, 160, 800, 24_000])
async def test_the_pieces_of_the_audio_do_not_change_the_order(speech: Samples, piece: int) -> None:
    """So a blend of both is the same, whatever the network does."""
    speech = speech[:24_000]
    pieces = [speech[start : start + piece] for start in range(0, len(speech), piece)]
    orders = []
    async with FaceServer(load_embedded(), make_face, clock=SystemClock(), port=0) as server:
        for sent in ([speech], pieces):
            async with FaceClient(url(server), lookahead_ms=40, provisional=True) as client:
                runs = [frame async for frame in client.animate(one_by_one(sent))]
            orders.append([(frame.provisional, frame.index) for frame in runs])
    assert len(orders[0]) == 180
    assert orders[0] == orders[1]


async def one_by_one(pieces: Iterable[Samples]) -> AsyncIterator[Samples]:
    for piece in pieces:
        yield piece


async def test_without_look_ahead_there_is_nothing_to_correct(server: FaceServer) -> None:
    with pytest.raises(ServerError, match="such as lookahead_ms 20") as refused:
        async with FaceClient(url(server), lookahead_ms=0, provisional=True):
            pass
    assert refused.value.code == "unsupported"


async def test_it_stays_so_while_the_stream_runs(server: FaceServer) -> None:
    async with FaceClient(url(server), lookahead_ms=20, provisional=True) as client:
        await client.set_lookahead(0)
        with pytest.raises(ServerError, match="such as lookahead_ms 20") as refused:
            async for _ in client:
                pass
    assert refused.value.code == "unsupported"


async def test_who_has_no_place_for_both_is_told(speech: Samples) -> None:
    engine = load_batched(1)
    async with FaceServer(engine, make_face, clock=SystemClock(), port=0) as server:
        with pytest.raises(ServerError) as refused:
            await faces(server, [speech], 40, provisional=True)
        assert refused.value.code == "busy"
        assert len(await faces(server, [speech], 40)) == 150


async def test_the_program_of_the_docs_shows_every_face_at_once(speech: Samples) -> None:
    page = (ROOT / "docs" / "latency.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shown: list[Weights] = []
    names = {"ProvisionalBlend": ProvisionalBlend, "FaceClient": FaceClient}
    async with FaceServer(load_embedded(), make_face, clock=SystemClock(), port=0) as server:
        there = program.replace("ws://127.0.0.1:8765", url(server))
        code = "async def main(samples, show):\n" + textwrap.indent(there, "    ")
        exec(code, names)
        await names["main"](speech, shown.append)
        plain = [frame.weights for frame in await faces(server, [speech], 0)]
    assert len(shown) == 150
    # It is not the plain stream, but it is near to it.
    mouth = [i for i, name in enumerate(arkit.NAMES) if name.startswith(("jaw", "mouth"))]
    difference = np.abs(np.array(shown) - plain)[:, mouth]
    assert 0.05 < difference.max() < 0.6
    assert difference.mean() < 0.02


def made(index: int, weight: float, *, provisional: bool) -> WireFrame:
    weights = np.full(52, weight, np.float32)
    frame = BlendshapeFrame(weights, index, 267 * index, provisional=provisional)
    return decode_frame(encode_frame(wire_frame(frame, 0)))


def test_only_the_kind_differs_on_the_wire() -> None:
    plain, provisional = (made(3, 0.5, provisional=provisional) for provisional in (False, True))
    assert encode_frame(provisional) == bytes([PROVISIONAL_KIND]) + encode_frame(plain)[1:]


def test_a_share_of_the_last_error_is_expected_again() -> None:
    blend = ProvisionalBlend(share=0.5)

    def of(weight: float) -> Weights:
        return np.full(52, weight, np.float32)

    assert blend.show(0, of(0.2))[0] == np.float32(0.2)
    blend.show(1, of(0.3))
    blend.correct(0, of(0.6))
    np.testing.assert_allclose(blend.show(2, of(0.3)), 0.5, atol=1e-6)
    np.testing.assert_allclose(blend.show(3, of(0.9)), 1.0)
    blend.correct(1, of(0.1))
    np.testing.assert_allclose(blend.show(4, of(0.3)), 0.2, atol=1e-6)
    np.testing.assert_allclose(blend.show(5, of(0.05)), 0.0)


def test_corrections_that_are_lost_or_unknown_do_no_harm() -> None:
    blend = ProvisionalBlend()
    zeros = np.zeros(52, np.float32)
    blend.correct(7, zeros)
    for index in range(2 * KEPT):
        blend.show(index, zeros)
    blend.correct(0, zeros + 1)
    assert not blend.show(2 * KEPT, zeros).any()
    blend.correct(2 * KEPT - 1, zeros + 1)
    np.testing.assert_allclose(blend.show(2 * KEPT + 1, zeros), 0.4)
    with pytest.raises(ValueError, match="from 0 to 1"):
        ProvisionalBlend(1.5)


def test_who_plays_the_sound_sees_the_corrections() -> None:
    buffer = PlayoutBuffer()
    for index in range(4):
        buffer.add(made(index, 0.1, provisional=True))
    buffer.add(made(0, 0.8, provisional=False))
    shown = [buffer.face(267 * index) for index in range(3)]
    # A correction of what was played already is no face of now.
    buffer.add(made(1, 0.8, provisional=False))
    buffer.add(made(3, 0.8, provisional=False))
    shown += [buffer.face(3 * 267), buffer.face(99_999)]
    assert [frame and (frame.index, frame.provisional) for frame in shown] == [
        (0, False), (1, True), (2, True), (3, False), (3, False),
    ]  # fmt: skip
