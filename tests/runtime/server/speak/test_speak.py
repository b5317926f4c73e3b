"""Turns over real sockets: what bad clients and odd texts do, and that the others go on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.wire.binary import AudioMessage, TokensMessage, encode_audio, encode_tokens
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


@pytest.fixture
async def server(engine: PhonesEngine) -> AsyncIterator[FaceServer]:
    async with FaceServer(engine, make_face, clock=SystemClock(), port=0) as server:
        yield server


class Client:
    """A plain client, that can do everything wrong."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def tell(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def told(self, *types: str) -> dict[str, Any]:
        """Return the next message of one of these types, or of any but frames and audio."""
        while True:
            message = await self.connection.recv()
            if isinstance(message, str):
                parsed: dict[str, Any] = json.loads(message)
                if not types or parsed["type"] in types:
                    return parsed

    async def open(self, **options: object) -> dict[str, Any]:
        await self.tell(type="open", version=1, pacing="burst", **options)
        return await self.told()

    async def say(self, turn: int, text: str) -> None:
        await self.tell(type="text", turn=turn, text=text)
        await self.tell(type="end_turn", turn=turn)

    async def goes_well(self, turn: int) -> None:
        """Check that a turn is spoken."""
        await self.say(turn, "All is well.")
        while (end := await self.told("turn_end"))["turn"] != turn:
            pass
        assert end["frames"] > 20


def speak_at(server: FaceServer, **options: Any) -> connect:
    options = {"close_timeout": 0.2, "max_queue": None} | options
    return connect(f"ws://{server.address}/speak", compression=None, **options)


@pytest.fixture
async def client(server: FaceServer) -> AsyncIterator[Client]:
    async with speak_at(server) as connection:
        yield Client(connection)


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x07\x1b", "…!?.,"])
async def test_what_cannot_be_spoken_is_said_and_the_next_turn_works(
    client: Client, text: str
) -> None:
    await client.open()
    await client.say(1, text)
    problem = await client.told("problem")
    assert (problem["turn"], problem["message"]) == (
        1, "this voice can speak nothing of it; give some words of its language",
    )  # fmt: skip
    end = await client.told("turn_end")
    assert (end["turn"], end["sample"], end["frames"], end["face_lead_ms"]) == (1, None, 0, None)
    await client.goes_well(2)


@pytest.mark.parametrize(
    "text",
    [
        "Hello \x00\x1b[31m wor\x07ld!",
        "I like it \U0001f600\U0001f680 a lot.",
        "<speak>Wait <break time='2s'/> here &amp; there.</speak>",
        "Dr. Smith paid $3.50 on 2024-05-01, i.e. 3 1/2.",
        "Привет, 你好, hello, مرحبا.",
    ],
)
async def test_odd_text_is_spoken(client: Client, text: str) -> None:
    await client.open()
    await client.say(1, text)
    assert (await client.told("turn_end"))["frames"] > 20
    await client.goes_well(2)


