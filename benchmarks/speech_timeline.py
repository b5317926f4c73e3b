"""Measure when words, tokens, faces and sound exist while somebody types, and draw it.

    python benchmarks/speech_timeline.py --out docs/pictures/timeline.png --json timeline.json

A real server speaks a text whose words come one every 200 ms, twice: once with everything sent as
soon as it is made, which tells when the tokens of each clause were there, and once in real time.
All times are those of arrival at a client on this machine. Needs `pip install -e ".[tts]"
matplotlib`.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from facewire.clock import SECOND, SystemClock
from facewire.report_file import command_line, today, write_report
from facewire.wire.binary import WireFrame
from facewire.wire.speak import TurnBegins, Words
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.server_process import serving
from facewire_client import AudioRun, SpeakClient

TEXT = (
    "Bob bought my puppy a map, and then he left. Five foxes saw it, and they vanished over the "
    "river before anybody could ask them why."
)
WORD_S = 0.2
"""How long a typist takes for a word."""

Points = list[tuple[float, float]]
"""Seconds since the first word was typed, and how far into the speech that is, in seconds."""


@dataclass(slots=True)
class Record:
    """What a client saw of one turn."""

    typed: list[float] = field(default_factory=list)
    word_ends: list[float] = field(default_factory=list)
    faces: Points = field(default_factory=list)
    sound: Points = field(default_factory=list)
    runs: list[tuple[float, float]] = field(default_factory=list)
    """Where on the stream speech begins or goes on after it waited for words, and how much of the
    turn was before, in seconds."""

    def place(self, stream_s: float) -> float:
        """Return how far into the speech a second of the stream is."""
        begins_s, before_s = max(run for run in self.runs if run[0] <= stream_s + 1e-6)
        return before_s + stream_s - begins_s


async def speak(address: str, pacing: Literal["real-time", "burst"]) -> Record:
    """Type the text to a server, and return what came when."""
    clock, record = SystemClock(), Record()
    client = SpeakClient(address, pacing=pacing, idle=False)
    async with client as speaker, asyncio.TaskGroup() as tasks:
        began = clock.now()

        async def words() -> AsyncIterator[str]:
            for word in TEXT.split():
                record.typed.append((clock.now() - began) / SECOND)
                yield f"{word} "
                await clock.sleep_until(clock.now() + int(WORD_S * SECOND))

        async def talk() -> None:
            await speaker.say(words())
            await speaker.end()

        tasks.create_task(talk())
        rate = speaker.hello.sample_rate
        async for event in speaker:
            now = (clock.now() - began) / SECOND
            if isinstance(event, TurnBegins):
                record.runs.append((event.sample / rate, event.at / rate))
            elif isinstance(event, Words):
                record.word_ends += [record.place(word.end / rate) for word in event.words]
            elif isinstance(event, WireFrame) and event.turn:
                record.faces.append((now, record.place(event.timestamp / rate)))
            elif isinstance(event, AudioRun) and event.turn:
                end = (event.start + len(event.samples)) / rate
                record.sound.append((now, record.place(end)))
    return record


class Timeline(msgspec.Struct, frozen=True):
    """What `--json` writes, in seconds since the first word was typed."""

    date: str
    command: str
    machine: Machine
    words: int
    last_word_s: float
    """When the last word was typed."""
    first_face_s: float
    """When the first face was at the client, in real time."""
    last_face_made_s: float
    """When the last face was made, as a client knows that takes everything at once."""
    speech_s: float
    """How long the speech is."""


def timeline(made: Record, live: Record) -> Timeline:
    """Return the few figures that the documents quote."""
    return Timeline(
        date=today(),
        command=command_line(),
        machine=describe_machine(),
        words=len(live.typed),
        last_word_s=live.typed[-1],
        first_face_s=live.faces[0][0],
        last_face_made_s=made.faces[-1][0],
        speech_s=made.faces[-1][1],
    )


def draw(path: Path, made: Record, live: Record) -> None:
    """Write the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    count = min(len(made.word_ends), len(made.typed))
    words = np.array(made.typed[:count]), np.array(made.word_ends[:count])
    axes.step(*words, where="post", label="words typed", color="#888888")
    made_at = np.array(made.faces).T
    axes.step(*made_at, where="post", label="tokens there, faces made", color="#7a4fbf")
    axes.plot(*np.array(live.faces).T, label="faces at the client", color="#1f8a70")
    times, places = np.array(live.sound).T
    axes.plot(times, places, label="sound at the client", color="#e07a1f")
    axes.plot(times + LEAD_S, places, ":", label="sound heard", color="black")
    axes.set_xlabel("seconds since the first word was typed")
    axes.set_ylabel("seconds of the speech")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=100)


LEAD_S = 0.1
"""The client's `lead_ms`: sound arrives so long before it is to be heard."""


async def measure() -> tuple[Record, Record]:
    """Speak in both ways on one server; a first, silent time warms it up."""
    with serving() as server:
        await speak(server.url, "burst")
        return await speak(server.url, "burst"), await speak(server.url, "real-time")


def main() -> None:
    """Parse the command line, measure, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    made, live = asyncio.run(measure())
    draw(options.out, made, live)
    found = timeline(made, live)
    print(f"first word typed to first face: {1000 * found.first_face_s:.0f} ms")
    print(f"last word typed: {found.last_word_s:.2f} s")
    print(f"last face made: {found.last_face_made_s:.2f} s")
    print(f"speech lasts {found.speech_s:.2f} s")
    if options.json:
        write_report(options.json, found)


if __name__ == "__main__":
    main()
