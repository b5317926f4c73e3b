"""An hour of real time: five live sessions and an uploader on one server.

    python benchmarks/soak.py --json benchmarks/results/soak-cpu.json

Each live client is a process that speaks the bundled clip again and again in chunks of 10 ms, on
time, and checks every frame: its index, its timestamp, and, by a digest over all weights, that it
is what the engine makes of the same audio here. The uploader sends ten minutes each minute, as fast
as they are taken. Meanwhile the server's memory, descriptors and threads are looked at.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.report_file import command_line, today, write_report
from facewire.settings.open_from_settings import open_face
from facewire.settings.settings import Settings
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.server_process import ServerProcess, Usage, serving
from facewire_engines.phones.engine import load_embedded
from soak_clients import LOOKAHEAD_MS, RATE, Heard, Uploaded, digest_of, speech

LIVE = 5
LOOK_S = 10.0
SETTLED_S = 300.0
"""From then on memory should stay where it is."""


class Soak(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    seconds: float
    sessions: tuple[Heard, ...]
    uploader: Uploaded
    exact: bool
    """Whether every session got every frame, on its sample, and with the weights it should have."""
    memory_mb: tuple[float, ...]
    """Of the server, every ten seconds."""
    settled: Usage
    """After five minutes, or half of the time if that is less."""
    last: Usage


def run(seconds: float) -> Soak:
    """Soak a server.

    Raises:
        FacewireError: the server does not start, or ended early.
        CalledProcessError: a client failed.
    """
    machine = describe_machine()
    with serving() as server, ExitStack() as stack:
        live = [stack.enter_context(_client("live", server.url, str(seconds))) for _ in range(LIVE)]
        uploader = stack.enter_context(_client("upload", server.url, str(seconds)))
        memory, settled, last = _watch(server, seconds, [*live, uploader])
        sessions = tuple(msgspec.json.decode(_output(client), type=Heard) for client in live)
        uploaded = msgspec.json.decode(_output(uploader), type=Uploaded)
    right = _digest(seconds)
    return Soak(
        date=today(),
        command=command_line(),
        machine=machine,
        seconds=seconds,
        sessions=sessions,
        uploader=uploaded,
        exact=all(
            s.frames == s.expected and not s.misplaced and s.digest == right for s in sessions
        ),
        memory_mb=tuple(memory),
        settled=settled,
        last=last,
    )


def _client(kind: str, url: str, seconds: str) -> "subprocess.Popen[bytes]":
    path = Path(__file__).with_name("soak_clients.py")
    return subprocess.Popen([sys.executable, str(path), kind, url, seconds], stdout=subprocess.PIPE)


def _output(client: "subprocess.Popen[bytes]") -> bytes:
    said, _ = client.communicate(timeout=120)
    if client.returncode:
        raise subprocess.CalledProcessError(client.returncode, client.args)
    return said


def _watch(
    server: ServerProcess, seconds: float, clients: Sequence["subprocess.Popen[bytes]"]
) -> tuple[list[float], Usage, Usage]:
    """Look at the server until a client is done."""
    began, memory = time.monotonic(), list[float]()
    settled = last = server.usage()
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("soaking", total=seconds)
        while not any(client.poll() is not None for client in clients):
            time.sleep(min(LOOK_S, seconds / 10))
            passed = time.monotonic() - began
            last = server.usage()
            memory.append(last.memory_mb)
            if passed <= min(SETTLED_S, seconds / 2):
                settled = last
            progress.update(task, completed=passed)
    return memory, settled, last


def _digest(seconds: float) -> str:
    """Return the digest of what the engine makes of the same audio in one session of its own."""
    session = load_embedded().session(lookahead_ms=LOOKAHEAD_MS)
    face = open_face(session.spec, Settings(), idle=False)
    samples = speech(seconds).astype(np.float32) / np.float32(32768)

    def frames() -> Iterator[BlendshapeFrame]:
        for start in range(0, len(samples), RATE):
            yield from session.push(AudioChunk(samples[start : start + RATE], start, RATE))
        yield from session.flush()

    return digest_of(face.apply(frame).weights for frame in frames())


def show(found: Soak) -> None:
    """Print what a person wants to know."""
    console = Console(soft_wrap=True, highlight=False)
    for session in found.sessions:
        console.print(
            f"{session.frames} of {session.expected} frames, {session.misplaced} misplaced; behind "
            f"due p50 {session.p50_ms:.1f} ms, p99 {session.p99_ms:.1f} ms, drift "
            f"{session.drift_ms_per_hour:+.2f} ms an hour"
        )
    console.print(
        f"{found.uploader.recordings} recordings of ten minutes uploaded meanwhile, frames exact: "
        f"{found.uploader.exact}"
    )
    console.print(
        f"memory {found.settled.memory_mb:.0f} MB settled, {found.last.memory_mb:.0f} MB at the "
        f"end; descriptors {found.settled.descriptors}, {found.last.descriptors}; threads "
        f"{found.settled.threads}, {found.last.threads}"
    )
    console.print(f"exact: {found.exact}")


def main() -> None:
    """Parse the command line, soak, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600.0, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    found = run(options.seconds)
    show(found)
    if options.json:
        write_report(options.json, found)
    if not found.exact:
        sys.exit("the frames are not what they should be")


if __name__ == "__main__":
    main()
