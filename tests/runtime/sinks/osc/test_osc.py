"""OSC, as a receiver made by somebody else understands it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_server import AsyncIOOSCUDPServer
from tests.runtime.sinks.datagrams.catching import SPEC, caught, foreign, some_face

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame
from facewire.sinks.live_link_csv import rotations
from facewire.sinks.osc.layouts import encoder
from facewire.sinks.osc.messages import MAX_BUNDLE_BYTES
from facewire.sinks.uri import sink_from_uri
from facewire.stream.sink import Sink

PRESETS = ["array", "arkit-each"]


class Receiver:
    """A python-osc server that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self.port = 0

    async def take(self, count: int) -> dict[str, tuple[Any, ...]]:
        return dict([await self.messages.get() for _ in range(count)])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(
        lambda address, *values: receiver.messages.put_nowait((address, values))
    )
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    server = AsyncIOOSCUDPServer(("127.0.0.1", 0), dispatcher, loop)
    transport, _ = await server.create_serve_endpoint()
    receiver.port = transport.get_extra_info("sockname")[1]
    yield receiver
    transport.close()


def osc_sink(host: str, port: int, what: str = "") -> Sink:
    return sink_from_uri(f"osc://{host}:{port}{what}")


async def send(receiver: Receiver, sent: BlendshapeFrame, what: str = "") -> None:
    sink = osc_sink("127.0.0.1", receiver.port, what)
    await sink.open(SPEC, "energy")
    await sink.send(sent)
    await sink.aclose()


async def test_array_mode_sends_all_weights_in_one_message(receiver: Receiver) -> None:
    await send(receiver, some_face())
    messages = await receiver.take(3)
    assert list(messages) == ["/face/blendshapes", "/face/head", "/face/info"]
    np.testing.assert_array_equal(
        np.array(messages["/face/blendshapes"], np.float32), some_face().weights
    )
    assert messages["/face/head"] == (0.25, -0.5, 0.125)
    assert messages["/face/info"] == (90, 1.5, 0.75)
    assert isinstance(messages["/face/info"][0], int)


async def test_each_mode_sends_a_message_for_each_shape(receiver: Receiver) -> None:
    await send(receiver, some_face(), "?preset=arkit-each")
    messages = await receiver.take(arkit.COUNT + 2)
    assert list(messages) == [f"/face/{name}" for name in (*arkit.NAMES, "head", "info")]
    weights = [messages[f"/face/{name}"][0] for name in arkit.NAMES]
    np.testing.assert_array_equal(np.array(weights, np.float32), some_face().weights)
    assert messages["/face/info"] == (90, 1.5, 0.75)


async def test_the_address_is_the_users_choice(receiver: Receiver) -> None:
    await send(receiver, some_face(), "/avatar/anna")
    assert "/avatar/anna/blendshapes" in await receiver.take(3)


async def test_one_frame_does_not_touch_the_next(receiver: Receiver) -> None:
    sink = osc_sink("localhost", receiver.port)
    await sink.open(SPEC, "energy")
    for index in (1, 2):
        await sink.send(some_face(index))
        messages = await receiver.take(3)
        np.testing.assert_array_equal(
            np.array(messages["/face/blendshapes"], np.float32), some_face(index).weights
        )
        assert messages["/face/info"][0] == index
    await sink.aclose()


