"""Packets of the Live Link Face app, as decoders that others wrote understand them."""

import asyncio
import json
import os
import shutil
import socket
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import skip_unless_ci
from tests.runtime.sinks.datagrams.catching import (
    caught,
    face_of,
    foreign,
    listening,
    opened,
    port_of,
    some_face,
)

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.sinks.live_link.packet import device_id, frame_time
from facewire.sinks.live_link_csv import rotations
from facewire.sinks.uri import sink_from_uri


async def test_pylivelinkface_reads_all_61_values_and_the_subject() -> None:
    decoder = foreign("pylivelinkface", "PyLiveLinkFace")
    (packet,) = await caught("livelink://127.0.0.1:PORT?subject=Anna", some_face())
    found, face = decoder.PyLiveLinkFace.decode(packet)
    assert found
    assert face.name == "Anna"
    assert (face._version, face.fps, face._denominator) == (6, 60, 1)
    assert (face._frames, face._sub_frame) == (90, 0.0)
    names = decoder.FaceBlendShape
    for name in arkit.NAMES:
        weight = face.get_blendshape(names[name[0].upper() + name[1:]])
        assert weight == float(some_face().weights[arkit.INDEX[name]]), name
    rest = [face.get_blendshape(names(index)) for index in range(52, 61)]
    np.testing.assert_allclose(rest, rotations(some_face()), atol=1e-7)
    assert rest[:3] == [-0.25, -0.5, -0.125]


async def test_gaze_turns_the_eyes_as_the_app_does() -> None:
    decoder = foreign("pylivelinkface", "PyLiveLinkFace")
    face = face_of(eyeLookOutRight=0.5, eyeLookInLeft=0.5, eyeLookDownLeft=0.2)
    _, read = decoder.PyLiveLinkFace.decode((await caught("livelink://127.0.0.1:PORT", face))[0])
    values = {name.name: read.get_blendshape(name) for name in decoder.FaceBlendShape}
    assert values["RightEyeYaw"] == pytest.approx(values["LeftEyeYaw"])
    assert values["RightEyeYaw"] > 0
    assert values["LeftEyePitch"] > 0 == values["RightEyePitch"]


async def test_the_layout_is_frozen() -> None:
    device = "0F0E0D0C-0B0A-5908-8706-050403020100"
    (packet,) = await caught("livelink://127.0.0.1:PORT?subject=Ann", face_of(7, jawOpen=1.0))
    head = (
        b"\x06\x00\x00\x00\x24" + packet[5:41] + b"\x00\x00\x00\x03Ann"
        b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x3c\x00\x00\x00\x01\x3d"
    )  # fmt: skip
    assert packet[: len(head)] == head
    assert len(packet[5:41].decode("ascii")) == len(device)
    # Some receivers take the last 244 bytes for the values, whatever is before them.
    assert struct.unpack(">61f", packet[-244:])[17] == 1.0
    assert len(packet) == len(head) + 244
    assert 264 <= len(packet) <= 774


@pytest.mark.parametrize(
    "rate", [Fraction(60), Fraction(30_000, 1001), Fraction(60_000, 1001), Fraction(25)]
)
def test_the_time_of_a_frame_is_exact_after_a_day(rate: Fraction) -> None:
    spec = StreamSpec(frame_rate=rate)
    for index in (0, 1, 59, 60, 86_400 * 59):
        assert frame_time(some_face(index, spec), spec) == (index, Fraction(0))
    # Frames that lie between those of the rate have an exact share.
    between = replace(some_face(3, spec), timestamp=spec.timestamp(3) + 16)
    number, share = frame_time(between, spec)
    assert number == 3
    assert (number + share) / rate == Fraction(between.timestamp, spec.sample_rate)


async def test_the_rate_keeps_its_fraction() -> None:
    spec = StreamSpec(frame_rate=Fraction(30_000, 1001))
    (packet,) = await caught("livelink://127.0.0.1:PORT", some_face(4, spec), spec=spec)
    start = len(packet) - 244 - 17
    assert struct.unpack_from(">ifii", packet, start) == (4, 0.0, 30_000, 1001)


async def test_frame_numbers_grow_and_the_device_stays(tmp_path: Path) -> None:
    faces = [some_face(index) for index in range(20)]
    packets = await caught("livelink://127.0.0.1:PORT", *faces)
    start = len(packets[0]) - 244 - 17
    numbers = [struct.unpack_from(">i", packet, start)[0] for packet in packets]
    assert numbers == list(range(20))
    assert len({packet[5:41] for packet in packets}) == 1
    assert packets[0][5:41].decode() == device_id(socket.gethostname(), "Facewire")
    assert device_id("studio", "A") != device_id("studio", "B") != device_id("van", "B")


async def test_a_subject_may_have_any_letters() -> None:
    (packet,) = await caught(
        "livelink://127.0.0.1:PORT?subject=J%C3%BCrgen%20%E9%A1%94", some_face()
    )
    (size,) = struct.unpack_from(">i", packet, 41)
    assert packet[45 : 45 + size].decode() == "Jürgen 顔"


@pytest.mark.parametrize("subject", ["", "%20", "a%00b", "x" * 256, "%C3%A4" * 128])
def test_a_subject_without_a_name_is_the_users_mistake(subject: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a subject; give one of 1 to 255 bytes"):
        sink_from_uri(f"livelink://127.0.0.1?subject={subject}")


def test_without_a_port_it_is_the_apps() -> None:
    assert getattr(sink_from_uri("livelink://studio"), "name", "") == "livelink://studio:11111"
    assert getattr(sink_from_uri("livelink:"), "name", "") == "livelink://127.0.0.1:11111"


async def test_godot_reads_the_packets(tmp_path: Path) -> None:
    program = shutil.which("godot3-server")
    if program is None:
        skip_unless_ci("no Godot: apt install godot3-server")
    assert program
    with listening() as free:
        port = port_of(free)
    reader = await asyncio.create_subprocess_exec(
        program, "-s", str(Path(__file__).with_name("read_packets.gd")), str(port), "3",
        cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert reader.stdout is not None
    async for line in reader.stdout:
        if line == b"listening\n":
            break
    sink = await opened(f"livelink://127.0.0.1:{port}?subject=Anna")
    for index in range(3):
        await sink.send(some_face(index))
    await sink.aclose()
    lines = (await reader.communicate())[0].decode().splitlines()
    for index, read in enumerate(map(json.loads, lines)):
        assert (read["version"], read["subject"], read["frame"]) == (6, "Anna", index)
        assert (read["share"], read["rate"], read["left"]) == (0, [60, 1], 0)
        np.testing.assert_allclose(read["values"][:52], some_face(index).weights, atol=1e-5)
        assert len(read["values"]) == 61
    assert len(lines) == 3
