"""Our face on the body of another VMC sender, which python-osc plays."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient
from tests.runtime.sinks.datagrams.catching import SPEC, face_of, listening, port_of, waiting
from tests.runtime.sinks.vmc.test_vmc import Message, by_python_osc, values

from facewire.clock import SECOND, ManualClock
from facewire.errors import ConfigError
from facewire.sinks.uri import sink_from_uri
from facewire.sinks.vmc.forwarding import MARK
from facewire.stream.sink import Sink

HIPS = ("Hips", 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
HEAD = ("Head", 0.0, 0.125, 0.0, 0.0, 0.5, 0.0, 0.5)


@dataclass
class Studio:
    """A sender, us, and an avatar."""

    body: SimpleUDPClient
    sink: Sink
    avatar: socket.socket
    clock: ManualClock

    async def heard(self) -> list[Message]:
        """Return what the avatar got by now."""
        # What was sent is with us already; it goes on when the loop gets to it.
        await asyncio.sleep(0.05)
        heard = by_python_osc(waiting(self.avatar))
        # See the last tests: it is for other forwarders, and no avatar knows it.
        return [message for message in heard if message[0] != MARK]

    async def show(self, **shapes: float) -> list[Message]:
        await self.sink.send(face_of(**shapes))
        return await self.heard()


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    with listening() as free:
        port = port_of(free)
    clock = ManualClock()
    with listening() as avatar, SimpleUDPClient("127.0.0.1", port) as body:
        uri = f"vmc://127.0.0.1:{port_of(avatar)}?names=perfect-sync&forward={port}"
        sink = sink_from_uri(uri, clock=clock)
        await sink.open(SPEC, "energy")
        assert isinstance(body, SimpleUDPClient)
        yield Studio(body, sink, avatar, clock)
        await sink.aclose()


def addresses(messages: list[Message]) -> list[str]:
    return [address.removeprefix("/VMC/Ext/") for address, _ in messages]


async def test_a_body_goes_on_at_once(studio: Studio) -> None:
    studio.body.send_message("/VMC/Ext/Bone/Pos", HIPS)
    assert await studio.heard() == [("/VMC/Ext/Bone/Pos", HIPS)]


async def test_bundles_go_on_with_all_that_is_not_of_the_face(studio: Studio) -> None:
    bundle = OscBundleBuilder(IMMEDIATELY)
    inner = OscBundleBuilder(IMMEDIATELY)
    for builder, address, arguments in (
        (bundle, "/VMC/Ext/Bone/Pos", HIPS),
        (bundle, "/VMC/Ext/Blend/Val", ("Joy", 1.0)),
        (inner, "/VMC/Ext/Root/Pos", ("root", *HIPS[1:])),
        (bundle, "/VMC/Ext/Blend/Apply", ()),
    ):
        message = OscMessageBuilder(address)
        for argument in arguments:
            message.add_arg(argument)
        builder.add_content(message.build())
    bundle.add_content(inner.build())
    studio.body.send(bundle.build())
    assert sorted(addresses(await studio.heard())) == ["Bone/Pos", "Root/Pos"]


async def test_there_is_one_apply_for_both_faces_and_what_we_send_is_ours(studio: Studio) -> None:
    for name, value in (("Joy", 0.25), ("jawopen", 1.0), ("Joy", 0.75)):
        studio.body.send_message("/VMC/Ext/Blend/Val", [name, value])
    studio.body.send_message("/VMC/Ext/Blend/Apply", [])
    assert await studio.heard() == []
    messages = await studio.show(jawOpen=0.5)
    assert values(messages)["Joy"] == 0.75
    assert values(messages)["JawOpen"] == 0.5
    assert "jawopen" not in values(messages)
    assert addresses(messages).count("Blend/Apply") == 1
    assert addresses(messages).index("Blend/Apply") == 53


async def test_the_head_and_the_word_of_being_there_are_theirs_while_they_send_them(
    studio: Studio,
) -> None:
    assert {"Bone/Pos", "OK", "T"} <= set(addresses(await studio.show()))
    studio.body.send_message("/VMC/Ext/Bone/Pos", HEAD)
    studio.body.send_message("/VMC/Ext/OK", [1])
    assert await studio.heard() == [("/VMC/Ext/Bone/Pos", HEAD), ("/VMC/Ext/OK", (1,))]
    assert not {"Bone/Pos", "OK", "T"} & set(addresses(await studio.show()))
    studio.clock.advance(2 * SECOND)
    assert {"Bone/Pos", "OK", "T"} <= set(addresses(await studio.show()))


async def test_noise_harms_nothing(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        for noise in (b"", b"#bundle\0" + b"\xff" * 40, b"/VMC", bytes(100), b"\xff" * 1000):
            noisy.sendto(noise, (studio.body._address, studio.body._port))
    studio.body.send_message("/VMC/Ext/Blend/Val", [])
    studio.body.send_message("/VMC/Ext/Blend/Val", [1.0, "Joy"])
    for index in range(1000):
        studio.body.send_message("/VMC/Ext/Blend/Val", [f"Name{index}", 0.5])
        await asyncio.sleep(0)
    assert await studio.heard() == []
    assert len(values(await studio.show())) <= 52 + 512
    assert len([r for r in caplog.records if "leaves out" in r.getMessage()]) == 1


async def test_a_port_that_is_in_use_is_the_users_mistake(studio: Studio) -> None:
    port = studio.body._port
    other = sink_from_uri(f"vmc://127.0.0.1?forward={port}")
    with pytest.raises(ConfigError, match=rf"cannot listen on 127\.0\.0\.1:{port} .*forward=PORT"):
        await other.open(SPEC, "energy")
    await other.aclose()


@pytest.mark.parametrize("heard", ["{}", "0.0.0.0:{}", "localhost:{}"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
async def test_who_would_send_to_itself_is_refused(host: str, heard: str) -> None:
    """What goes on would come again, for ever, and more with each frame."""
    with listening() as free:
        port = port_of(free)
    sink = sink_from_uri(f"vmc://{host}:{port}?forward={heard.format(port)}")
    with pytest.raises(ConfigError, match="send to itself"):
        await sink.open(SPEC, "energy")
    await asyncio.sleep(0)  # the loop closes sockets on its next round
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))  # nothing is held


async def test_long_names_are_not_sent_again_with_each_frame(studio: Studio) -> None:
    studio.body.send_message("/VMC/Ext/Blend/Val", ["x" * 30_000, 1.0])
    studio.body.send_message("/VMC/Ext/Blend/Val", ["Joy", 0.25])
    await studio.heard()
    names = values(await studio.show())
    assert "Joy" in names
    assert max(map(len, names)) < 100


async def test_who_sends_our_own_back_is_refused_and_others_are_not(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await studio.sink.send(face_of(jawOpen=0.5))
    await asyncio.sleep(0.05)
    sent = waiting(studio.avatar)
    (mark,) = [datagram for datagram in sent if MARK.encode() in datagram]
    assert isinstance(studio.body, SimpleUDPClient)
    place = studio.body._address, studio.body._port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
        echo.connect(place)
        for _ in range(3):
            echo.send(mark)
            echo.send(OscMessageBuilder("/VMC/Ext/Root/Echo").build().dgram)
        assert await studio.heard() == []
    said = [record.message for record in caplog.records if "its own messages" in record.message]
    assert len(said) == 1
    studio.body.send_message("/VMC/Ext/Bone/Pos", HIPS)
    assert addresses(await studio.heard()) == ["Bone/Pos"]


def test_two_that_forward_to_each_other_say_so_and_go_on() -> None:
    with listening() as one, listening() as other:
        ports = port_of(one), port_of(other)
    command = (sys.executable, "-m", "facewire", "outputs", "test", "--seconds", "6")
    both = [
        subprocess.Popen(
            [*command, f"vmc://127.0.0.1:{there}?forward={here}"], stderr=subprocess.PIPE, text=True
        )
        for here, there in (ports, ports[::-1])
    ]
    said = [process.communicate(timeout=100)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    loops = [text.count("its own messages back") for text in said]
    assert max(loops) == 1, said
