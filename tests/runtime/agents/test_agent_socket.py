"""`/agent` over a real socket: what is heard, what is answered, and what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.runtime.server.session_client import new_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.agents.agent import (
    Agent,
    AgentError,
    AgentMaker,
    FunctionAgent,
    Heard,
    Reply,
    Spoken,
)
from facewire.audio.format import Encoding
from facewire.audio.resample import StreamResampler
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.wire.binary import AudioMessage, encode_audio, encode_samples
from facewire_cli.demo import demo_clip

RATE = 16_000


def said(seconds: float = 2.4, pause: float = 1.0) -> Samples:
    """Return a question, in a silent room."""
    samples, _ = soundfile.read(demo_clip(), frames=round(seconds * RATE), dtype="float32")
    room = np.zeros(round(pause * RATE), np.float32)
    return np.concatenate([room, samples, room]).astype(np.float32)


class Person:
    """A client that speaks."""

    def __init__(self, connection: ClientConnection, rate: int = RATE) -> None:
        self.connection = connection
        self.rate = rate
        self._sent = 0

    async def speak(self, samples: Samples) -> None:
        for start in range(0, len(samples), 4_800):
            pcm = encode_samples(samples[start : start + 4_800], Encoding.S16LE)
            await self.connection.send(encode_audio(AudioMessage(pcm, self._sent, 0)))
            self._sent += len(pcm) // 2

    async def told(self, *kinds: str) -> list[dict[str, Any]]:
        """Return as many messages as there are kinds, which they must be."""
        async with asyncio.timeout(30):
            messages = [json.loads(await self.connection.recv()) for _ in kinds]
        assert tuple(message["type"] for message in messages) == kinds
        return messages


Function = Callable[[str | Spoken], Any]


def maker_of(function: Function) -> AgentMaker:
    return AgentMaker("of a test", lambda: FunctionAgent(function))


@asynccontextmanager
async def person_of(
    agent: AgentMaker | Function, rate: int = RATE, **limits: Any
) -> AsyncIterator[Person]:
    maker = agent if isinstance(agent, AgentMaker) else maker_of(agent)
    async with (
        new_server(agent=maker, limits=Limits(**limits)) as server,
        connect(f"ws://{server.address}/agent", close_timeout=0.2) as connection,
    ):
        person = Person(connection, rate)
        await connection.send(json.dumps({"type": "open", "version": 1, "sample_rate": rate}))
        (hello,) = await person.told("agent")
        assert hello["agent"] == maker.name
        yield person


async def echo(heard: str | Spoken) -> str:
    assert isinstance(heard, Spoken)
    return f"That was {heard.seconds:.0f} s."


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
async def test_a_question_is_heard_and_answered(rate: int) -> None:
    resampler = StreamResampler(RATE, rate)
    samples = np.concatenate([resampler.push(said()), resampler.flush()])
    async with person_of(echo, rate) as person:
        for number in (1, 2):
            await person.speak(samples)
            kinds = ("speech_started", "speech_ended", "say", "reply_end")
            started, ended, say, _ = await person.told(*kinds)
            begin_ms = 4_400 * (number - 1)
            assert begin_ms + 1_000 < started["ms"] < begin_ms + 1_900
            assert begin_ms + 2_700 < ended["ms"] < begin_ms + 3_700
            assert 450 < ended["known_ms"] < 550
            assert ended["reply"] == say["reply"] == number
            assert say["text"] in ("That was 2 s.", "That was 3 s.")


async def test_an_answer_in_pieces_is_said_in_sentences() -> None:
    async def pieces(heard: str | Spoken) -> Any:
        for piece in ("Well, the", "re. Dr. Who, ", "I mean. And", " so on"):
            yield piece

    async with person_of(pieces) as person:
        await person.speak(said())
        messages = await person.told(
            "speech_started", "speech_ended", "say", "say", "say", "reply_end"
        )
    texts = [message["text"] for message in messages[2:5]]
    assert texts == ["Well, there.", "Dr. Who, I mean.", "And so on"]


async def test_whoever_speaks_over_an_answer_ends_it() -> None:
    ended = asyncio.Event()

    async def talks_for_ever(heard: str | Spoken) -> Any:
        try:
            while True:
                yield "And another thing. "
                await asyncio.sleep(0.02)
        finally:
            ended.set()

    async with person_of(talks_for_ever) as person:
        await person.speak(said())
        await person.told("speech_started", "speech_ended", "say", "say")
        await person.speak(said())
        async with asyncio.timeout(30):
            while (message := json.loads(await person.connection.recv()))["type"] == "say":
                assert message["reply"] == 1
            assert message["type"] == "speech_started"
            await ended.wait()
        after = await person.told("speech_ended", "say")
        assert [message["reply"] for message in after] == [2, 2]


async def test_the_words_that_were_understood_are_told_with_the_first_part() -> None:
    async def understands(heard: str | Spoken) -> AsyncIterator[str | Heard]:
        yield Heard("Who are you?")
        yield "A face. "
        yield "With a voice."

    async with person_of(understands) as person:
        await person.speak(said())
        *_, first, second, _ = await person.told(
            "speech_started", "speech_ended", "say", "say", "reply_end"
        )
    assert (first["text"], first["heard"]) == ("A face.", "Who are you?")
    assert second["text"] == "With a voice."
    assert "heard" not in second


async def test_the_address_behind_an_agent_is_for_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refused(heard: str | Spoken) -> str:
        raise AgentError('http://10.0.0.7 said {"error": 1}', "nobody answers there; try later")

    async with person_of(refused) as person:
        await person.speak(said())
        kinds = ("speech_started", "speech_ended", "problem", "reply_end")
        problem = (await person.told(*kinds))[2]
    assert problem["message"] == "nobody answers there; try later"
    assert "http://10.0.0.7" in caplog.text


class Moody:
    """Does something else wrong each time."""

    turn = 0

    async def reply(self, heard: str | Spoken, /) -> Reply:
        self.turn += 1
        if self.turn == 1:
            raise ValueError("no\nidea")
        if self.turn == 2:
            await asyncio.Event().wait()
        if self.turn == 3:
            return 7  # type: ignore[return-value]
        if self.turn == 4:
            return self._stalls()
        if self.turn == 5:
            return ""
        return "All is well."

    async def _stalls(self) -> AsyncIterator[str]:
        yield "So. "
        await asyncio.Event().wait()


async def test_what_an_agent_does_wrong_is_one_plain_sentence_and_the_next_turn_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make: Callable[[], Agent] = Moody
    async with person_of(AgentMaker("moody", make), agent_s=0.3) as person:
        begins = ("speech_started", "speech_ended")
        problems = []
        for _ in range(3):
            await person.speak(said())
            problems.append((await person.told(*begins, "problem", "reply_end"))[2])
        await person.speak(said())
        problems.append((await person.told(*begins, "say", "problem", "reply_end"))[3])
        await person.speak(said())
        await person.told(*begins, "reply_end")
        await person.speak(said())
        *_, say, _ = await person.told(*begins, "say", "reply_end")
    assert say["text"] == "All is well."
    # Classes and details are for the log, which has them.
    failed, slow = "the agent failed, and the server's log says why; say it again", "for 0.3 s"
    parts = (failed, slow, failed, slow)
    assert "ValueError: no\nidea" in caplog.text
    assert "'int' instead of text" in caplog.text
    for number, (problem, part) in enumerate(zip(problems, parts, strict=True), 1):
        assert problem["reply"] == number
        assert part in problem["message"]
        assert "\n" not in problem["message"]


class EndsMoreThanItself:
    """Raises, each time otherwise, what ends a task or a process."""

    turn = 0

    async def reply(self, heard: str | Spoken, /) -> Reply:
        self.turn += 1
        if self.turn == 1:
            raise asyncio.CancelledError
        if self.turn == 2:
            raise SystemExit(3)
        if self.turn == 3:
            return self._cancelled()
        if self.turn == 4:
            return self._empty()
        return "All is well."

    async def _cancelled(self) -> AsyncIterator[str]:
        yield "So. "
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    async def _empty(self) -> AsyncIterator[str]:
        while True:
            yield ""


async def test_what_would_end_the_task_or_the_server_ends_one_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make: Callable[[], Agent] = EndsMoreThanItself
    begins = ("speech_started", "speech_ended")
    problems = []
    async with person_of(AgentMaker("ends more", make)) as person:
        for said_before in ((), (), ("say",), ()):
            await person.speak(said())
            told = await person.told(*begins, *said_before, "problem", "reply_end")
            problems.append(told[-2]["message"])
        await person.speak(said())
        *_, say, _ = await person.told(*begins, "say", "reply_end")
    assert say["text"] == "All is well."
    failed = "the agent failed, and the server's log says why; say it again"
    assert problems == [failed] * 4
    assert caplog.text.count("by its own code") >= 2
    for part in ("sys.exit(3)", "empty pieces"):
        assert part in caplog.text


async def test_an_agent_that_never_waits_keeps_nobody_waiting() -> None:
    async def never_waits(heard: str | Spoken) -> Any:
        while True:
            yield " "

    async with person_of(never_waits, text_characters=10_000_000) as person:
        await person.speak(said())
        await person.told("speech_started", "speech_ended")
        await person.connection.send('{"type":"ping","id":7,"client_ns":1}')
        await person.told("pong")


async def test_an_agent_that_does_not_let_itself_be_interrupted_says_no_more() -> None:
    async def stubborn(heard: str | Spoken) -> Any:
        while True:
            yield "And another thing. "
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                yield "I was not done. "

    async with person_of(stubborn) as person:
        await person.speak(said())
        await person.told("speech_started", "speech_ended", "say", "say")
        await person.speak(said())
        async with asyncio.timeout(30):
            while (message := json.loads(await person.connection.recv()))["type"] == "say":
                assert message["reply"] == 1
            assert message["type"] == "speech_started"
        after = await person.told("speech_ended", "say")
        assert [message["reply"] for message in after] == [2, 2]


UNMADE = "the agent cannot begin, and the server's log says why; try again later"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SystemExit("no key at /srv/key"), UNMADE),
        (OSError("no key at /srv/key"), UNMADE),
        (AgentError("no key at /srv/key", "nobody is here today"), "nobody is here today"),
    ],
)
async def test_an_agent_that_cannot_be_made_is_one_plain_sentence(
    error: BaseException, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> Agent:
        raise error

    async with (
        new_server(agent=AgentMaker("unmade", make)) as server,
        connect(f"ws://{server.address}/agent") as connection,
    ):
        await connection.send('{"type":"open","version":1}')
        said_by_server = json.loads(await connection.recv())
        while said_by_server["type"] == "agent":
            said_by_server = json.loads(await connection.recv())
    # Where its key is kept is for the log.
    assert said_by_server["message"] == sentence
    assert "no key at /srv/key" in caplog.text


async def test_an_interruption_before_the_first_word_and_twice() -> None:
    async def slow(heard: str | Spoken) -> str:
        await asyncio.sleep(0.5 if slow_once.pop("now", False) else 0)
        return "Late."

    slow_once = {"now": True}
    async with person_of(slow) as person:
        await person.speak(said(pause=0.6))
        await person.told("speech_started", "speech_ended")
        await person.speak(said(pause=0.6))
        messages = await person.told("speech_started", "speech_ended", "say", "reply_end")
        assert messages[2]["reply"] == 2


async def test_speech_without_end_is_answered_as_it_stands() -> None:
    async with person_of(echo) as person:
        no_pause = np.tile(said(1.6, 0)[8_000:], 40)  # 44 s
        await person.speak(np.concatenate([np.zeros(RATE, np.float32), no_pause]))
        kinds = ("speech_started", "speech_ended", "problem", "say", "reply_end")
        *_, problem, say, _ = await person.told(*kinds)
        assert "30 s came without a pause" in problem["message"]
        assert say["text"] == "That was 30 s."


async def test_silence_for_ever_is_nothing_to_answer() -> None:
    async with person_of(echo) as person:
        await person.speak(np.zeros(60 * RATE, np.float32))
        await person.connection.send('{"type":"ping","id":7,"client_ns":1}')
        (pong,) = await person.told("pong")
        assert pong["id"] == 7


@pytest.mark.parametrize(
    ("message", "code"),
    [('{"type":"open","version":1}', 1002), ("[]", 1002), ('{"type":"say"}', 1002)],
)
async def test_what_breaks_the_protocol_is_refused(message: str, code: int) -> None:
    async with person_of(echo) as person:
        await person.connection.send(message)
        (error,) = await person.told("error")
        assert error["message"]
        with pytest.raises(ConnectionClosed):
            await person.connection.recv()
        assert person.connection.close_code is not None
        assert person.connection.close_code >= code


async def answered(server: FaceServer) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET /agent HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_the_page_can_ask_whether_there_is_an_agent() -> None:
    async with new_server() as server:
        assert (await answered(server)).endswith(b'{"agent": false}')
        async with connect(f"ws://{server.address}/agent") as connection:
            refused = json.loads(await connection.recv())
            assert "--agent canned" in refused["message"]
    async with new_server(agent=maker_of(echo)) as server:
        assert (await answered(server)).endswith(b'{"agent": true}')


async def test_who_leaves_in_the_middle_gives_the_place_back() -> None:
    stopped = asyncio.Event()

    async def waits(heard: str | Spoken) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    async with new_server(agent=maker_of(waits)) as server:
        async with connect(f"ws://{server.address}/agent") as connection:
            person = Person(connection)
            await connection.send('{"type":"open","version":1}')
            await person.told("agent")
            await person.speak(said())
            await person.told("speech_started", "speech_ended")
            assert server.sessions == 1
        async with asyncio.timeout(20):
            await stopped.wait()
            while server.sessions:  # noqa: ASYNC110 # nobody tells
                await asyncio.sleep(0.01)
