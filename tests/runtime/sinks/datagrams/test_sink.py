"""What every output of datagrams does, whatever is in them."""

import asyncio
import logging
import socket

import pytest
from tests.runtime.sinks.datagrams.catching import listening, opened, port_of, some_face, waiting


async def test_a_receiver_that_is_absent_and_comes_is_told_of_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "facewire.sinks")
    with listening() as nobody:
        port = port_of(nobody)
    sink = await opened(f"livelink://127.0.0.1:{port}")
    for index in range(200):
        await sink.send(some_face(index))
        await asyncio.sleep(0)
    with listening(port=port) as receiver:
        for index in range(200):
            await sink.send(some_face(index))
        assert len(waiting(receiver)) > 100
    for index in range(10):
        await sink.send(some_face(index))
    await sink.aclose()
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith(f"livelink://127.0.0.1:{port} sends to 127.0.0.1:{port}; there, ")
    assert [line.partition(" what goes to ")[0] for line in said[1:]] == [
        "nobody takes",
        "somebody takes",
        "nobody takes",
    ]
    assert "the stream goes on" in said[1]
    assert "switch on the plug-ins Live Link" in said[1]


async def test_a_receiver_that_restarts_gets_frames_again() -> None:
    with listening() as receiver:
        port = port_of(receiver)
        sink = await opened(f"livelink://127.0.0.1:{port}")
        await sink.send(some_face(0))
        assert len(waiting(receiver)) == 1
    await sink.send(some_face(1))
    with listening(port=port) as receiver:
        await sink.send(some_face(2))
        assert len(waiting(receiver)) == 1
    await sink.aclose()


@pytest.mark.parametrize("uri", ["livelink", "osc"])
async def test_a_multicast_group_is_reached(uri: str) -> None:
    group = "239.255.77.7"
    receivers: list[socket.socket] = []
    for _ in range(2):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind((group, port_of(receivers[0]) if receivers else 0))
        member = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        try:
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError as error:
            pytest.skip(f"no multicast on this machine ({error})")
        receiver.settimeout(20)
        receivers.append(receiver)
    port = port_of(receivers[0])
    sink = await opened(f"{uri}://{group}:{port}?interface=127.0.0.1")
    await sink.send(some_face())
    for receiver in receivers:
        assert receiver.recv(65_536)
        receiver.close()
    await sink.aclose()
