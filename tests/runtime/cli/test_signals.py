"""A signal ends every command at any moment, with 128 and its number, and without noise."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from facewire.recordings.live_link_table import read_csv

if sys.platform == "win32":
    pytest.skip("Windows has other signals", allow_module_level=True)

FACEWIRE = (sys.executable, "-m", "facewire")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLIP = str(Path(__file__).parents[3] / "runtime" / "facewire" / "assets" / "demo.flac")
STREAMS = {
    "live": ("live", "--demo", "--port", "0", "-o", "face.csv"),
    "serve": ("serve", "--port", "0"),
    "say": ("say", "-", "--page", "--port", "0", "-o", "say.wav", "-o", "say.npz"),
}
COMMANDS = {
    **STREAMS,
    "animate": ("animate", CLIP, "-o", "face.npz", "-o", "again.csv"),
    "say to files": ("say", "Hello there, my friend. " * 300, "-o", "say.wav", "-o", "say.csv"),
    "devices": ("devices",),
    "bench latency": ("bench", "latency"),
    "bench throughput": ("bench", "throughput", "--seconds", "1"),
    "bench quality": ("bench", "quality", "--data", "."),
    "engine check": ("engine", "check"),
    "engine list": ("engine", "list"),
    "outputs list": ("outputs", "list"),
    "outputs test": ("outputs", "test", "livelink:"),
    "models list": ("models", "list"),
    "models verify": ("models", "verify"),
}


@contextmanager
def started(
    *command: str, cwd: Path, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a process whose signals are not ignored, as a shell does with what is in front."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, start_new_session=True, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Return when our own code runs: until then there is Python alone, which we cannot change."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(0.5)
        return
    while process.poll() is None:
        caught = [line for line in status.read_text().splitlines() if line.startswith("SigCgt")]
        if int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def wait_for(text: str, process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"{text!r} was not said")


def has_ended(process: subprocess.Popen[str], number: int, *, or_before: bool = False) -> None:
    """Check the status, and that not more than a line was said on standard error."""
    _, err = process.communicate(timeout=30)
    # What comes while Python tears itself down kills it, which shells report with the same status.
    right = {128 + number, -number} | ({0, 2} if or_before else set())
    assert process.returncode in right, err
    for noise in ("Traceback", "Warning", "Exception", "Aborted"):
        assert noise not in err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_ends_a_command_at_any_moment(command: str, tmp_path: Path) -> None:
    if command.startswith("say"):
        pytest.importorskip("espeakng_loader", reason="install it: pip install espeakng-loader")
    moments = random.Random(command)
    for number in SIGNALS:
        with started(*FACEWIRE, *COMMANDS[command], cwd=tmp_path) as process:
            wait_for_handlers(process)
            # About half of them come during the imports.
            time.sleep(moments.choice((0, 0.02, 0.8 * moments.random(), 2 * moments.random())))
            process.send_signal(number)
            has_ended(process, number, or_before=command not in STREAMS)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_recorded_is_whole(number: signal.Signals, tmp_path: Path) -> None:
    with started(*FACEWIRE, *STREAMS["live"], cwd=tmp_path) as process:
        wait_for("latency", process)
        process.send_signal(number)
        # A terminal that is closed says so twice: by its shell, and by its group of processes.
        process.send_signal(number)
        has_ended(process, number)
    assert len(read_csv(tmp_path / "face.csv").weights) >= 20


def test_ctrl_c_in_a_terminal_reaches_the_processes_of_a_benchmark_through_us_alone(
    tmp_path: Path,
) -> None:
    with started(*FACEWIRE, "bench", "throughput", "--seconds", "5", cwd=tmp_path) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.parent.exists():
            pytest.skip("only Linux tells which processes a process started")
        while not children.read_text().split():
            time.sleep(0.05)
        child = int(children.read_text().split()[0])
        os.killpg(process.pid, signal.SIGINT)
        has_ended(process, signal.SIGINT)
        assert not Path(f"/proc/{child}").exists()


HANGING = """
import sys, threading
from facewire_cli.__main__ import main
from facewire_cli import app
from facewire_cli.commands import serve, devices
never = threading.Event()
def hang(*_):
    print("hangs", file=sys.stderr, flush=True)
    {}
