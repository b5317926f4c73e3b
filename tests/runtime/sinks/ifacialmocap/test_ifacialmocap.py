"""iFacialMocap's text and handshake, read as its page for developers says."""

import asyncio
import logging
import re
import socket

import pytest
from tests.free_port import free_port
from tests.runtime.sinks.datagrams.catching import (
    SPEC,
    caught,
    face_of,
    listening,
    opened,
    port_of,
    some_face,
    waiting,
)

from facewire import arkit
from facewire.errors import ConfigError
from facewire.sinks.ifacialmocap.handshake import MOST_RECEIVERS, REQUEST, REQUEST_TCP, STOP
from facewire.sinks.ifacialmocap.tcp_receiver import END
from facewire.sinks.uri import sink_from_uri

WHOLE = r"((?:[A-Za-z_]+{0}\d+\|){{52}})=head#([^|]+)\|rightEye#([^|]+)\|leftEye#([^|]+)\|"


def read(datagram: bytes, between: str = "-") -> tuple[dict[str, int], list[list[float]]]:
    """Return the shapes; and the angles of head, right eye and left eye."""
    found = re.fullmatch(WHOLE.format(re.escape(between)), datagram.decode())
    assert found is not None, datagram
    pairs = [part.split(between) for part in found[1].rstrip("|").split("|")]
    angles = [[float(number) for number in part.split(",")] for part in found.groups()[1:]]
    return {name: int(value) for name, value in pairs}, angles


@pytest.mark.parametrize(("version", "between"), [("v1", "-"), ("v2", "&")])
async def test_a_frame_is_one_line_of_text(version: str, between: str) -> None:
    (datagram,) = await caught(f"ifacialmocap://127.0.0.1:PORT?version={version}", some_face())
    assert len(datagram) < 1_400
    shapes, (head, right, left) = read(datagram, between)
    for name in arkit.NAMES:
        short = name if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight") else (
            re.sub("(Left|Right)$", lambda side: f"_{side[0][0]}", name)
        )  # fmt: skip
        assert shapes[short] == round(100 * float(some_face().weights[arkit.INDEX[name]])), name
    assert {"mouthSmile_L", "jawLeft", "browInnerUp"} <= shapes.keys()
    assert head == pytest.approx([-28.6479, -14.3239, -7.162, 0, 0, 0], abs=1e-3)
    assert len(right) == len(left) == 3


async def test_eyes_turn_to_the_faces_own_right_and_down() -> None:
    face = face_of(eyeLookOutRight=1.0, eyeLookInLeft=1.0, eyeLookDownRight=0.5)
    _, (_, right, left) = read((await caught("ifacialmocap://127.0.0.1:PORT", face))[0])
    assert right[0] > 10 > left[0]
    assert right[1] == left[1] > 30


async def ask(request: bytes, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(request, ("127.0.0.1", port))
    await asyncio.sleep(0.05)


async def test_who_asks_gets_the_version_that_they_ask_for() -> None:
    port = free_port()
    with listening() as receiver:
        sink = await opened(f"ifacialmocap://:{port}?reply={port_of(receiver)}")
        await sink.send(some_face(0))
        await ask(b"hello", port)
        await sink.send(some_face(1))
        assert waiting(receiver) == []
        await ask(REQUEST, port)
        await sink.send(some_face(2))
        read(waiting(receiver)[0], "-")
        await ask(REQUEST + b"|sendDataVersion=v2", port)
        await sink.send(some_face(3))
        read(waiting(receiver)[0], "&")
        await ask(STOP, port)
        await sink.send(some_face(4))
        assert waiting(receiver) == []
        await sink.aclose()


async def test_replies_may_go_where_the_question_came_from() -> None:
    port = free_port()
    sink = await opened(f"ifacialmocap://any:{port}?reply=0")
    receivers = [listening() for _ in range(MOST_RECEIVERS + 1)]
    for receiver in receivers:
        receiver.sendto(REQUEST, ("127.0.0.1", port))
        await asyncio.sleep(0.02)
    await sink.send(some_face())
    got = [len(waiting(receiver)) for receiver in receivers]
    assert got == [0] + [1] * MOST_RECEIVERS
    for receiver in receivers:
        receiver.close()
    await sink.aclose()


async def test_who_asks_for_tcp_is_connected_to() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        sink = await opened(f"ifacialmocap://:{port}?tcp={server.getsockname()[1]}")
        await ask(REQUEST_TCP + b"|sendDataVersion=v2", port)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            got = b""
            for index in range(3):
                await sink.send(some_face(index))
            while got.count(END) < 3:
                got += connection.recv(65_536)
            *texts, rest = got.split(END)
            assert rest == b""
            for index, text in enumerate(texts):
                shapes, _ = read(text, "&")
                assert shapes["jawOpen"] == round(100 * float(some_face(index).weights[17]))
        # It hung up; it may ask again.
        for index in range(5):
            await sink.send(some_face(index))
            await asyncio.sleep(0.02)
        await ask(REQUEST_TCP, port)
        connection, _ = server.accept()
        connection.close()
        await sink.aclose()


async def test_a_receiver_by_tcp_that_does_not_read_gets_whole_frames_when_it_does() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        sink = await opened(f"ifacialmocap://:{port}?tcp={server.getsockname()[1]}")
        await ask(REQUEST_TCP, port)
        connection, _ = server.accept()
        for _ in range(10_000):
            await sink.send(face_of(jawOpen=0.5))
        connection.setblocking(False)
        got = bytearray()
        for _ in range(200):
            try:
                got += connection.recv(1 << 20)
            except BlockingIOError:
                await sink.send(face_of(jawOpen=0.5))
                await asyncio.sleep(0.005)
        connection.close()
        await sink.aclose()
    texts = bytes(got).split(END)[:-1]
    assert 100 < len(texts) < 10_200
    assert len(set(texts)) == 1


async def test_a_receiver_that_listens_by_tcp_only_later_asks_again() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    sink = await opened(f"ifacialmocap://:{port}?tcp={closed}")
    await ask(REQUEST_TCP, port)
    for index in range(10):
        await sink.send(some_face(index))
        await asyncio.sleep(0.01)
    with socket.create_server(("127.0.0.1", closed)) as server:
        server.settimeout(20)
        await ask(REQUEST_TCP, port)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            await sink.send(some_face())
            assert connection.recv(100).startswith(b"eyeBlink_L-")
    await sink.aclose()


async def test_a_stranger_is_not_sent_what_another_asked_for_in_his_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "facewire.sinks")
    sink = await opened(f"ifacialmocap://:{free_port()}")
    # Such a sender cannot be had on one machine, so the datagram is handed over as the loop does.
    sink._take(REQUEST, ("8.8.8.8", 49_983))  # type: ignore[attr-defined]
    assert "8.8.8.8 is not of this network, and gets nothing" in caplog.text
    await sink.send(some_face())
    await sink.aclose()


async def test_a_port_in_use_is_the_users_mistake() -> None:
    with listening("0.0.0.0") as taken:
        sink = sink_from_uri(f"ifacialmocap://:{port_of(taken)}")
        with pytest.raises(ConfigError, match=r"cannot listen on 0\.0\.0\.0:\d+ .*in use"):
            await sink.open(SPEC, "energy")
        await sink.aclose()


@pytest.mark.parametrize(
    ("query", "sentence"), [("version=v3", "give v1 or v2"), ("reply=x", "give a port, or 0")]
)
def test_what_it_does_not_know_is_the_users_mistake(query: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        sink_from_uri(f"ifacialmocap://127.0.0.1?{query}")
