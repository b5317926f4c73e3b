"""What `facewire realtime` costs a session, and how far its faces are ahead of their sound.

    python benchmarks/realtime_proxy.py --json benchmarks/results/realtime-cpu.json

A stand-in server generates answers faster than they are heard, as realtime servers do; an app hears
them directly, and through the proxy, which is a process of its own.
"""

import argparse
import asyncio
import base64
import json
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import soxr
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from docs_sections import how, table
from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import clip_samples

RATE = 24_000
ANSWER_S = 8.0
DELTA_S = 0.1
MS = 1_000_000
CREATE = '{"type":"response.create"}'


class SessionTimes(msgspec.Struct, frozen=True):
    """Of the server's own events, from there to the app."""

    p50_ms: float
    p99_ms: float


class RealtimeReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    answers: int
    speed: float
    """How much faster than it is heard an answer is generated."""
    direct: SessionTimes
    proxied: SessionTimes
    first_face_ms: float
    """Median, from an answer's first audio to its first face."""
    lead_ms: list[float]
    """How long before its sound a face came, if sound plays as it comes: least, median."""
    in_time: float
    """Share of the faces that came before their sound."""


class Heard(msgspec.Struct):
    """What an app noted of one answer."""

    passed_ms: list[float]
    audio_ns: int = 0
    """When the first audio came."""
    faces: list[tuple[int, int, int]] = []
    """When frames came, in ns, which was the first, and how many there were."""


async def answer(connection: ServerConnection, number: int, speed: float) -> None:
    """Generate one answer; each event says when it was sent."""
    sound = soxr.resample(clip_samples(16_000)[: round(ANSWER_S * 16_000)], 16_000, RATE)
    pcm = (sound * 32767).astype("<i2").tobytes()
    size = 2 * round(DELTA_S * RATE)
    place = {"response_id": f"r{number}", "item_id": f"i{number}", "content_index": 0}
    began = time.monotonic()
    for count, at in enumerate(range(0, len(pcm), size)):
        await asyncio.sleep(max(0, began + count * DELTA_S / speed - time.monotonic()))
        delta = base64.b64encode(pcm[at : at + size]).decode()
        event = {"type": "response.output_audio.delta", **place, "delta": delta}
        await connection.send(json.dumps({**event, "sent_ns": time.monotonic_ns()}))
    await connection.send(json.dumps({"type": "response.output_audio.done", **place}))


async def hear(url: str, answers: int, *, faces: bool) -> list[Heard]:
    """Ask for answers one after the other, and note when what came."""
    found = []
    last = "facewire.face.done" if faces else "response.output_audio.done"
    async with connect(url, max_size=None) as app:
        for _ in range(answers):
            heard = Heard([])
            await app.send(CREATE)
            while True:
                event = json.loads(await app.recv())
                now = time.monotonic_ns()
                if "sent_ns" in event:
                    heard.audio_ns = heard.audio_ns or now
                    heard.passed_ms.append((now - event["sent_ns"]) / MS)
                elif event["type"] == "facewire.face.delta":
                    heard.faces.append((now, event["first_frame"], len(event["frames"])))
                if event["type"] == last:
                    break
            found.append(heard)
    return found


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[str]:
    """Run the command, and say where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facewire", "realtime", "--upstream", url, "--port", "0",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = (await process.stderr.readline()).decode()
        place = re.search(r"ws://127\.0\.0\.1:\d+", said)
        assert place is not None, said
        yield place[0]
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()


async def measure(answers: int, speed: float) -> RealtimeReport:
    """Hear the answers both ways."""
    machine = describe_machine()

    async def converse(connection: ServerConnection) -> None:
        number = 0
        async for _ in connection:
            number += 1
            await answer(connection, number, speed)

    async with serve(converse, "127.0.0.1", 0, compression=None) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        direct = await hear(url, answers, faces=False)
        async with proxied(url) as place:
            through = await hear(place, answers, faces=True)
    leads = np.concatenate([_leads(heard) for heard in through])
    first = [(heard.faces[0][0] - heard.audio_ns) / MS for heard in through]
    return RealtimeReport(
        today(), command_line(), machine, answers, speed, _times(direct), _times(through),
        round(float(np.median(first)), 1),
        [round(float(lead), 1) for lead in (leads.min(), np.median(leads))],
        round(float((leads > 0).mean()), 4),
    )  # fmt: skip


def _leads(heard: Heard) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how long before its sound each face came, in ms."""
    came = np.concatenate([np.full(count, when) for when, _, count in heard.faces])
    return heard.audio_ns / MS + 1000 * np.arange(len(came)) / 60 - came / MS


def _times(found: list[Heard]) -> SessionTimes:
    passed = np.concatenate([heard.passed_ms for heard in found])
    p50, p99 = np.percentile(passed, (50, 99))
    return SessionTimes(round(float(p50), 2), round(float(p99), 2))


def rows(found: RealtimeReport) -> list[list[str]]:
    """Return the table's rows."""
    least, median = found.lead_ms
    return [
        ["the server's events to the app, directly", *_pair(found.direct)],
        ["the same, through the proxy", *_pair(found.proxied)],
        ["first audio to the first face", f"{found.first_face_ms:.0f} ms", ""],
        ["a face comes before its sound by", f"{median:.0f} ms", f"{least:.0f} ms at least"],
    ]


def _pair(times: SessionTimes) -> list[str]:
    return [f"{times.p50_ms:.1f} ms", f"{times.p99_ms:.1f} ms at p99"]


def proxy_times(found: RealtimeReport) -> str:
    """Return what docs/realtime.md says of it."""
    made = how(found.command, found.date, found.machine)
    return (
        f"{made}\n\n{found.answers} answers of {ANSWER_S:g} s, generated {found.speed:g} times as "
        f"fast as they are heard, by an app that plays them as they come; "
        f"{100 * found.in_time:.1f} % of the faces came before their sound:\n\n"
        f"{table(['', 'median', ''], rows(found))}"
    )


def main() -> None:
    """Measure, print the table, and write the report if there is a place for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", type=int, default=10, help="how many")
    parser.add_argument("--speed", type=float, default=4.0, help="times as fast as it is heard")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args()
    if chosen.answers < 1 or not 0.1 <= chosen.speed <= 1_000:
        parser.error("--answers is at least 1, and --speed from 0.1 to 1000")
    found = asyncio.run(measure(chosen.answers, chosen.speed))
    shown = Table("", "median", "")
    for row in rows(found):
        shown.add_row(*row)
    Console().print(shown)
    if chosen.json:
        write_report(chosen.json, found)


if __name__ == "__main__":
    main()
