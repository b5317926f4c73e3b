"""`facewire outputs`: what there is, and a face that moves."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pythonosc.osc_packet import OscPacket
from tests.runtime.sinks.datagrams.catching import listening, port_of, waiting

FACEWIRE = (sys.executable, "-m", "facewire", "outputs")
NAMES = ("ifacialmocap", "livelink", "osc", "vmc", "vrchat")


def outputs(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*FACEWIRE, *words], env={**os.environ, "COLUMNS": "400", **variables},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def test_every_output_says_who_understands_it_and_what_to_switch_on() -> None:
    told = outputs("list").stdout
    for name in NAMES:
        assert f"\n{name}://" in f"\n{told}"
    assert told.count("\n  there  ") == told.count("\n  for    ") == len(NAMES)
    assert "?names=vrm0  what the avatar's expressions are called" in told
    assert "csv:FILE, jsonl:FILE, npz:FILE" in told


def test_the_list_as_json_has_examples_that_can_be_opened() -> None:
    found = json.loads(outputs("list", "--json").stdout)
    assert set(found) == set(NAMES)
    for about in found.values():
        result = outputs("test", about["example"], "--seconds", "0.1")
        assert result.returncode == 0, result.stderr


def test_packages_are_listed_too_and_broken_ones_say_so(tmp_path: Path) -> None:
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[facewire.sinks]\nplain = builtins:print\nbroken = no_such_module:open\n"
    )
    told = outputs("list", PYTHONPATH=str(tmp_path)).stdout
    assert "plain:...\n  of odd 1.0, which says no more" in told
    assert "broken:...\n  the sink 'broken' of odd 1.0 does not load" in told


def test_a_moving_face_arrives_and_what_moves_is_said() -> None:
    with listening() as osc, listening() as vmc:
        result = outputs(
            "test", f"osc://127.0.0.1:{port_of(osc)}", f"vmc://127.0.0.1:{port_of(vmc)}",
            "--seconds", "3", "--frame-rate", "20",
        )  # fmt: skip
        jaws = [OscPacket(datagram).messages[0].message.params[17] for datagram in waiting(osc)]
        assert len(waiting(vmc)) == len(jaws)
    assert result.returncode == 0, result.stderr
    # A busy machine drops frames; none is sent twice.
    assert 10 < len(jaws) <= 60
    assert max(jaws) > 0.5
    assert min(jaws) == 0
    said = result.stderr
    assert said.index("0.0 s  the jaw opens") < said.index("s  the mouth smiles")
    assert len(re.findall(r"sent \d+ frames to (?:osc|vmc)://127\.0\.0\.1:\d+\n", said)) == 2
    assert said.count(" sends to 127.0.0.1:") == 2


def test_ctrl_c_ends_it_cleanly() -> None:
    with subprocess.Popen(
        [*FACEWIRE, "test", "livelink:", "--seconds", "600"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen = ""
        while "the jaw opens" not in seen:
            seen += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        seen += process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGINT
    assert "frames to livelink://127.0.0.1:11111" in seen
    assert "Traceback" not in seen


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["csv:x.csv"], "is a file, which has nothing to set up"),
        (["livelink://no-such-host.invalid"], "has no address"),
        (["nothing://h"], "is not an output here; give ifacialmocap://HOST"),
        (["vmc:", "--seconds", "0"], "give at least 0.1"),
        (["vmc:", "--frame-rate", "0"], "choose 1 to 240"),
    ],
)
def test_mistakes_are_one_sentence(words: list[str], sentence: str) -> None:
    result = outputs("test", *words)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("facewire:")]) == 1
