"""What one client of `/speak` can hold, and for how long: places of the engine, turns, speech."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from facewire.clock import ManualClock, SystemClock
from facewire.face import FaceStage, make_face
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.server import FaceServer
from facewire.server.sockets.fair_connection import LoopShare
from facewire.settings.limits import Limits
from facewire.speaking.conversation import Conversation
from facewire.speaking.models import SpeechModels
from facewire.speaking.pushed_speech import PushedAudio, PushedTokens
from facewire.speaking.turn import Turn
from facewire.speaking.turn_synthesis import TOKENS_TOGETHER, TurnSynthesis
from facewire.stream.engine import Engine
from facewire.wire.binary import AudioMessage, TokensMessage, encode_audio, encode_tokens
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded

RATE = 16_000
PATIENCE_S = 20
NEVER = 2**32 - 1
"""A turn that no test begins."""


@pytest.fixture(scope="module")
def model() -> PhonesEngine:
    return load_embedded()


class Client:
    """A client of `/speak` that sends its own speech."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def tell(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def told(self, *types: str) -> dict[str, Any]:
        """Return the next message of one of these types."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.connection.recv()
                if isinstance(message, str):
                    parsed: dict[str, Any] = json.loads(message)
                    if parsed["type"] in types:
                        return parsed

    async def all_told(self) -> list[dict[str, Any]]:
        """Return what the server said until now, without frames and sound."""
        await self.tell(type="interrupt", turn=NEVER)
        found: list[dict[str, Any]] = []
        while True:
            message = await self.told("problem", "turn_end", "interrupted", "not_interrupted")
            if message["type"] == "not_interrupted":
                return found
            found.append(message)

    async def open(self, pacing: str = "burst", **options: object) -> None:
        await self.tell(type="open", version=1, text=False, pacing=pacing, **options)
        assert (await self.told("hello", "error"))["type"] == "hello"

    async def begin(self, turn: int, *, tokens: bool = False, mode: str = "queue") -> None:
        await self.tell(type="speech", turn=turn, tokens=tokens, mode=mode)

    async def speak(self, turn: int, seconds: float = 0.5, first: int = 0) -> None:
        pcm = bytes(2 * int(RATE * seconds))
        await self.connection.send(encode_audio(AudioMessage(pcm, first, turn)))

    async def send_tokens(self, turn: int, count: int, first: int = 0) -> None:
        message = TokensMessage(np.zeros(count, np.uint32), first, turn)
        await self.connection.send(encode_tokens(message))

    async def say(self, turn: int, seconds: float = 0.5) -> None:
        await self.begin(turn)
        await self.speak(turn, seconds)
        await self.tell(type="end_turn", turn=turn)

    async def ends(self, turn: int) -> dict[str, Any]:
        """Return how a turn ended."""
        while (end := await self.told("turn_end"))["turn"] != turn:
            pass
        return end


@asynccontextmanager
async def served(
    engine: Engine, face: Callable[..., FaceStage] = make_face, **limits: Any
) -> AsyncIterator[FaceServer]:
    given = Limits(**limits)
    async with FaceServer(engine, face, clock=SystemClock(), port=0, limits=given) as server:
        yield server


@asynccontextmanager
async def speaking(server: FaceServer) -> AsyncIterator[Client]:
    url = f"ws://{server.address}/speak"
    async with connect(url, compression=None, max_queue=None, close_timeout=0.2) as connection:
        yield Client(connection)


async def opens_a_session(server: FaceServer) -> bool:
    """Tell whether somebody else still finds room."""
    async with connect(f"ws://{server.address}/session", close_timeout=0.2) as connection:
        await connection.send(json.dumps({"type": "open", "version": 1}))
        return bool(json.loads(await connection.recv())["type"] == "hello")


async def a_place_comes_back(server: FaceServer) -> None:
    """Return once somebody else finds room: when the step that is under way is over."""
    async with asyncio.timeout(PATIENCE_S):
        while not await opens_a_session(server):  # noqa: ASYNC110 # nobody tells when
            await asyncio.sleep(0.01)


def rows(model: PhonesEngine, count: int) -> BatchedPhonesEngine:
    # On a clock that stands still nobody is late, so a slow machine refuses no session.
    return BatchedPhonesEngine(model, ManualClock(), capacity=count, gather_ns=0)


async def test_announcing_turns_takes_no_place_of_the_engine(model: PhonesEngine) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open()
        for turn in range(1, 41):
            await client.begin(turn)
        assert await client.all_told() == []
        assert await opens_a_session(server)


async def test_a_client_holds_one_place_however_many_turns_have_audio(model: PhonesEngine) -> None:
    async with served(rows(model, 2)) as server, speaking(server) as client:
        await client.open("real-time")
        for turn in range(1, 9):
            await client.begin(turn)
            await client.speak(turn, 3.0)
        await client.told("turn")
        assert await opens_a_session(server)
        assert await client.all_told() == []


async def test_turns_take_one_place_after_the_other_and_give_it_back(model: PhonesEngine) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open()
        await client.begin(1)
        await client.say(2)
        await client.say(3)
        assert await client.all_told() == []
        await client.speak(1)
        await client.tell(type="end_turn", turn=1)
        for turn in (1, 2, 3):
            assert (await client.ends(turn))["frames"] == 30
        await a_place_comes_back(server)


async def test_a_turn_for_which_there_is_no_place_is_ended_and_the_next_one_works(
    model: PhonesEngine,
) -> None:
    engine = rows(model, 1)
    async with served(engine) as server, speaking(server) as client:
        other = engine.session()
        await client.open()
        await client.say(1)
        problem = await client.told("problem")
        assert (problem["turn"], "all 1 sessions" in problem["message"]) == (1, True)
        await client.ends(1)
        other.close()
        await client.say(2)
        assert (await client.ends(2))["frames"] == 30


@pytest.mark.parametrize("how", ["interrupt", "end", "vanish"])
async def test_a_place_comes_back_with_its_turn(model: PhonesEngine, how: str) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open("real-time")
        await client.begin(1)
        await client.speak(1, 3.0)
        await client.told("turn")
        assert not await opens_a_session(server)
        if how == "interrupt":
            await client.tell(type="interrupt", turn=1)
            await client.told("interrupted")
        elif how == "end":
            await client.tell(type="interrupt", turn=1)
            await client.tell(type="end")
            await client.told("end")
        else:
            client.connection.transport.abort()
            while server.sessions:  # noqa: ASYNC110 # nobody tells when a session is over
                await asyncio.sleep(0.01)
        await a_place_comes_back(server)


async def test_turns_that_are_too_many_are_left_out_each_with_one_sentence(
    model: PhonesEngine,
) -> None:
    async with served(model, turns=4) as server, speaking(server) as client:
        await client.open()
        for turn in range(1, 8):
            await client.begin(turn)
            await client.speak(turn, 0.1)
            await client.speak(turn, 0.1, first=1_600)
        problems = await client.all_told()
        assert [problem["turn"] for problem in problems] == [5, 6, 7]
        assert all("4 turns wait" in problem["message"] for problem in problems)
        await client.begin(8, mode="cut")
        await client.told("interrupted")
        await client.speak(8)
        await client.tell(type="end_turn", turn=8)
        assert (await client.ends(8))["frames"] == 30


async def test_thousands_of_turns_cost_nobody_anything(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()

        async def flood() -> None:
            for turn in range(1, 2_001):
                await client.begin(turn)

        flooding = asyncio.create_task(flood())
        refused = [(await client.told("problem"))["turn"] for _ in range(2_000 - 64)]
        await flooding
        assert refused == list(range(65, 2_001))
        await client.tell(type="interrupt", turn=1)
        assert len((await client.told("interrupted"))["dropped"]) == 63
        await client.say(2_001)
        assert (await client.ends(2_001))["frames"] == 30


@pytest.mark.parametrize("kind", ["tokens", "audio"])
async def test_speech_that_waits_is_counted_in_seconds_and_an_interrupt_still_gets_through(
    model: PhonesEngine, kind: str
) -> None:
    async with served(model, speech_s=5.0) as server, speaking(server) as client:
        await client.open("real-time")
        await client.tell(type="pause")
        for turn in (1, 2, 3):
            await client.begin(turn, tokens=kind == "tokens")
            for half in (0, 1):
                if kind == "tokens":
                    await client.send_tokens(turn, 100, first=100 * half)
                else:
                    await client.speak(turn, 1.0, first=RATE * half)
        for _ in range(50):
            await client.speak(3, 1.0, first=2 * RATE)
        problems = await client.all_told()
        assert [problem["turn"] for problem in problems] == [3]
        assert "more than 5 s of speech wait" in problems[0]["message"]
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted"))["dropped"] == [2, 3]
        await client.say(4, 4.0)
        await client.tell(type="interrupt", turn=4)
        assert (await client.told("interrupted", "problem"))["type"] == "interrupted"


async def test_an_hour_of_tokens_is_refused_before_it_is_kept(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.tell(type="speech", turn=1, tokens=True, audio=False)
        for first in range(0, 1_000_000, 100_000):
            await client.send_tokens(1, 100_000, first)
        problem, end = await client.all_told()
        assert "600 s of speech" in problem["message"]
        assert (end["type"], end["frames"]) == ("turn_end", 0)


async def test_audio_that_waits_is_counted_in_bytes_too(model: PhonesEngine) -> None:
    async with served(model, speech_bytes=1 << 20) as server, speaking(server) as client:
        await client.open("real-time", sample_rate=192_000, channels=8, sample_format="f32le")
        await client.tell(type="pause")
        await client.begin(1)
        second = 192_000 * 32
        for start in range(0, second, second // 10):
            pcm = bytes(second // 10)
            await client.connection.send(encode_audio(AudioMessage(pcm, start // 32, 1)))
        (problem,) = await client.all_told()
        assert "more than 1048576 bytes of audio wait" in problem["message"]
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted"))["turn"] == 1


async def test_faces_of_tokens_go_on_when_their_sound_comes_seconds_later(
    model: PhonesEngine,
) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open("real-time")
        await client.begin(1, tokens=True)
        await client.send_tokens(1, 300)
        await asyncio.sleep(0.3)  # until as many faces are made as may wait
        await client.speak(1, 3.0)
        await client.tell(type="end_turn", turn=1)
        assert (await client.ends(1))["frames"] == 180


async def test_sound_that_is_longer_than_its_tokens_is_heard_to_its_end(
    model: PhonesEngine,
) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.begin(1, tokens=True)
        await client.send_tokens(1, 50)
        await client.speak(1, 5.0)
        await client.tell(type="end_turn", turn=1)
        assert (await client.ends(1))["frames"] == 300


async def test_ten_minutes_may_be_sent_at_once(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open(sample_rate=48_000)
        await client.begin(1)
        piece = 10 * 48_000
        for start in range(0, 60 * piece, piece):
            message = encode_audio(AudioMessage(bytes(2 * piece), start, 1))
            await client.connection.send(message)
        await client.told("turn")
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted", "problem"))["type"] == "interrupted"


async def test_a_turn_that_gets_nothing_ends_and_the_next_one_begins(model: PhonesEngine) -> None:
    async with served(model, turn_silence_s=0.3) as server, speaking(server) as client:
        await client.open()
        await client.begin(1)
        await client.begin(2)
        await client.speak(2)
        await client.say(3)
        for turn, frames in ((1, 0), (2, 30)):
            problem = await client.told("problem", "turn_end")
            assert (problem["type"], problem["turn"]) == ("problem", turn)
            assert f"nothing came for turn {turn} for 0.3 s" in problem["message"]
            assert (await client.ends(turn))["frames"] == frames
        end = await client.told("problem", "turn_end")
        assert (end["type"], end["turn"], end["frames"]) == ("turn_end", 3, 30)
        await client.speak(1)
        assert await client.all_told() == []


async def test_a_voice_is_let_go_of_when_its_stream_does_not_begin(
    model: PhonesEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[SpeechModels] = []
    close = SpeechModels.close

    def noting(models: SpeechModels) -> None:
        closed.append(models)
        close(models)

    def no_face(spec: StreamSpec, *, idle: bool, seed: int | None = None) -> FaceStage:
        raise RuntimeError("there is no face")

    monkeypatch.setattr(SpeechModels, "close", noting)
    async with served(model, no_face) as server, speaking(server) as client:
        await client.tell(type="open", version=1, text=False)
        assert (await client.told("error"))["code"] == "internal"
    assert len(closed) == 1


class WatchedFace:
    """A real face that notes which thread works on it."""

    def __init__(self, spec: StreamSpec, threads: set[int]) -> None:
        self._face = make_face(spec)
        self._threads = threads

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        self._threads.add(threading.get_ident())
        return self._face.apply(frame)


async def test_no_face_is_made_on_the_event_loop(model: PhonesEngine) -> None:
    seen: set[int] = set()

    def face(spec: StreamSpec, *, idle: bool, seed: int | None = None) -> FaceStage:
        return WatchedFace(spec, seen)

    async with served(model, face) as server, speaking(server) as client:
        await client.open(format="json")
        await client.say(1)
        assert (await client.ends(1))["frames"] == 30
    assert seen
    assert threading.get_ident() not in seen


async def behind_a_turn_that_waits(client: Client, *, tokens: bool) -> None:
    """Begin a turn that the engine has to hear, of which nothing comes, and one behind it."""
    await client.open()
    await client.begin(1)
    await client.begin(2, tokens=tokens)


@pytest.fixture
def syntheses(monkeypatch: pytest.MonkeyPatch) -> dict[int, TurnSynthesis]:
    """What is being made, by turn."""
    found: dict[int, TurnSynthesis] = {}
    prepare = TurnSynthesis.__init__

    def noting(synthesis: TurnSynthesis, turn: Turn, *args: Any, **kw: Any) -> None:
        prepare(synthesis, turn, *args, **kw)
        found[turn.number] = synthesis

    monkeypatch.setattr(TurnSynthesis, "__init__", noting)
    return found


async def test_tokens_one_by_one_are_joined_while_their_turn_waits(
    model: PhonesEngine, syntheses: dict[int, TurnSynthesis]
) -> None:
    async with served(model) as server, speaking(server) as client:
        await behind_a_turn_that_waits(client, tokens=True)
        for first in range(1_000):
            await client.send_tokens(2, 1, first)
        assert await client.all_told() == []
        assert len(syntheses[2]._parts) <= 1_000 // TOKENS_TOGETHER + 1
        await client.tell(type="end_turn", turn=1)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 600


async def test_samples_one_by_one_are_joined_while_their_turn_waits(
    model: PhonesEngine, syntheses: dict[int, TurnSynthesis]
) -> None:
    async with served(model) as server, speaking(server) as client:
        await behind_a_turn_that_waits(client, tokens=False)
        for start in range(4_000):
            await client.connection.send(encode_audio(AudioMessage(b"\1\0", start, 2)))
        await client.connection.send(encode_audio(AudioMessage(bytes(8_000), 4_000, 2)))
        assert await client.all_told() == []
        sizes = [len(piece.pcm) for piece in syntheses[2]._undecoded]
        assert (sum(sizes), len(sizes)) == (16_000, 4)
        assert syntheses[2].ahead == pytest.approx(0.5)
        await client.tell(type="end_turn", turn=1)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 30


async def test_messages_without_speech_are_nothing_received(model: PhonesEngine) -> None:
    async with served(model, turn_silence_s=0.3) as server, speaking(server) as client:
        await client.open()

        async def send_nothing() -> None:
            while True:
                await client.send_tokens(1, 0)
                await client.speak(1, 0.0)
                await asyncio.sleep(0.02)

        await client.begin(1, tokens=True)
        sending = asyncio.create_task(send_nothing())
        assert "nothing came for turn 1" in (await client.told("problem"))["message"]
        sending.cancel()


async def test_a_client_is_charged_for_what_its_messages_cost_and_others_get_their_turn(
    model: PhonesEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, ticks, seen, turns = asyncio.get_running_loop(), 0, list[int](), 0
    push, turn = Conversation.push, LoopShare.turn

    def slow(conversation: Conversation, turn: int, speech: PushedAudio | PushedTokens) -> None:
        seen.append(ticks)
        time.sleep(0.005)  # more than what it costs on any machine
        push(conversation, turn, speech)

    def noting(share: LoopShare) -> Coroutine[Any, Any, None]:
        nonlocal turns
        turns += 1
        return turn(share)

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        loop.call_soon(tick)

    monkeypatch.setattr(Conversation, "push", slow)
    monkeypatch.setattr(LoopShare, "turn", noting)
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.begin(1, tokens=True)
        tick()
        messages = [TokensMessage(np.zeros(1, np.uint32), at, 1) for at in range(100)]
        for message in messages:
            await client.connection.send(encode_tokens(message))
        assert await client.all_told() == []
    assert len(set(seen)) == len(seen) == 100
    assert turns >= 50