serve.load_from_settings = hang
devices.list_input_devices = hang
sys.argv = ["facewire", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (("serve", "--port", "0"), "never.wait()"),
        # As a driver's call: the main thread runs no Python until it returns.
        (("devices",), "import ctypes; ctypes.CDLL(None).sleep(60)"),
    ],
)
def test_what_hangs_does_not_hold_a_command(
    command: tuple[str, ...], how: str, tmp_path: Path
) -> None:
    code = HANGING.format(how)
    with started(sys.executable, "-c", code, *command, cwd=tmp_path) as process:
        wait_for("hangs", process)
        process.send_signal(signal.SIGTERM)
        has_ended(process, signal.SIGTERM)


DROPPING = """
import os, signal, sys, time, weakref
from facewire_cli.__main__ import main
from facewire_cli import app
def run_app():
    class Thing: pass
    thing = Thing()
    def die(_):
        os.kill(os.getpid(), signal.{})
        time.sleep(0.1)
    reference = weakref.ref(thing, die)
    del thing
    print("goes on", file=sys.stderr, flush=True)
    try:
        time.sleep(60)
    finally:
        print("in order", file=sys.stderr, flush=True)
app.run_app = run_app
main()
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_whose_exception_is_dropped_ends_a_command(
    number: signal.Signals, tmp_path: Path
) -> None:
    with started(sys.executable, "-c", DROPPING.format(number.name), cwd=tmp_path) as process:
        wait_for("goes on", process)
        wait_for("in order", process)
        has_ended(process, number)


UNTIDY = """
import asyncio, sys, time
from facewire_cli.running import run
from facewire_cli.signals import watch_signals
watch_signals()
async def close_slowly():
    try:
        print("runs", file=sys.stderr, flush=True)
        await asyncio.sleep(60)
    finally:
        print("closes", file=sys.stderr, flush=True)
        await asyncio.sleep(60)
run(close_slowly())
"""


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with started(sys.executable, "-c", UNTIDY, cwd=tmp_path) as process:
        wait_for("runs", process)
        process.send_signal(signal.SIGINT)
        wait_for("closes", process)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        has_ended(process, signal.SIGINT)


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code = "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    code += f"os.execv({sys.executable!r}, {[*FACEWIRE, *STREAMS['live']]!r})"
    with started(sys.executable, "-c", code, cwd=tmp_path) as process:
        wait_for("latency", process)
        process.send_signal(signal.SIGHUP)
        wait_for("latency", process)
        process.send_signal(signal.SIGTERM)
        has_ended(process, signal.SIGTERM)


def test_the_voice_that_hangs_is_left_alone(tmp_path: Path) -> None:
    code = """
import asyncio, sys, threading
from facewire_cli.__main__ import main
from facewire_cli.commands import say
load = say.load_local_voice
class Voice:
    def __init__(self, **wanted):
        real = load(**wanted)
        self.sample_rate, self.space, self.silence = real.sample_rate, real.space, real.silence
    def speak(self, text):
        print("hangs", file=sys.stderr, flush=True)
        threading.Event().wait()
        yield
say.load_local_voice = Voice
sys.argv = ["facewire", "say", "Hello.", "-o", "a.wav", "-o", "a.csv"]
main()
"""
    pytest.importorskip("espeakng_loader", reason="install it: pip install espeakng-loader")
    with started(sys.executable, "-c", code, cwd=tmp_path) as process:
        wait_for("hangs", process)
        process.send_signal(signal.SIGINT)
        has_ended(process, signal.SIGINT)