@pytest.mark.parametrize(("preset", "count"), [("array", 1), ("arkit-each", 2)])
async def test_datagrams_are_small_bundles(preset: str, count: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sink = osc_sink("127.0.0.1", receiver.getsockname()[1], f"?preset={preset}")
        await sink.open(SPEC, "energy")
        await sink.send(some_face())
        datagrams = [receiver.recv(65_536) for _ in range(count)]
        receiver.setblocking(False)
        with pytest.raises(BlockingIOError):
            receiver.recv(65_536)
        await sink.aclose()
    assert all(len(datagram) <= MAX_BUNDLE_BYTES for datagram in datagrams)
    assert sum(OscBundle(datagram).num_contents for datagram in datagrams) == (
        3 if preset == "array" else arkit.COUNT + 2
    )


async def test_a_receiver_that_is_not_there_is_no_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    sink = osc_sink("127.0.0.1", port)
    await sink.open(SPEC, "energy")
    for index in range(20):
        await sink.send(some_face(index))
        await asyncio.sleep(0.001)
    await sink.aclose()
    await sink.aclose()


@pytest.mark.parametrize("preset", PRESETS)
async def test_plain_messages_are_datagrams_without_bundles(
    receiver: Receiver, preset: str
) -> None:
    await send(receiver, some_face(), f"?preset={preset}&bundle=no")
    messages = await receiver.take(3 if preset == "array" else arkit.COUNT + 2)
    if preset == "array":
        weights = messages["/face/blendshapes"]
    else:
        weights = tuple(messages[f"/face/{name}"][0] for name in arkit.NAMES)
    np.testing.assert_array_equal(np.array(weights, np.float32), some_face().weights)
    assert messages["/face/head"] == (0.25, -0.5, 0.125)
    assert messages["/face/info"] == (90, 1.5, 0.75)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.bind(("127.0.0.1", 0))
        plain.settimeout(5)
        sink = osc_sink("127.0.0.1", plain.getsockname()[1], f"?preset={preset}&bundle=no")
        await sink.open(SPEC, "energy")
        await sink.send(some_face())
        datagrams = [plain.recv(65_536) for _ in range(len(messages))]
        await sink.aclose()
    assert [OscMessage(datagram).address for datagram in datagrams] == list(messages)
    assert not any(OscBundle.dgram_is_bundle(datagram) for datagram in datagrams)


@pytest.fixture
def both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let localhost be ::1 before it is 127.0.0.1, as in the hosts file of many systems."""
    v4 = socket.getaddrinfo("127.0.0.1", None, type=socket.SOCK_DGRAM)[0]
    v6 = socket.getaddrinfo("::1", None, type=socket.SOCK_DGRAM)[0]

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
        assert host == "localhost"
        return [
            (*v6[:4], (v6[4][0], port, 0, 0)),
            (*v4[:4], (v4[4][0], port)),
            (*v4[:4], (v4[4][0], port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def bound(family: socket.AddressFamily, port: int = 0) -> socket.socket:
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    try:
        receiver.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
    except OSError:
        receiver.close()
        pytest.skip("this machine has no IPv6")
    receiver.settimeout(5)
    return receiver


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
async def test_a_host_with_two_addresses_is_reached_at_the_one_that_answers(
    family: socket.AddressFamily, both_addresses: None
) -> None:
    with bound(family) as receiver:
        sink = osc_sink("localhost", receiver.getsockname()[1])
        await sink.open(SPEC, "energy")
        for index in range(3):
            await sink.send(some_face(index))
            datagram = receiver.recv(65_536)
            assert OscBundle(datagram).content(2).params[0] == index
        receiver.setblocking(False)
        with pytest.raises(BlockingIOError):
            receiver.recv(65_536)
        await sink.aclose()


async def test_a_receiver_that_comes_later_or_elsewhere_is_found(both_addresses: None) -> None:
    with bound(socket.AF_INET) as first:
        port = first.getsockname()[1]
        sink = osc_sink("localhost", port)
        await sink.open(SPEC, "energy")
        await sink.send(some_face(0))
        assert first.recv(65_536)
    for index in range(5):
        await sink.send(some_face(index))
    with bound(socket.AF_INET6, port) as second:
        await sink.send(some_face(5))
        assert second.recv(65_536)
    await sink.send(some_face(6))
    with bound(socket.AF_INET, port) as third:
        await sink.send(some_face(7))
        assert third.recv(65_536)
    await sink.aclose()


async def test_a_name_that_no_host_can_have_is_the_users_mistake() -> None:
    sink = osc_sink("a" * 70 + ".example", 9000)
    with pytest.raises(ConfigError, match="has no address"):
        await sink.open(SPEC, "energy")


async def test_a_host_that_nobody_knows_is_the_users_mistake() -> None:
    sink = osc_sink("no-such-host.invalid", 9000)
    with pytest.raises(ConfigError, match=r"osc://no-such-host\.invalid:9000 .* check"):
        await sink.open(SPEC, "energy")


@pytest.mark.parametrize("address", ["face", "/", "//a", "/a b", "/a#", "/ä", "/{x}"])
def test_an_address_that_osc_forbids_is_the_users_mistake(address: str) -> None:
    with pytest.raises(ConfigError, match="not an OSC address"):
        encoder("array", address, "")


def test_viewers_of_datagrams_may_miss_some() -> None:
    assert not osc_sink("127.0.0.1", 9000).lossless


async def test_61_values_are_those_of_live_link() -> None:
    parser = foreign("osc4py3.oscbuildparse", "osc4py3")
    (datagram,) = await caught("osc://127.0.0.1:PORT/anna?preset=array-61", some_face())
    values, info = parser.decode_packet(datagram).elements
    assert values.addrpattern == "/anna/blendshapes"
    assert len(values.arguments) == 61
    np.testing.assert_array_equal(np.array(values.arguments[:52], np.float32), some_face().weights)
    np.testing.assert_allclose(values.arguments[52:], rotations(some_face()), atol=1e-7)
    assert tuple(info.arguments) == (90, 1.5, 0.75)


async def test_resonite_gets_one_number_a_message_and_no_bundles() -> None:
    datagrams = await caught("osc://127.0.0.1:PORT?preset=resonite", some_face())
    messages = {m.address: m.params for m in map(OscMessage, datagrams)}
    assert len(messages) == arkit.COUNT + 4
    assert all(len(params) == 1 for params in messages.values())
    assert messages["/face/JawOpen"] == [float(some_face().weights[arkit.INDEX["jawOpen"]])]
    assert messages["/face/HeadPitch"] == [-0.5]
    assert messages["/face/Speech"] == [0.75]


@pytest.mark.parametrize(
    ("what", "address", "head"),
    [
        ("/anna?preset=arkit-each", "/anna/jawOpen", "/anna/head"),
        ("/a/{Name}/weight?preset=arkit-each", "/a/JawOpen/weight", "/a/Head/weight"),
        ("/%7Bname%7D?preset=arkit-each", "/jawOpen", "/head"),
        ("/shape-{index}?preset=arkit-each", "/shape-17", "/shape-52"),
    ],
)
async def test_an_address_may_be_a_template(what: str, address: str, head: str) -> None:
    datagrams = await caught(f"osc://127.0.0.1:PORT{what}&bundle=no", some_face())
    messages = {m.address: m.params for m in map(OscMessage, datagrams)}
    assert messages[address] == [float(some_face().weights[17])]
    assert messages[head] == [0.25, -0.5, 0.125]


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("/face/{name}", "which preset=array does not send; give preset=arkit-each"),
        ("/{name?preset=arkit-each", "is not an OSC address"),
    ],
)
def test_a_template_that_means_nothing_is_the_users_mistake(what: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        osc_sink("127.0.0.1", 9000, what)
