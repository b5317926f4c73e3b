"""One `facewire live --demo` with eight outputs, and one more that nobody receives."""

import os
import re
import selectors
import socket
import struct
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
from pythonosc.osc_packet import OscPacket
from tests.runtime.sinks.datagrams.catching import listening, port_of

from facewire.recordings.live_link_table import read_csv

OUTPUTS = {
    "livelink": "livelink://127.0.0.1:PORT",
    "vmc": "vmc://127.0.0.1:PORT?names=perfect-sync",
    "ifacialmocap": "ifacialmocap://127.0.0.1:PORT",
    "array": "osc://127.0.0.1:PORT",
    "each": "osc://127.0.0.1:PORT?preset=arkit-each",
    "array-61": "osc://127.0.0.1:PORT?preset=array-61",
    "vrchat": "vrchat://127.0.0.1:PORT",
}
ROOM = 8 << 20
"""Bytes of datagrams that may wait while this machine does something else."""


def receive(receivers: dict[str, socket.socket], process: "subprocess.Popen[str]") -> (
    dict[str, list[bytes]]
):  # fmt: skip
    """Return all that comes until a process ends."""
    found: dict[str, list[bytes]] = defaultdict(list)
    with selectors.DefaultSelector() as selector:
        for name, receiver in receivers.items():
            receiver.setblocking(False)
            selector.register(receiver, selectors.EVENT_READ, name)
        ended = False
        while True:
            ready = selector.select(0 if ended else 0.2)
            for key, _ in ready:
                found[key.data].append(key.fileobj.recv(65_536))  # type: ignore[union-attr]
            if ended and not ready:
                return found
            ended = process.poll() is not None


def test_outputs_that_cannot_be_opened_are_said_and_the_stream_goes_on(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "speech.wav", np.zeros(16_000), 16_000)
    with listening() as taken, listening() as receiver:
        outputs = (
            "osc://no-such-host.invalid:9000",
            f"vmc://127.0.0.1?forward={port_of(taken)}",
            f"livelink://127.0.0.1:{port_of(receiver)}",
            "face.csv",
        )
        result = subprocess.run(
            [sys.executable, "-m", "facewire", "live", "--input", "speech.wav", "--no-page",
             *(word for uri in outputs for word in ("--out", uri))],
            cwd=tmp_path, env={**os.environ, "COLUMNS": "400"},
            capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert receiver.recv(65_536)
    assert result.returncode == 0, result.stderr
    for name, why in (
        ("osc://no-such-host.invalid:9000", r"has no address \(.*\); check the host's name"),
        ("vmc://127.0.0.1:39539", r"cannot listen on 127.*; end the program that does, or give"),
    ):
        assert len(re.findall(rf"{name} is left out from here on: .*{why}", result.stderr)) == 1
        assert re.search(rf"{name} was left out: .*{why}", result.stdout)
    assert len(read_csv(tmp_path / "face.csv").weights) == 60


def osc_frames(datagrams: list[bytes], address: str) -> list[int]:
    """Return the numbers of the frames that messages of an address tell of."""
    found = []
    for datagram in datagrams:
        for timed in OscPacket(datagram).messages:
            if timed.message.address == address:
                value = timed.message.params[0]
                found.append(value if isinstance(value, int) else round(value * 60))
    return found


def test_eight_outputs_get_every_frame_that_is_not_counted_as_dropped(tmp_path: Path) -> None:
    receivers = {name: listening() for name in OUTPUTS}
    for receiver in receivers.values():
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    with listening() as nobody:
        absent = f"osc://127.0.0.1:{port_of(nobody)}"
    words = [absent, "face.csv"]
    words += [uri.replace("PORT", str(port_of(receivers[n]))) for n, uri in OUTPUTS.items()]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(
        [sys.executable, "-m", "facewire", "live", "--demo", "--no-page",
         *(word for uri in words for word in ("--out", uri))],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True,
        env={**os.environ, "COLUMNS": "400"},
    ) as process:  # fmt: skip
        found = receive(receivers, process)
        assert process.stdout is not None
        told = process.stdout.read()
    for receiver in receivers.values():
        receiver.close()
    assert process.returncode == 0
    said = re.search(r"(\d+) frames of [\d.]+ s, (\d+) dropped", told)
    assert said is not None, told
    made, dropped = int(said[1]), int(said[2])
    frames = {
        "livelink": [struct.unpack_from(">i", d, len(d) - 261)[0] for d in found["livelink"]],
        "vmc": osc_frames(found["vmc"], "/VMC/Ext/T"),
        **{name: osc_frames(found[name], "/face/info") for name in ("array", "each", "array-61")},
    }
    log_lines = (tmp_path / "log").read_text().splitlines()
    for uri in words[2:]:
        place = uri.partition("?")[0]
        told_of = [line for line in log_lines if f" {place} sends to 127.0.0.1:" in line]
        assert len(told_of) == 1, place
        assert "; there, " in told_of[0]
    assert sum(f"nobody takes what goes to {absent};" in line for line in log_lines) == 1
    for name, numbers in frames.items():
        assert numbers == sorted(set(numbers)), name
        assert made // 2 < len(numbers) <= made, name
    missing = sum(made - len(numbers) for numbers in frames.values())
    missing += made - len(found["ifacialmocap"])
    assert missing <= dropped
    assert len(read_csv(tmp_path / "face.csv").weights) == made
    jaws = [
        timed.message.params[0]
        for datagram in found["vrchat"]
        for timed in OscPacket(datagram).messages
        if timed.message.address == "/avatar/parameters/v2/JawOpen"
    ]
    assert len(set(jaws)) > 50
