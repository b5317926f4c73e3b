"""Whose idle motion it is: one of its own for every session, the same again for the same seed."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.client import connect

from facewire.clock import SystemClock
from facewire.face import Face, make_face
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.server import FaceServer
from facewire.settings.open_from_settings import face_factory, open_face
from facewire.settings.settings import ServerSettings, Settings
from facewire.stream.engines import load_engine
from facewire.wire.binary import AudioMessage, encode_audio
from facewire_cli.demo import demo_clip
from facewire_cli.page_server import serve_page

SPEC = StreamSpec()
Motion = list[tuple[float, float, float]]


def with_seed(seed: int | None) -> Settings:
    settings = Settings(server=ServerSettings(port=0))
    if seed is None:
        return settings
    face = msgspec.structs.replace(settings.face, seed=seed)
    return msgspec.structs.replace(settings, face=face)


def motion_of(face: Face) -> Motion:
    """The head over two seconds."""
    still = np.zeros(52, np.float32)
    shown = [face.apply(BlendshapeFrame(still, k, k * 266)) for k in range(120)]
    return [frame.head for frame in shown]


def test_a_face_without_a_seed_is_like_no_other() -> None:
    faces = [open_face(SPEC, Settings()) for _ in range(3)]
    one, two, three = map(motion_of, faces)
    assert one != two != three != one


def test_a_seed_is_the_same_face_again() -> None:
    one, again = (motion_of(open_face(SPEC, with_seed(4))) for _ in range(2))
    assert one == again == motion_of(make_face(SPEC, seed=4))


def test_the_sessions_of_a_seeded_server_differ_and_repeat() -> None:
    first, second = (face_factory(with_seed(4)) for _ in range(2))
    one, two = motion_of(first(SPEC, idle=True)), motion_of(first(SPEC, idle=True))
    assert one != two
    assert one == motion_of(second(SPEC, idle=True)) == motion_of(make_face(SPEC, seed=4))
    # A session that asks for a seed takes none of the others'.
    assert motion_of(second(SPEC, idle=True, seed=9)) == motion_of(make_face(SPEC, seed=9))
    assert two == motion_of(second(SPEC, idle=True)) == motion_of(make_face(SPEC, seed=5))


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    settings = Settings(server=ServerSettings(port=0))
    async with serve_page(
        load_engine("energy"), settings, SystemClock(), command="serve"
    ) as server:
        yield server


async def session(server: FaceServer, **options: Any) -> Motion:
    """The head of a session that hears two seconds of silence."""
    async with connect(f"ws://{server.address}/session") as client:
        await client.send(json.dumps({"type": "open", "version": 1, "format": "json", **options}))
        await client.recv()
        await client.send(encode_audio(AudioMessage(bytes(64_000), 0)))
        await client.send(json.dumps({"type": "end"}))
        motion: Motion = []
        while (message := json.loads(await client.recv()))["type"] == "frame":
            motion.append(tuple(message["head"]))
    return motion


async def test_sessions_of_one_server_do_not_move_alike(server: FaceServer) -> None:
    one, two = await asyncio.gather(session(server), session(server))
    assert len(one) == len(two) == 120
    assert one != two


async def test_a_client_can_ask_for_a_seed(server: FaceServer) -> None:
    one, again, other = [await session(server, seed=seed) for seed in (7, 7, 8)]
    assert one == again != other


@pytest.mark.parametrize("seed", [-1, 2**53 + 1, "a", 0.5])
async def test_what_is_no_seed_is_refused(server: FaceServer, seed: object) -> None:
    async with connect(f"ws://{server.address}/session") as client:
        await client.send(json.dumps({"type": "open", "version": 1, "seed": seed}))
        answer = json.loads(await client.recv())
    assert answer["type"] == "error"
    assert "seed" in answer["message"]


def animated(folder: Path, name: str, *options: str) -> NDArray[np.float32]:
    words = ["animate", demo_clip(), "-o", name, "--engine", "energy", *options]
    subprocess.run([sys.executable, "-m", "facewire", *words], cwd=folder, timeout=60, check=True)
    with np.load(folder / name) as made:
        head: NDArray[np.float32] = made["head"]
        return head


def test_a_recording_gives_the_same_file_twice(tmp_path: Path) -> None:
    one, again = animated(tmp_path, "a.npz"), animated(tmp_path, "b.npz")
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one, animated(tmp_path, "c.npz", "--seed", "0"))
    assert np.any(one != animated(tmp_path, "d.npz", "--seed", "1"))
