"""What hostile clients do, each in a process of its own.

    python -m facewire_cli.bench.hostile_attacks half-handshakes ws://127.0.0.1:8765

It prints "ready" when it has begun, and goes on until it is killed.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, repeat
from typing import Any

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.frames import Opcode

from facewire.wire.binary import AudioMessage, TokensMessage, encode_audio, encode_tokens
from facewire.wire.messages import Ping
from facewire.wire.session import SetLookahead
from facewire.wire.speak import BeginSpeech, EndTurn, Interrupt, Pause, Resume, SetPlayout, Text
from facewire_cli.bench.hostile_socket import block, frame, frame_unmasked, raw_socket
from facewire_cli.bench.hostile_uploads import JUNK, UPLOADS, alignments, open_speech, open_stream

HALVES = 900
IDLE = 200
GREEDY = 4
"""Connections of a flood."""
TOGETHER = 2_000
"""Small messages that are written at once."""
AGAIN_S = 0.05
"""After a refusal, the attacker tries again."""

Attack = Callable[[str], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Hostile:
    """An attack, in words."""

    words: str
    run: Attack


async def for_ever(attack: Attack, url: str) -> None:
    """Do it again whenever the server ends it."""
    while True:
        with suppress(OSError, EOFError, WebSocketException, ExceptionGroup):
            await attack(url)
        await asyncio.sleep(AGAIN_S)


async def together(attacks: list[Attack], url: str) -> None:
    """Do several things at once, for ever."""
    async with asyncio.TaskGroup() as tasks:
        for attack in attacks:
            tasks.create_task(for_ever(attack, url), name="attack")


async def half_handshake(url: str) -> None:
    """Begin a handshake, and say no more."""
    raw = await raw_socket(url)
    try:
        await raw.say(b"GET /session HTTP/1.1\r\nHost: x\r\n")
        await raw.reader.read()
    finally:
        raw.close()


async def idle_socket(url: str) -> None:
    """Open a WebSocket, and say no more."""
    raw = await raw_socket(url)
    try:
        await raw.shake_hands("/session")
        await raw.reader.read()
    finally:
        raw.close()


async def silent_stream(url: str) -> None:
    """Open a stream, and say no more."""
    raw = await raw_socket(url)
    try:
        await raw.shake_hands("/session")
        await raw.say(frame(open_stream()))
        while await raw.reader.read(1):
            pass
    finally:
        raw.close()


async def flood(
    url: str, path: str, first: list[bytes], again: list[bytes], *, read: bool = True
) -> None:
    """Open a stream, and send the same messages as fast as the server takes them."""
    raw = await raw_socket(url)
    try:
        await raw.shake_hands(path)
        await raw.say(*first)
        await raw.flood(repeat(block(again)), read=read)
    finally:
        raw.close()


async def numbered(url: str, make: Callable[[int], bytes], *, text: bool = False) -> None:
    """Open a stream of turns, and send messages that have to be numbered."""
    raw = await raw_socket(url)
    try:
        await raw.shake_hands("/speak")
        await raw.say(frame(open_speech(text=text)))
        await raw.flood(make(number) for number in count(1))
    finally:
        raw.close()


def _interrupts(turn: int) -> bytes:
    """A turn of 1,000 interrupts."""
    begin = frame(BeginSpeech(turn=turn, tokens=False, audio=True))
    return begin + frame(Interrupt(turn=turn)) * 1_000


def _endless_turns(turn: int) -> bytes:
    return frame(BeginSpeech(turn=turn, tokens=False, audio=True))


def _long_texts(turn: int) -> bytes:
    text = "The quick brown fox jumps over the lazy dog. " * 270
    return frame(Text(turn=turn, text=text)) + frame(EndTurn(turn=turn))


def _tokens(turn: int) -> bytes:
    begin = frame(BeginSpeech(turn=turn, tokens=True, audio=False))
    ids = JUNK[:100_000].view("u1").astype("u4") % 40
    tokens = frame(encode_tokens(TokensMessage(ids, 0, turn)))
    return begin + tokens + frame(EndTurn(turn=turn))


def _alignments(turn: int) -> bytes:
    return b"".join(frame(message) for message in alignments(turn))


def _waits(*, tokens: bool) -> list[bytes]:
    """A turn that the engine has to hear, of which nothing comes, and one behind it."""
    behind = BeginSpeech(turn=2, tokens=tokens, audio=not tokens)
    first = BeginSpeech(turn=1, tokens=False, audio=True)
    return [frame(open_speech()), frame(first), frame(behind)]


async def one_by_one(url: str, message: bytes, *, tokens: bool) -> None:
    """Send speech in the smallest messages, many together, for a turn that has to wait."""
    raw = await raw_socket(url)
    try:
        await raw.shake_hands("/speak")
        await raw.say(*_waits(tokens=tokens))
        await raw.flood(_in_order(message, at) for at in count(0, TOGETHER))
    finally:
        raw.close()


def _in_order(message: bytes, first: int) -> bytes:
    """Return a message many times with the next positions, quickly: the server is to be busy."""
    parts = np.dtype([
        ("frame", "V6"), ("kind", "V8"), ("position", "<i8"), ("rest", f"V{len(message) - 16}")
    ])  # fmt: skip
    frames = np.zeros(TOGETHER, parts)
    frames[:] = np.frombuffer(frame_unmasked(message), parts)
    frames["position"] = np.arange(first, first + TOGETHER)
    return frames.tobytes()


async def http(url: str, request: bytes) -> None:
    """Ask for a page, and do not wait for it to come."""
    raw = await raw_socket(url)
    try:
        await raw.say(request)
        await raw.reader.read()
    finally:
        raw.close()


_SESSION = [frame(open_stream())]
_SPEAK = [frame(open_speech())]
_EMPTY = frame(encode_audio(AudioMessage(b"", 0)))
_ONE_TOKEN = encode_tokens(TokensMessage(np.zeros(1, np.uint32), 0, 2))
_ONE_SAMPLE = encode_audio(AudioMessage(b"\0\0", 0, 2))
_NO_TOKENS = frame(encode_tokens(TokensMessage(np.zeros(0, np.uint32), 0, 2)))
_FRAGMENTS = [frame(b"", Opcode.BINARY, fin=False), *[frame(b"", Opcode.CONT, fin=False)] * 4_000]
_FOREIGN = (
    b"GET /session HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Origin: https://evil.example\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


def _greedy(path: str, first: list[bytes], again: list[bytes], *, read: bool = True) -> Attack:
    one = partial(flood, path=path, first=first, again=again, read=read)
    return partial(together, [one] * GREEDY)


ATTACKS: dict[str, Hostile] = {
    "half-handshakes": Hostile(
        f"{HALVES} half handshakes", partial(together, [half_handshake] * HALVES)
    ),
    "idle-sockets": Hostile(
        f"{IDLE} sockets that open nothing", partial(together, [idle_socket] * IDLE)
    ),
    "silent-streams": Hostile(
        "streams that send nothing, in all slots", partial(together, [silent_stream] * 16)
    ),
    **{
        name: Hostile(words, partial(together, [attack] * many))
        for name, (words, many, attack) in UPLOADS.items()
    },
    "text-bursts": Hostile(
        "turns of 12 kB of text",
        partial(together, [partial(numbered, make=_long_texts, text=True)] * 3),
    ),
    "interrupts": Hostile(
        "1,000 interrupts a turn", partial(together, [partial(numbered, make=_interrupts)])
    ),
    "turns": Hostile(
        "turns without an end", partial(together, [partial(numbered, make=_endless_turns)])
    ),
    "tokens": Hostile(
        "100,000 tokens a turn", partial(together, [partial(numbered, make=_tokens)] * 2)
    ),
    "alignments": Hostile(
        "100,000 times a turn", partial(together, [partial(numbered, make=_alignments)] * 2)
    ),
    "single-tokens": Hostile(
        "one-token messages behind a turn that waits",
        partial(together, [partial(one_by_one, message=_ONE_TOKEN, tokens=True)] * GREEDY),
    ),
    "no-tokens": Hostile(
        "token messages without a token behind a turn that waits",
        _greedy("/speak", _waits(tokens=True), [_NO_TOKENS]),
    ),
    "single-samples": Hostile(
        "one-sample messages behind a turn that waits",
        partial(together, [partial(one_by_one, message=_ONE_SAMPLE, tokens=False)] * GREEDY),
    ),
    "pings": Hostile("a flood of ping", _greedy("/session", _SESSION, [frame(Ping())])),
    "unread-pings": Hostile(
        "a flood of ping, answers unread",
        _greedy("/session", _SESSION, [frame(Ping())], read=False),
    ),
    "frame-pings": Hostile(
        "a flood of WebSocket pings, unopened", _greedy("/session", [], [frame(b"", Opcode.PING)])
    ),
    "empty-audio": Hostile(
        "a flood of audio messages without audio", _greedy("/session", _SESSION, [_EMPTY])
    ),
    "fragments": Hostile(
        "messages in thousands of fragments", _greedy("/session", _SESSION, _FRAGMENTS)
    ),
    "look-aheads": Hostile(
        "a flood of lookahead",
        _greedy("/session", _SESSION, [frame(SetLookahead(ms=0)), frame(SetLookahead(ms=160))]),
    ),
    "playouts": Hostile(
        "a flood of playout", _greedy("/speak", _SPEAK, [frame(SetPlayout(sample=0))])
    ),
    "pauses": Hostile(
        "a flood of pause and resume",
        _greedy("/speak", _SPEAK, [frame(Pause(sample=None)), frame(Resume())]),
    ),
    "nonsense": Hostile("messages that are none", _greedy("/session", [], [frame("{" * 1_000)])),
    "large-messages": Hostile(
        "messages of 1 MiB that are none", _greedy("/speak", _SPEAK, [frame("x" * (1 << 20))])
    ),
    "requests": Hostile(
        "a flood of HTTP requests",
        partial(together, [partial(http, request=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")] * 32),
    ),
    "foreign-pages": Hostile(
        "a flood of refused pages", partial(together, [partial(http, request=_FOREIGN)] * 32)
    ),
}
"""By name, in the order in which they are run."""


async def main(name: str, url: str) -> None:
    """Attack until this process is killed."""
    attack = asyncio.create_task(ATTACKS[name].run(url))
    await asyncio.sleep(0.5)
    print("ready", flush=True)  # noqa: T201 # the parent process waits for it
    await attack


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