async def test_a_hundred_thousand_characters_begin_at_once_and_can_be_stopped(
    client: Client,
) -> None:
    await client.open()
    await client.say(1, "This goes on and on, " * 5_000)
    assert (await client.told("turn"))["turn"] == 1
    await client.tell(type="interrupt", turn=1)
    assert (await client.told("interrupted", "turn_end"))["type"] == "interrupted"
    await client.say(2, "x" * 100_000)
    await client.tell(type="text", turn=3, text="y" * 300_000)
    problem = await client.told("problem")
    assert "more than 200000 characters" in problem["message"]
    await client.tell(type="interrupt", turn=2)
    await client.goes_well(4)


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ("nonsense", "bad-message", "JSON"),
        ('{"type":"text","turn":' + "[" * 100_000, "bad-message", "is an object"),
        ('{"type":' * 100_000, "bad-message", "JSON"),
        ('{"type":"text","turn":1,"text":"a","words":1}', "bad-message", "turn, text, mode"),
        ('{"type":"text","turn":0,"text":"a"}', "bad-message", ">= 1"),
        ('{"type":"text","turn":-3,"text":"a"}', "bad-message", ">= 1"),
        ('{"type":"text","turn":1.5,"text":"a"}', "bad-message", "int"),
        ('{"type":"text","turn":1}', "bad-message", "text"),
        (r'{"type":"text","turn":1,"text":"\ud83d"}', "bad-message", "JSON"),
        ('{"type":"interrupt","at_ms":-1}', "bad-message", ">= 0"),
        ('{"type":"interrupt","at_ms":"now"}', "bad-message", "at_ms"),
        ('{"type":"shout"}', "bad-message", "end_turn, playout, interrupt"),
        ('{"type":"open","version":1}', "out-of-order", "end it before the next"),
        (b"\x00\x01\x00\x00", "bad-message", "0x54"),
        (b"T\x02" + bytes(14), "unsupported", "version 1"),
        (b"T\x01" + bytes(15), "bad-message", "4 bytes each"),
    ],
)
async def test_a_message_that_is_none_closes_the_connection_and_no_other(
    server: FaceServer, client: Client, message: str | bytes, code: str, words: str
) -> None:
    async with speak_at(server) as connection:
        other = Client(connection)
        await other.open()
        await client.open()
        await client.connection.send(message)
        error = await client.told("error")
        assert error["code"] == code
        assert words in error["message"]
        await client.connection.wait_closed()
        await other.goes_well(1)


@pytest.mark.parametrize(("wanted", "kept"), [(0, 20.0), (5, 20.0), (20, 20.0), (40, 40.0)])
async def test_the_hello_says_what_lead_is_kept(client: Client, wanted: int, kept: float) -> None:
    await client.tell(type="open", version=1, text=False, lead_ms=wanted)
    assert (await client.told("hello"))["lead_ms"] == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"version": 2}, "version 1"),
        ({"frame_rate": "5"}, "10 or more"),
        ({"frame_rate": "x"}, "frame rate"),
        ({"lead_ms": 99_999}, "lead_ms is from 0 to 10000"),
        ({"lead_ms": -1}, "lead_ms is from 0 to 10000"),
        ({"sample_rate": 1}, "sample_rate is from 8000"),
        ({"language": "tlh-mars"}, "tlh-mars"),
        ({"voice": "nobody-at-all"}, "nobody-at-all"),
        ({"rate": 1}, "80 to 450"),
    ],
)
async def test_what_the_server_cannot_do_is_refused(
    client: Client, options: dict[str, object], words: str
) -> None:
    await client.tell(**{"type": "open", "version": 1, **options})
    error = await client.told()
    assert (error["type"], error["code"]) == ("error", "unsupported")
    assert words in error["message"]


@pytest.mark.parametrize(
    "message", ['{"type":"pause"}', '{"type":"end_turn","turn":1}', b"A\x01" + bytes(14)]
)
async def test_open_comes_first(client: Client, message: str | bytes) -> None:
    await client.connection.send(message)
    error = await client.told()
    assert error["code"] == "out-of-order"
    assert error["message"].startswith("send open before ")


async def test_an_engine_without_tokens_says_so() -> None:
    async with (
        FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0) as server,
        speak_at(server) as connection,
    ):
        client = Client(connection)
        error = await client.open()
        assert (error["code"], "use phones" in error["message"]) == ("unsupported", True)
    async with (
        FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0) as server,
        speak_at(server) as connection,
    ):
        client = Client(connection)
        hello = await client.open(text=False)
        assert hello["tokens"] is None
        await client.tell(type="speech", turn=1, tokens=True)
        assert "use phones" in (await client.told("problem"))["message"]
        await client.tell(type="speech", turn=2)
        await client.connection.send(encode_audio(AudioMessage(bytes(2 * 16_000), 0, 2)))
        await client.tell(type="end_turn", turn=2)
        assert (await client.told("turn_end"))["frames"] == 60


