"""A server that speaks the published shapes of OpenAI's Realtime protocol, and notes every byte."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
import soundfile
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from facewire.frames import Samples

KEY = "Bearer a-key"
WRONG_KEY = b'{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
SUBTYPES = {"pcm16": "PCM_16", "g711_ulaw": "ULAW", "g711_alaw": "ALAW"}
RELEASED = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
DELTA_BYTES = 4_801
"""Odd, so that deltas end in the middle of samples."""


def coded(samples: Samples, coding: str) -> bytes:
    """Return samples as a realtime server writes them."""
    out = io.BytesIO()
    rate = 24_000 if coding == "pcm16" else 8_000
    soundfile.write(out, samples, rate, format="RAW", subtype=SUBTYPES[coding])
    return out.getvalue()


def session(coding: str, *, beta: bool, interrupts: bool = True) -> dict[str, Any]:
    """Return a session, as `session.created` has it."""
    detection = {"type": "server_vad", "interrupt_response": interrupts}
    if beta:
        return {"id": "sess_1", "output_audio_format": coding, "turn_detection": detection}
    audio_format: dict[str, Any] = {"type": RELEASED[coding]}
    if coding == "pcm16":
        audio_format["rate"] = 24_000
    audio = {"input": {"turn_detection": detection}, "output": {"format": audio_format}}
    return {"type": "realtime", "id": "sess_1", "audio": audio}


def answer(
    audio: bytes,
    *,
    item: str = "item_1",
    response: str = "resp_1",
    beta: bool = False,
    delta_bytes: int = DELTA_BYTES,
) -> list[dict[str, Any]]:
    """Return the events of an answer, in the published order."""
    kind = "response.audio" if beta else "response.output_audio"
    place = {
        "response_id": response, "item_id": item, "output_index": 0, "content_index": 0,
    }  # fmt: skip
    deltas = [
        {"delta": base64.b64encode(audio[at : at + delta_bytes]).decode()}
        for at in range(0, len(audio), delta_bytes)
    ]
    said: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": response, "status": "in_progress"}},
        {"type": "response.output_item.added", "response_id": response, "item": {"id": item}},
        {"type": "response.content_part.added", **place, "part": {"type": "audio"}},
        {"type": f"{kind}_transcript.delta", **place, "delta": "Hé, “you”…"},
        *({"type": f"{kind}.delta", **place, **delta} for delta in deltas),
        {"type": f"{kind}.done", **place},
        {"type": "response.done", "response": {"id": response, "status": "completed"}},
    ]
    return [{"event_id": f"event_{number}", **event} for number, event in enumerate(said)]


@dataclass
class StandIn:
    """What the server does, and what it has seen."""

    coding: str = "pcm16"
    beta: bool = False
    audio: bytes = b""
    """Of each answer."""
    delta_bytes: int = DELTA_BYTES
    port: int = 0
    sent: list[str | bytes] = field(default_factory=list)
    received: list[str | bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)
    closed: list[tuple[int | None, str | None]] = field(default_factory=list)
    answers: int = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    async def say(self, connection: ServerConnection, message: str | bytes) -> None:
        await connection.send(message)
        self.sent.append(message)

    async def serve_one(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        with suppress(ConnectionClosed):
            created = {"type": "session.created", "session": session(self.coding, beta=self.beta)}
            await self.say(connection, json.dumps(created, indent=1))
            async for message in connection:
                self.received.append(message)
                await self.reply(connection, message)
        await connection.wait_closed()
        self.closed.append((connection.close_code, connection.close_reason))

    async def reply(self, connection: ServerConnection, message: str | bytes) -> None:
        try:
            asked = json.loads(message)
        except ValueError:
            await self.say(connection, message)  # an echo, of whatever it is
            return
        if not isinstance(asked, dict):
            await self.say(connection, message)
        elif asked.get("type") == "response.create":
            self.answers += 1
            events = answer(
                self.audio,
                item=f"item_{self.answers}",
                response=f"resp_{self.answers}",
                beta=self.beta,
                delta_bytes=self.delta_bytes,
            )
            for event in events:
                await self.say(connection, json.dumps(event, ensure_ascii=bool(self.answers % 2)))
        elif asked.get("type") == "conversation.item.truncate":
            truncated = {**asked, "type": "conversation.item.truncated"}
            await self.say(connection, json.dumps(truncated))
        elif asked.get("type") == "close":
            await connection.close(asked["code"], asked["reason"])
        elif asked.get("type") == "break off":
            connection.transport.abort()
        else:
            await self.say(connection, message)


@asynccontextmanager
async def stand_in(**options: Any) -> AsyncIterator[StandIn]:
    """Run the server; who has no key is refused as OpenAI refuses."""
    server = StandIn(**options)

    def check(connection: ServerConnection, request: Request) -> Response | None:
        server.requests.append(request)
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if request.headers.get("Authorization") == KEY or "insecure-api-key" in offered:
            return None
        refused = connection.respond(HTTPStatus.UNAUTHORIZED, "")
        refused.body = WRONG_KEY
        del refused.headers["Content-Length"], refused.headers["Content-Type"]
        refused.headers["Content-Length"] = str(len(WRONG_KEY))
        refused.headers["Content-Type"] = "application/json"
        refused.headers["x-request-id"] = "req_1"
        return refused

    def add(connection: ServerConnection, request: Request, response: Response) -> None:
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            response.headers["x-request-id"] = "req_1"

    def choose(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return Subprotocol("realtime") if "realtime" in offered else None

    async with serve(
        server.serve_one,
        "127.0.0.1",
        0,
        process_request=check,
        process_response=add,
        select_subprotocol=choose,
        server_header="stand-in/1",
        max_size=None,
    ) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        yield server


def tone(seconds: float, rate: int = 24_000) -> Samples:
    """Return syllables of a kind: a tone that comes and goes."""
    time = np.arange(round(seconds * rate)) / rate
    loud = np.clip(np.sin(2 * np.pi * 3 * time), 0, 1)
    return (0.5 * loud * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


async def until(condition: Any, seconds: float = 20) -> None:
    """Return when it holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.01)
