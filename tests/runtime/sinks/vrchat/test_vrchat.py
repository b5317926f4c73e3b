"""VRChat's parameters, as python-osc and osc4py3 read them, and a real OSCQuery service."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_packet import OscPacket
from tests.runtime.sinks.datagrams.catching import (
    caught,
    face_of,
    foreign,
    listening,
    opened,
    port_of,
    some_face,
    waiting,
)

from facewire import arkit
from facewire.errors import ConfigError
from facewire.sinks.osc.messages import MAX_BUNDLE_BYTES
from facewire.sinks.uri import sink_from_uri
from facewire.sinks.vrchat.declared import declare
from facewire.sinks.vrchat.unified import parameters

V2 = "/avatar/parameters/v2/"


def read(datagrams: list[bytes]) -> dict[str, Any]:
    """Return what each address was last."""
    found = {}
    for datagram in datagrams:
        for timed in OscPacket(datagram).messages:
            params = timed.message.params
            found[timed.message.address] = params[0] if len(params) == 1 else tuple(params)
    return found


async def test_a_face_is_unified_expressions() -> None:
    face = face_of(jawOpen=0.5, mouthSmileLeft=1.0, mouthPucker=0.25, browDownRight=1.0)
    datagrams = await caught("vrchat://127.0.0.1:PORT", face)
    assert all(len(datagram) <= MAX_BUNDLE_BYTES for datagram in datagrams)
    found = read(datagrams)
    for name, value in (
        ("JawOpen", 0.5), ("MouthCornerPullLeft", 1), ("SmileFrownLeft", 1), ("SmileFrown", 0.5),
        ("SmileFrownRight", 0), ("LipPucker", 0.25), ("LipPuckerUpperLeft", 0.25),
        ("BrowPinchRight", 1), ("BrowLowererLeft", 0), ("BrowExpressionRight", -1),
        ("EyeLidLeft", 0.75),
    ):  # fmt: skip
        assert found[V2 + name] == pytest.approx(value), name
    assert found["/avatar/parameters/LipTrackingActive"] is False  # it is over


async def test_osc4py3_reads_the_same() -> None:
    parser = foreign("osc4py3.oscbuildparse", "osc4py3")
    datagrams = await caught("vrchat://127.0.0.1:PORT", some_face())
    found = {}
    for datagram in datagrams:
        for message in parser.decode_packet(datagram).elements:
            found[message.addrpattern] = tuple(message.arguments)
    plain = {
        address: (v if isinstance(v, tuple) else (v,)) for address, v in read(datagrams).items()
    }
    assert found == plain


def test_every_parameter_stays_in_its_range() -> None:
    for index in range(50):
        found = parameters(some_face(index))
        assert len(found) > 100
        assert all(-1 <= value <= 1 for value in found.values())


def test_left_and_right_are_not_mixed_up() -> None:
    for name in arkit.NAMES:
        mirrored = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        one, other = parameters(face_of(**{name: 0.5})), parameters(face_of(**{mirrored: 0.5}))
        for key, value in one.items():
            if key.endswith("X"):
                opposite = key.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
                assert other[opposite] == pytest.approx(-value), (name, key)
            else:
                opposite = key.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
                assert other[opposite] == pytest.approx(value), (name, key)


async def test_a_plain_set_has_the_52_names() -> None:
    found = read(await caught("vrchat://127.0.0.1:PORT?set=plain&eyes=no", some_face()))
    for name in arkit.NAMES:
        address = f"/avatar/parameters/{name[0].upper()}{name[1:]}"
        assert found.pop(address) == float(some_face().weights[arkit.INDEX[name]])
    assert len(found) == 3


async def test_the_eyes_of_any_avatar_move() -> None:
    face = face_of(eyeLookOutRight=1.0, eyeLookInLeft=1.0, eyeLookDownLeft=1.0, eyeBlinkLeft=0.5)
    found = read(await caught("vrchat://127.0.0.1:PORT", face))
    left_pitch, left_yaw, right_pitch, right_yaw = found["/tracking/eye/LeftRightPitchYaw"]
    assert left_yaw == right_yaw > 30  # degrees, to the right
    assert left_pitch > 20  # down
    assert right_pitch == 0
    assert found["/tracking/eye/EyesClosedAmount"] == 0.25
    assert "/tracking/eye/EyesClosedAmount" not in read(
        await caught("vrchat://127.0.0.1:PORT?eyes=no", face)
    )


async def test_only_what_changes_is_sent_and_all_once_a_second() -> None:
    with listening() as receiver:
        sink = await opened(f"vrchat://127.0.0.1:{port_of(receiver)}")
        counts = []
        for index in range(61):
            await sink.send(face_of(index, jawOpen=0.5 if index < 30 else 0.25))
            counts.append(len(read(waiting(receiver))))
        await sink.aclose()
    assert counts[0] == counts[60] > 100
    assert counts[30] == 1
    assert sum(counts) == counts[0] * 2 + 1


async def test_frames_in_which_nothing_changes_find_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "facewire.sinks")
    with listening() as nobody:
        port = port_of(nobody)
    sink = await opened(f"vrchat://127.0.0.1:{port}")
    for index in range(500):
        await sink.send(face_of(index))
    await sink.aclose()
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(" what goes")[0] for line in said[1:]] == ["nobody takes"]


async def test_names_may_have_a_prefix() -> None:
    found = read(await caught("vrchat://127.0.0.1:PORT?prefix=FT/", face_of(jawOpen=0.5)))
    assert found["/avatar/parameters/FT/v2/JawOpen"] == 0.5


def test_binary_parameters_are_the_bits_of_the_size() -> None:
    tree = {
        f"/avatar/parameters/FT/v2/{name}": "T"
        for name in (
            "JawX1",
            "JawX2",
            "JawX4",
            "JawXNegative",
            "MouthClosed",
            "Unknown1",
            "JawOpen3x",
        )
    }
    tree |= {f"{V2}JawOpen": "f", "/avatar/parameters/Jawv2/JawOpen": "f", "/v2/JawOpen": "f"}
    declared = declare(tree, parameters(some_face()), "v2/")  # fmt: skip

    def shown(value: float) -> dict[str, Any]:
        return {each.address.rpartition("/")[2]: each.show(value) for each in declared}

    assert set(shown(0)) == {"JawX1", "JawX2", "JawX4", "JawXNegative", "MouthClosed", "JawOpen"}
    for value, bits in ((0, 0), (0.124, 0), (0.126, 1), (0.5, 4), (-0.63, 5), (1, 7), (-1, 7)):
        found = shown(value)
        assert found["JawX1"] + 2 * found["JawX2"] + 4 * found["JawX4"] == bits
        assert found["JawXNegative"] is (value < 0)
    assert shown(0.6)["MouthClosed"] is True
    assert shown(0.3)["JawOpen"] == 0.3


@contextmanager
def vrchat(osc_port: int, *parameters: str) -> Iterator[None]:
    """Advertise and serve what VRChat does, by a library that others wrote."""
    foreign("pythonoscquery", "python-oscquery")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        http_port = free.getsockname()[1]
    program = str(Path(__file__).with_name("advertise.py"))
    with subprocess.Popen(
        [sys.executable, program, str(osc_port), str(http_port), *parameters],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield


async def test_vrchat_is_found_and_gets_what_its_avatar_has() -> None:
    foreign("zeroconf", "zeroconf")
    tree = (
        "/avatar/parameters/FT/v2/JawOpen=float",
        "/avatar/parameters/FT/v2/MouthX1=bool",
        "/avatar/parameters/FT/v2/MouthXNegative=bool",
        "/avatar/parameters/LipTrackingActive=bool",
        "/avatar/parameters/Grounded=bool",
    )
    with listening() as elsewhere, vrchat(port_of(elsewhere), *tree):
        sink = await opened("vrchat://127.0.0.1:9?oscquery=yes&eyes=no")
        face = face_of(jawOpen=0.5, mouthLeft=1.0)
        found: dict[str, Any] = {}
        async with asyncio.timeout(60):
            while not found:
                await sink.send(face)
                await asyncio.sleep(0.05)
                found = read(waiting(elsewhere))
        await sink.aclose()
    assert found == {
        "/avatar/parameters/FT/v2/JawOpen": 0.5,
        "/avatar/parameters/FT/v2/MouthX1": True,
        "/avatar/parameters/FT/v2/MouthXNegative": True,
        "/avatar/parameters/LipTrackingActive": True,
    }


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("set=v1", "give v2 or plain"),
        ("prefix=FT", "does not end with a /"),
        ("prefix=a%20b/", "does not end with a /"),
        ("oscquery=perhaps", "give yes or no"),
    ],
)
def test_what_vrchat_does_not_know_is_the_users_mistake(query: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        sink_from_uri(f"vrchat://?{query}")


def test_without_zeroconf_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(ConfigError, match=r"needs zeroconf; install it with: pip install"):
        sink_from_uri("vrchat://?oscquery=yes")


def test_without_a_place_it_is_vrchats() -> None:
    assert getattr(sink_from_uri("vrchat:"), "name", "") == "vrchat://127.0.0.1:9000"
