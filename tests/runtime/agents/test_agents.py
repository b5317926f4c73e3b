"""Agents by name, and one behind a real server of OpenAI's HTTP interface."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from facewire.agents.agent import Agent, AgentError, Heard, Spoken
from facewire.agents.named import find_agent
from facewire.errors import ConfigError

HALF_A_SECOND = Spoken(np.full(8_000, 0.25, np.float32))


async def text_of(agent: Agent, said: str | Spoken) -> str:
    answer = await agent.reply(said)
    if isinstance(answer, str):
        return answer
    return "".join([piece async for piece in answer if isinstance(piece, str)])


async def test_the_canned_agent_goes_on_in_its_script_for_each_client() -> None:
    maker = find_agent("canned")
    one, other = maker.make(), maker.make()
    first = await text_of(one, Spoken(np.zeros(32_000, np.float32)))
    assert first.startswith("You spoke for about 2 seconds.")
    assert await text_of(other, Spoken(np.zeros(32_000, np.float32))) == first
    assert await text_of(one, HALF_A_SECOND) != first
    assert (await text_of(one, "Hello there.")).startswith("You said: Hello there.")


OWN = """
class Counting:
    def __init__(self):
        self.turns = 0

    async def reply(self, said):
        self.turns += 1
        return f"turn {self.turns}"

async def plain(said):
    return f"heard {said}"

async def pieces(said):
    yield "one "
    yield "two"

def no_coroutine(said):
    return "x"

number = 7
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_agent_of_a_test.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_module_that_exits_while_it_loads_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exits_at_once.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match="does not load"):
        find_agent("exits_at_once:reply")


@pytest.mark.usefixtures("own")
async def test_a_function_a_generator_and_a_class_are_agents() -> None:
    module = "own_agent_of_a_test"
    assert await text_of(find_agent(f"{module}:plain").make(), "you") == "heard you"
    assert await text_of(find_agent(f"{module}:pieces").make(), "you") == "one two"
    counting = find_agent(f"{module}:Counting")
    one, other = counting.make(), counting.make()
    assert [await text_of(one, ""), await text_of(one, "")] == ["turn 1", "turn 2"]
    assert await text_of(other, "") == "turn 1"


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "canned"),
        ("nobody", "module:function"),
        ("no_such_module:reply", "PYTHONPATH"),
        ("own_agent_of_a_test:missing", "does not load"),
        ("own_agent_of_a_test:no_coroutine", "async def reply"),
        ("own_agent_of_a_test:number", "async def reply"),
        ("io:BytesIO", "no method"),
        ("openai:localhost", "http://localhost:8000"),
        ("openai:http://localhost?voice=x", "transcription"),
    ],
)
def test_what_is_no_agent_is_one_sentence(name: str, part: str) -> None:
    with pytest.raises(ConfigError, match=part) as refused:
        find_agent(name)
    assert "\n" not in str(refused.value)


