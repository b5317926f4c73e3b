"""OSC, VMC and VRChat as osc-js reads them, which runs in browsers and Node.js."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_packet import OscPacket
from tests.conftest import skip_unless_ci
from tests.runtime.sinks.datagrams.catching import caught, some_face

FOLDER = Path(__file__).with_name("osc_js")


def by_osc_js(datagrams: list[bytes]) -> list[tuple[str, list[Any]]]:
    """Return addresses and arguments."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        folder = FOLDER.relative_to(Path(__file__).parents[4])
        skip_unless_ci(f"install Node.js, and run npm ci --prefix {folder}")
    assert node
    lines = b"\n".join(map(base64.b64encode, datagrams))
    result = subprocess.run(
        [node, str(FOLDER / "decode.mjs")], input=lines, capture_output=True, check=True, timeout=60
    )
    return [
        (address, arguments)
        for line in result.stdout.decode().splitlines()
        for address, _, arguments in json.loads(line)
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "osc://127.0.0.1:PORT",
        "osc://127.0.0.1:PORT?preset=array-61",
        "osc://127.0.0.1:PORT?preset=arkit-each",
        "osc://127.0.0.1:PORT?preset=resonite",
        "vmc://127.0.0.1:PORT?names=vrm0,vrm1,perfect-sync",
        "vrchat://127.0.0.1:PORT",
    ],
)
async def test_every_message_is_read(uri: str) -> None:
    datagrams = await caught(uri, some_face(1), some_face(2))
    expected = [
        (timed.message.address, timed.message.params)
        for datagram in datagrams
        for timed in OscPacket(datagram).messages
    ]
    read = by_osc_js(datagrams)
    assert len(read) >= 4
    assert read == expected
