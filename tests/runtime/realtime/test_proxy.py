"""The proxy between real sockets: an app here, a stand-in for the realtime server there."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from tests.runtime.realtime.stand_in import (
    KEY,
    SUBTYPES,
    WRONG_KEY,
    coded,
    stand_in,
    tone,
    until,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from facewire.animator import Animator, AnimatorOptions
from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.realtime.proxy import RealtimeProxy
from facewire.realtime.upstream import MESSAGE_BYTES, Upstream
from facewire.server.http.address import load_certificate
from facewire.stream.engine import EngineSession
from facewire_engines.energy.engine import EnergyEngine

OPTIONS = AnimatorOptions(seed=5)
HEADERS = {"Authorization": KEY, "OpenAI-Beta": "realtime=v1", "X-Own": "an app's", "Cookie": "a=b"}
CREATE = '{"type":"response.create"}'


@asynccontextmanager
async def proxy_of(url: str, engine: Any = None, **options: Any) -> AsyncIterator[RealtimeProxy]:
    proxy = RealtimeProxy(
        Upstream(url), engine or EnergyEngine(), OPTIONS, clock=SystemClock(), **options
    )
    async with proxy:
        yield proxy


def app_of(proxy: RealtimeProxy, query: str = "", **options: Any) -> connect:
    options = {"additional_headers": HEADERS, "max_size": None, "close_timeout": 0.5} | options
    return connect(proxy.url + query, **options)


def is_face(message: str | bytes) -> bool:
    return isinstance(message, str) and message.startswith('{"type":"facewire.')


async def app_messages(app: ClientConnection) -> AsyncIterator[str | bytes]:
    """Yield what comes until the connection closes, however it does."""
    with suppress(ConnectionClosed):
        while True:
            yield await app.recv()


async def hear_to_the_end(app: ClientConnection, answers: int = 1) -> list[str | bytes]:
    """Return what comes until so many items have their last face and their last event."""
    came: list[str | bytes] = []
    ends = 0
    while ends < 2 * answers:
        came.append(message := await app.recv())
        ends += "facewire.face.done" in str(message) or "response.done" in str(message)
    return came


@pytest.mark.parametrize("beta", [False, True])
@pytest.mark.parametrize("coding", SUBTYPES)
async def test_everything_passes_byte_for_byte_and_faces_come_beside_it(
    coding: str, beta: bool
) -> None:
    rate = 24_000 if coding == "pcm16" else 8_000
    audio = coded(tone(1, rate), coding)
    asked: list[str | bytes] = [
        '{ "type" : "session.update",\n "session": {"voice": "\\u00e4 \U0001f600"}}',
        '{"type":"input_audio_buffer.append","audio":"' + "AAAA" * 50_000 + '"}',
        "not JSON at all", "", "[1,2,3]", bytes(range(256)), b"", CREATE,
    ]  # fmt: skip
    async with (
        stand_in(coding=coding, beta=beta, audio=audio) as server,
        proxy_of(server.url) as proxy,
        app_of(proxy) as app,
    ):
        for message in asked:
            await app.send(message)
        came = await hear_to_the_end(app)
        assert server.received == asked
        assert [message for message in came if not is_face(message)] == server.sent
    faces = [json.loads(message) for message in came if is_face(message)]
    frames = [frame for event in faces for frame in event.get("frames", ())]
    assert len(frames) == 60
    assert {event["item_id"] for event in faces} == {"item_1"}
    assert faces[0]["type"] == "facewire.face.started"
    assert len(faces[0]["names"]) == len(frames[0]["weights"]) == 52
    assert faces[-1]["samples"] == rate


async def test_the_faces_are_those_of_the_animator() -> None:
    sound = tone(2)
    async with (
        stand_in(audio=coded(sound, "pcm16")) as server,
        proxy_of(server.url) as proxy,
        app_of(proxy) as app,
    ):
        await app.send(CREATE)
        came = await hear_to_the_end(app)
    faces = [json.loads(message) for message in came if is_face(message)]
    weights = [frame["weights"] for event in faces for frame in event.get("frames", ())]
    with Animator(24_000, AnimatorOptions(engine=EnergyEngine(), seed=5)) as animator:
        expected = [*animator.push(sound), *animator.flush()]
    np.testing.assert_allclose(weights, [frame.weights for frame in expected], atol=2e-3)


async def test_the_server_is_asked_as_the_app_asks() -> None:
    offered = ["realtime", "openai-insecure-api-key.ek_1", "openai-beta.realtime-v1"]
    async with stand_in() as server, proxy_of(f"{server.url}?model=small&x=1") as proxy:
        query = "?model=gpt%2Drealtime&call_id=a+b"
        async with app_of(proxy, query, subprotocols=offered, origin="https://example.org") as app:
            assert app.subprotocol == "realtime"
            assert app.response is not None
            assert app.response.headers["x-request-id"] == "req_1"
            assert app.response.headers.get_all("Server") == ["stand-in/1"]
            assert len(app.response.headers.get_all("Date")) == 1
        request = server.requests[0]
    assert request.path == "/v1/realtime?x=1&model=gpt%2Drealtime&call_id=a+b"
    for name, value in (HEADERS | {"Origin": "https://example.org"}).items():
        assert request.headers.get_all(name) == [value]
    assert request.headers["Sec-WebSocket-Protocol"].replace(" ", "").split(",") == offered
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert len(request.headers.get_all("User-Agent")) == 1


def test_an_address_without_a_path_takes_that_of_the_app() -> None:
    bare = Upstream("https://example.org/?a=1")
    assert bare.address("/openai/realtime?b=2") == "wss://example.org/openai/realtime?a=1&b=2"
    assert Upstream("ws://h:1/v1/realtime/").address("/?a=2") == "ws://h:1/v1/realtime?a=2"


@pytest.mark.parametrize("url", ["", "api.openai.com", "ftp://x/y", "wss://", "wss:///v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="wss://"):
        Upstream(url)


async def test_a_wrong_key_is_the_servers_answer(caplog: pytest.LogCaptureFixture) -> None:
    async with stand_in() as server, proxy_of(server.url) as proxy:
        with pytest.raises(InvalidStatus) as refused:
            await app_of(proxy, additional_headers={"Authorization": "Bearer other"})
        response = refused.value.response
        assert (response.status_code, bytes(response.body)) == (401, WRONG_KEY)
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["x-request-id"] == "req_1"
        assert response.headers.get_all("Server") == ["stand-in/1"]
        async with app_of(proxy) as app:  # the next one is served
            assert "session.created" in str(await app.recv())
        await until(lambda: proxy.sessions == 0)
    assert [record.message for record in caplog.records if "refused" in record.message] == [
        f"{server.url} refused an app with 401 Unauthorized: {WRONG_KEY.decode()}"
    ]


async def test_a_server_that_is_not_there_is_one_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/v1/realtime"
    async with proxy_of(url) as proxy:
        with pytest.raises(InvalidStatus) as refused:
            await app_of(proxy)
        await until(lambda: proxy.sessions == 0)
    assert refused.value.response.status_code == 502
    body = bytes(refused.value.response.body).decode()
    assert body.startswith(f"{url} cannot be reached (")
    ours = [record for record in caplog.records if record.name.startswith("facewire")]
    assert [record.message for record in ours] == [body.strip()]


async def test_what_is_no_websocket_server_is_one_sentence() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        async with proxy_of(f"ws://127.0.0.1:{port}/") as proxy:
            with pytest.raises(InvalidStatus) as refused:
                await app_of(proxy)
    assert refused.value.response.status_code == 502


async def test_a_request_that_is_no_websocket_is_one_sentence() -> None:
    async with stand_in() as server, proxy_of(server.url) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith("HTTP/1.1 426 ")
    assert "connect to it by WebSocket" in answer
    assert not server.requests


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1008, "nein: ü"), (4007, "own")])
async def test_close_codes_pass_both_ways(code: int, reason: str) -> None:
    async with stand_in() as server, proxy_of(server.url) as proxy:
        async with app_of(proxy) as app:
            await app.recv()
            await app.send(json.dumps({"type": "close", "code": code, "reason": reason}))
            with pytest.raises(ConnectionClosed):
                await app.recv()
            assert (app.close_code, app.close_reason) == (code, reason)
        async with app_of(proxy) as app:
            await app.close(code, reason)
        await until(lambda: len(server.closed) == 2)
        assert server.closed[1] == (code, reason)
        await until(lambda: proxy.sessions == 0)


async def test_a_close_without_a_code_passes_without_one() -> None:
    async with stand_in() as server, proxy_of(server.url) as proxy, app_of(proxy) as app:
        await app.recv()
        await server.connections[0].close(None)  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed):
            await app.recv()
        assert app.close_code == 1005


@pytest.mark.parametrize("sender", ["app", "server"])
async def test_a_message_that_is_too_large_ends_both_with_a_sentence(
    sender: str, caplog: pytest.LogCaptureFixture
) -> None:
    large = "x" * (MESSAGE_BYTES + 1)
    async with stand_in() as server, proxy_of(server.url) as proxy:
        app = await app_of(proxy)
        await app.recv()
        with suppress(ConnectionClosed):
            await (app if sender == "app" else server.connections[0]).send(large)
        async for _ in app_messages(app):
            pass
        await until(lambda: server.closed and proxy.sessions == 0)
        assert app.close_code == server.closed[0][0] == 1009
        assert "exceeds limit" in (app.close_reason or "")
    who = "an app" if sender == "app" else server.url
    (said,) = [record.message for record in caplog.records if "ended a session" in record.message]
    assert said.startswith(f"{who} ended a session with 1009 (")


async def test_what_breaks_off_breaks_off_on_the_other_side() -> None:
    async with stand_in() as server, proxy_of(server.url) as proxy:
        async with app_of(proxy) as app:
            await app.recv()
            await app.send('{"type":"break off"}')
            with pytest.raises(ConnectionClosedError):
                await app.recv()
            assert app.close_code == 1006
        app = await app_of(proxy)
        app.transport.abort()
        await until(lambda: len(server.closed) == 2)
        assert server.closed[1][0] == 1006
        await until(lambda: proxy.sessions == 0)


async def test_an_app_that_leaves_before_it_is_answered_leaves_nothing() -> None:
    hold, asked = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await hold.wait()
        writer.close()

    async with await asyncio.start_server(slow, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        async with proxy_of(f"ws://127.0.0.1:{port}/") as proxy:
            opening = asyncio.create_task(app_of(proxy).__aenter__())
            await asked.wait()
            assert proxy.sessions == 1
            opening.cancel()
            await until(lambda: proxy.sessions == 0)
            hold.set()


async def test_apps_are_served_at_once_and_none_too_many() -> None:
    async with (
        stand_in(audio=coded(tone(1), "pcm16")) as server,
        proxy_of(server.url, max_sessions=3) as proxy,
    ):
        apps = [await app_of(proxy) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused:
            await app_of(proxy)
        assert refused.value.response.status_code == 503
        assert b"--max-sessions" in refused.value.response.body
        for app in apps:
            await app.send(CREATE)
        await apps[0].close()
        for came in await asyncio.gather(*(hear_to_the_end(app) for app in apps[1:])):
            frames = [m for m in came if is_face(m) and "face.delta" in str(m)]
            assert sum(len(json.loads(m)["frames"]) for m in frames) == 60
        for app in apps:
            await app.close()
        await until(lambda: proxy.sessions == 0)


class HeldEngine:
    """An engine whose sessions are opened when a test says so."""

    name, sample_rate, hop = "held", 16_000, 160

    def __init__(self) -> None:
        self.go = threading.Event()

    def session(self, **options: Any) -> EngineSession:
        assert self.go.wait(60)
        return EnergyEngine().session(**options)


async def test_a_slow_engine_delays_nothing_of_the_servers() -> None:
    engine = HeldEngine()
    async with (
        stand_in(audio=coded(tone(5), "pcm16")) as server,
        proxy_of(server.url, engine) as proxy,
        app_of(proxy) as app,
    ):
        await app.send(CREATE)
        came: list[str | bytes] = []
        while "response.done" not in str(came[-1:]):
            came.append(await app.recv())
        assert came == server.sent  # all of it, and no face yet
        engine.go.set()
        while "face.done" not in str(came[-1:]):
            came.append(await app.recv())
    assert [message for message in came if not is_face(message)] == server.sent


CLOSE = json.dumps({"type": "close", "code": 4000, "reason": "all is said"})


@pytest.mark.parametrize("last", [CLOSE, '{"type": "break off"}'])
async def test_faces_of_the_last_audio_come_before_the_server_closes(last: str) -> None:
    engine = HeldEngine()
    async with (
        stand_in(audio=coded(tone(1), "pcm16")) as server,
        proxy_of(server.url, engine) as proxy,
        app_of(proxy) as app,
    ):
        await app.send(CREATE)
        await app.send(last)
        await until(lambda: server.closed)
        engine.go.set()
        came = [message async for message in app_messages(app)]
        assert app.close_code == (4000 if last is CLOSE else 1006)
    frames = [json.loads(m)["frames"] for m in came if is_face(m) and "face.delta" in str(m)]
    assert sum(map(len, frames)) == 60
    assert "face.done" in str(came[-1])


async def test_an_app_hears_of_a_close_though_its_faces_never_come() -> None:
    engine = HeldEngine()
    async with (
        stand_in(audio=coded(tone(1), "pcm16")) as server,
        proxy_of(server.url, engine) as proxy,
        app_of(proxy) as app,
    ):
        await app.send(CREATE)
        await app.send(CLOSE)
        async with asyncio.timeout(30):
            came = [message async for message in app_messages(app)]
        assert app.close_code == 4000
        assert came == server.sent
        engine.go.set()


@pytest.mark.slow
async def test_an_app_that_reads_nothing_makes_the_server_wait() -> None:
    async with (
        stand_in(audio=coded(tone(900), "pcm16")) as server,
        proxy_of(server.url) as proxy,
        app_of(proxy, max_queue=1) as app,
    ):
        await app.send(CREATE)
        sizes = [-1, 0]
        while sizes[-1] != sizes[-2]:
            sizes.append(sum(map(len, server.sent)))
            await asyncio.sleep(1)
        whole = len(server.audio) * 4 / 3
        assert sizes[-1] < whole / 2  # the system's buffers of two connections hold up to 20 MB
        came = [await app.recv() for _ in range(2_000)]
        passed = [message for message in came if not is_face(message)]
        assert passed == server.sent[: len(passed)]
        assert len(passed) > 200


async def test_truncation_and_cancellation_reach_both_the_server_and_the_face() -> None:
    async with (
        stand_in(audio=coded(tone(2), "pcm16")) as server,
        proxy_of(server.url) as proxy,
        app_of(proxy) as app,
    ):
        await app.send(CREATE)
        await hear_to_the_end(app)
        place = {"item_id": "item_1", "content_index": 0, "audio_end_ms": 700}
        truncate = json.dumps({"type": "conversation.item.truncate", **place})
        await app.send(truncate)
        said = {json.loads(await app.recv())["type"]: 1 for _ in range(2)}
        assert said.keys() == {"facewire.face.rest", "conversation.item.truncated"}
        assert server.received == [CREATE, truncate]


async def test_leaving_the_proxy_tells_both_sides() -> None:
    async with stand_in() as server:
        async with proxy_of(server.url) as proxy:
            app = await app_of(proxy)
            await app.recv()
        with pytest.raises(ConnectionClosed):
            await app.recv()
        assert app.close_code == 1001
        await until(lambda: len(server.closed) == 1)
        assert server.closed[0][0] == 1001


async def test_a_port_that_is_taken_is_one_sentence() -> None:
    async with stand_in() as server:
        with pytest.raises(ConfigError, match="in use"):
            async with proxy_of(server.url, port=server.port):
                pass


async def test_an_app_of_a_browser_connects_by_tls(certificate: tuple[Any, Any]) -> None:
    trust = ssl.create_default_context(cafile=certificate[0])
    async with (
        stand_in() as server,
        proxy_of(server.url, tls=load_certificate(*certificate)) as proxy,
        app_of(proxy, ssl=trust) as app,
    ):
        assert proxy.url.startswith("wss://")
        assert "session.created" in str(await app.recv())