class Asked:
    """What the server was asked, and how it answers."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.chats: list[dict[str, Any]] = []
        self.sounds: list[Any] = []
        self.headers: list[str | None] = []
        self.url = ""


@contextmanager
def openai_server(**answers: Any) -> Iterator[Asked]:
    asked = Asked(**answers)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name
            pass

        def tell(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            models = asked.answers.get("models", [{"id": "small"}])
            self.tell(200, json.dumps({"data": models}).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.headers.append(self.headers["Authorization"])
            if self.path == "/v1/audio/transcriptions":
                wav = body[body.index(b"RIFF") : body.rindex(b"\r\n--")]
                asked.sounds.append(soundfile.read(io.BytesIO(wav)))
                self.tell(*asked.answers.get("transcription", (404, b"")))
                return
            asked.chats.append(json.loads(body))
            status, text = asked.answers.get("chat", (200, "Well, hello."))
            if status != 200:
                self.tell(status, text.encode())
                return
            if kind := asked.answers.get("kind"):
                self.tell(200, text.encode(), kind)
                return
            pieces = [{"choices": [{"delta": {"content": c}}]} for c in text]
            lines = [f"data: {json.dumps(piece)}\n\n" for piece in pieces]
            extra = ['data: {"choices": []}\n\n', ": comment\n\n", "data: [DONE]\n\n"]
            self.tell(200, "".join([*lines, *extra]).encode(), "text/event-stream")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield asked
        server.shutdown()


async def test_what_was_said_is_written_down_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    with openai_server(transcription=(200, b'{"text": " Who are you? "}')) as server:
        agent = find_agent(f"openai:{server.url}/v1").make()
        assert await text_of(agent, HALF_A_SECOND) == "Well, hello."
        await text_of(agent, "And now?")
        answer = await find_agent(f"openai:{server.url}").make().reply(HALF_A_SECOND)
        assert not isinstance(answer, str)
        assert await anext(answer) == Heard("Who are you?")
    samples, rate = server.sounds[0]
    assert (len(samples), rate) == (8_000, 16_000)
    assert samples[0] == pytest.approx(0.25, abs=1e-4)
    assert set(server.headers) == {"Bearer a-key"}
    chat = server.chats[1]
    assert chat["model"] == "small"
    assert chat["stream"] is True
    assert [message["role"] for message in chat["messages"]] == [
        "system", "user", "assistant", "user",
    ]  # fmt: skip
    said = [message["content"] for message in chat["messages"][1:]]
    assert said == ["Who are you?", "Well, hello.", "And now?"]


async def test_where_nothing_is_written_down_the_model_gets_the_sound() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    with openai_server() as server:
        agent = find_agent(f"openai:{server.url}?model=hears&system=Be%20short.").make()
        assert await text_of(agent, HALF_A_SECOND) == "Well, hello."
    (chat,) = server.chats
    assert chat["model"] == "hears"
    assert chat["messages"][0] == {"role": "system", "content": "Be short."}
    (part,) = chat["messages"][1]["content"]
    assert part["type"] == "input_audio"
    assert part["input_audio"]["format"] == "wav"


async def test_of_the_sound_only_the_last_turn_is_sent() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    with openai_server() as server:
        agent = find_agent(f"openai:{server.url}").make()
        for _ in range(3):
            await text_of(agent, HALF_A_SECOND)
    said = [message["content"] for message in server.chats[-1]["messages"][1:]]
    assert said[:4] == ["(said aloud)", "Well, hello."] * 2
    assert said[4][0]["type"] == "input_audio"
    assert len(said) == 5


@pytest.mark.parametrize(
    ("answers", "part"),
    [
        ({"transcription": (500, b"out of memory")}, "500: out of memory"),
        ({"transcription": (200, b"<html>")}, "no object"),
        ({"chat": (400, "no such\nmodel")}, "400: no such model"),
        ({"models": []}, "lists no model"),
        ({"chat": (200, "<p>Log in</p>"), "kind": "text/html"}, "no object: <p>Log in"),
        ({"chat": (200, "Hello?"), "kind": "text/plain"}, "no stream of a chat: Hello"),
        ({"chat": (200, '{"error": {"message": "full"}}'), "kind": "application/json"}, "full"),
        ({"chat": (200, 'data: {"error": "busy"}\n\n'), "kind": "text/event-stream"}, "busy"),
    ],
)
async def test_what_the_server_does_wrong_is_one_sentence(
    answers: dict[str, Any], part: str
) -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    with openai_server(**answers) as server, pytest.raises(AgentError, match=part) as failed:
        await text_of(find_agent(f"openai:{server.url}").make(), HALF_A_SECOND)
    assert "\n" not in str(failed.value)
    assert server.url in str(failed.value)
    assert failed.value.plain.startswith("the agent's server did not answer as it should")


async def test_an_answer_that_comes_whole_is_taken() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    whole = json.dumps({"choices": [{"message": {"role": "assistant", "content": "Hi."}}]})
    with openai_server(chat=(200, whole), kind="application/json") as server:
        assert await text_of(find_agent(f"openai:{server.url}").make(), HALF_A_SECOND) == "Hi."


async def test_what_came_before_a_server_broke_off_is_said() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    event = json.dumps({"choices": [{"delta": {"content": "Half of"}}]})

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        line = f"data: {event}\n\n"
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
        writer.write((head + line).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        answer = await find_agent(f"openai:{url}?model=m").make().reply("Hello.")
        assert not isinstance(answer, str)
        assert await anext(answer) == "Half of"
        with pytest.raises(AgentError, match="broke off"):
            await anext(answer)


async def test_a_server_that_is_away_is_one_sentence() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    with openai_server() as server:
        pass
    agent = find_agent(f"openai:{server.url}").make()
    with pytest.raises(AgentError, match="cannot be reached") as failed:
        await text_of(agent, HALF_A_SECOND)
    assert failed.value.plain == "the agent's server cannot be reached; try again later"


async def test_silence_that_was_written_down_as_nothing_is_not_answered() -> None:
    pytest.importorskip("httpx", reason="install it: pip install -e '.[agent]'")
    with openai_server(transcription=(200, b'{"text": " "}')) as server:
        async with asyncio.timeout(20):
            agent = find_agent(f"openai:{server.url}").make()
            assert await text_of(agent, HALF_A_SECOND) == ""
    assert server.chats == []