async def test_numbers_that_are_over_or_never_were_are_said(client: Client) -> None:
    await client.open()
    await client.goes_well(5)
    for message, words in (
        ({"type": "text", "turn": 5, "text": "again"}, "turn 5 is over; begin one after 5"),
        ({"type": "text", "turn": 4, "text": "late"}, "turn 4 is over"),
        ({"type": "end_turn", "turn": 9}, "there is no turn 9"),
        ({"type": "speech", "turn": 6, "audio": False}, "tokens, audio, or both"),
        ({"type": "playout", "sample": -1}, "cannot be heard"),
        ({"type": "playout", "sample": 0, "clock_ns": 1}, "within 10 s"),
    ):
        await client.tell(**message)
        assert words in (await client.told("problem"))["message"]
    await client.connection.send(encode_tokens(TokensMessage(np.zeros(3, np.uint32), 0, 7)))
    assert "begin turn 7 with speech" in (await client.told("problem"))["message"]
    await client.goes_well(8)


async def test_what_was_on_its_way_to_a_turn_that_was_cut_is_left_out(client: Client) -> None:
    await client.open()
    await client.tell(type="text", turn=1, text="Hello, my dear ")
    await client.tell(type="interrupt", turn=1)
    await client.tell(type="text", turn=1, text="friend.")
    await client.tell(type="end_turn", turn=1)
    assert (await client.told())["type"] in ("interrupted", "turn")
    await client.tell(type="ping", id=3)
    seen = []
    while (message := await client.told())["type"] != "pong":
        seen.append(message["type"])
    assert "problem" not in seen
    await client.goes_well(2)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (encode_tokens(TokensMessage(np.array([40], np.uint32), 10, 1)), "which has 40 classes"),
        (encode_tokens(TokensMessage(np.array([1], np.uint32), 11, 1)), "but 10 is next"),
        (encode_audio(AudioMessage(bytes(3), 0, 1)), "not whole samples"),
        (encode_audio(AudioMessage(bytes(2), 7, 1)), "but 0 is next"),
    ],
)
async def test_speech_that_does_not_fit_ends_its_turn(
    client: Client, message: bytes, words: str
) -> None:
    await client.open()
    await client.tell(type="speech", turn=1, tokens=True)
    await client.connection.send(encode_tokens(TokensMessage(np.zeros(10, np.uint32), 0, 1)))
    await client.connection.send(message)
    problem = await client.told("problem")
    assert words in problem["message"]
    assert problem["message"].endswith("turn 1 ends before that")
    assert (await client.told("turn_end"))["frames"] == 6
    await client.goes_well(2)


async def ping_on(client: Client) -> None:
    """Ask for answers for ever, and read none."""
    while True:
        await client.tell(type="ping")
        await asyncio.sleep(0.01)


async def test_a_client_that_never_reads_is_sent_away_and_disturbs_nobody(
    engine: PhonesEngine,
) -> None:
    async with (
        FaceServer(
            engine, make_face, clock=SystemClock(), port=0, limits=Limits(unread_s=0.3)
        ) as server,
        speak_at(server, max_queue=1) as connection,
        speak_at(server) as second,
    ):
        silent, other = Client(connection), Client(second)
        await silent.open(format="json", frame_rate=240)
        await silent.say(1, "This goes on and on, " * 100)
        await other.open()
        await other.goes_well(1)
        with pytest.raises(ConnectionClosed):
            await ping_on(silent)
        await other.goes_well(2)


async def test_a_client_that_vanishes_leaves_its_place(server: FaceServer) -> None:
    async with speak_at(server) as connection:
        client = Client(connection)
        await client.open()
        await client.say(1, "This goes on and on, " * 40)
        connection.transport.abort()
    while server.sessions:  # noqa: ASYNC110 # the server tells nobody when a session is over
        await asyncio.sleep(0.01)


async def test_one_connection_has_stream_after_stream(client: Client) -> None:
    for _ in range(2):
        assert (await client.open())["type"] == "hello"
        await client.goes_well(1)
        await client.tell(type="end")
        assert (await client.told("end"))["frames"] > 20


async def test_a_client_can_tell_times_of_its_own_clock(client: Client) -> None:
    await client.tell(type="open", version=1)
    await client.told()
    theirs = 10**15
    await client.tell(type="ping", client_ns=theirs)
    await client.told("pong")
    await client.tell(type="playout", sample=0, client_ns=theirs + 10**9)
    await client.tell(type="pause")
    assert (await client.told("problem", "paused"))["sample"] < 0
