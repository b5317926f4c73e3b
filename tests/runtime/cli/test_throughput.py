"""The search for what an engine holds, its load in processes of their own, and the command."""

import asyncio
import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from facewire.clock import SECOND, Clock, ManualClock, SystemClock
from facewire.errors import ConfigError, EngineError
from facewire.frames import AudioChunk
from facewire.stream.engines import load_engine
from facewire.stream.latency import Percentiles
from facewire_cli.app import app
from facewire_cli.bench.throughput_load import Load, Trial, run_load
from facewire_cli.bench.throughput_search import holds, measure, run_trial, search
from facewire_engines.backends.host_streams import HostStreams
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import load_embedded


def load(sessions: int, late: int = 0, p99_ms: float = 5.0) -> Load:
    return Load(sessions, 100, late, 0.5, Percentiles(100, 1, 2, p99_ms, 20))


def test_held_means_that_all_were_let_in_and_nobody_was_late() -> None:
    trial = Trial("phones", 10)
    assert holds(load(10), trial)
    assert not holds(load(9), trial)
    assert not holds(load(10, late=1), trial)
    assert not holds(load(10, p99_ms=17.0), trial)
    assert holds(load(10, p99_ms=17.0), msgspec.structs.replace(trial, frame_rate="30"))
    assert not holds(Load(10, 0, 0, 0.5, None), trial)


class HurriedClock(SystemClock):
    """Lets a test's load run as fast as it can: time is where the load wants it to be."""

    def __init__(self, slowness: int = 0) -> None:
        self._now = 1_000
        self._slowness = slowness
        """How much time every look at the clock takes, in ns."""

    def now(self) -> int:
        self._now += self._slowness
        return self._now

    async def sleep_until(self, when: int) -> None:
        self._now = max(self._now, when)
        await asyncio.sleep(0)


def batched(clock: Clock) -> BatchedPhonesEngine:
    return BatchedPhonesEngine(load_embedded(), clock, capacity=6)


@pytest.mark.parametrize("drive", ["loop", "threads"])
async def test_a_load_counts_every_frame_of_its_time_and_none_of_the_warm_up(drive: str) -> None:
    trial = msgspec.convert({"engine": "", "sessions": 5, "seconds": 1, "drive": drive}, Trial)
    found = await run_load(trial, EnergyEngine(), HurriedClock())
    assert found.sessions == 5
    assert found.frames == pytest.approx(5 * 60, abs=10)
    assert found.inference is not None


async def test_a_load_that_is_slower_than_its_audio_is_late() -> None:
    trial = Trial("", 5, seconds=0.5)
    found = await run_load(trial, EnergyEngine(), HurriedClock(slowness=SECOND // 100))
    assert found.late > found.frames / 2


async def test_sessions_that_are_not_let_in_are_not_counted() -> None:
    clock = HurriedClock()
    found = await run_load(Trial("", 9, seconds=0.5), batched(clock), clock)
    assert found.sessions == 6
    assert found.frames == pytest.approx(6 * 30, abs=10)


async def test_a_session_that_fails_fails_the_trial() -> None:
    class Overflowing(BatchedPhonesEngine):
        """Breaks the state of its first row when it is used."""

        def push_all(self, pushes):  # type: ignore[no-untyped-def] # as the class that it extends
            streams = self._rows._encoder
            assert isinstance(streams, HostStreams)
            streams._pasts["past_hidden"][0, 0] = np.inf
            return super().push_all(pushes)

    clock = HurriedClock()
    engine = Overflowing(load_embedded(), clock, capacity=6)
    with pytest.raises(EngineError, match="no longer finite"):
        await run_load(Trial("", 2, seconds=0.5), engine, clock)


async def test_a_trial_shares_its_sessions_among_processes() -> None:
    trial = Trial("energy", 3, seconds=0.5)
    both = await run_trial(trial, cores=2)
    assert both.sessions == 3
    assert both.frames == pytest.approx(3 * 30, abs=20)


async def test_a_trial_that_cannot_start_says_why() -> None:
    with pytest.raises(ExceptionGroup) as failure:
        await run_trial(Trial("nothing", 1))
    assert "there is no engine 'nothing'" in str(failure.value.exceptions[0])


LIMIT = """
import json, sys
trial = json.loads(sys.argv[1])
late = max(0, trial["sessions"] - {limit})
print(json.dumps(dict(sessions=trial["sessions"], frames=100, late=late, cpu_share=0.1,
    inference=dict(count=100, p50_ms=1, p95_ms=2, p99_ms=3, max_ms=4))))
"""


@pytest.mark.parametrize("limit", [0, 1, 7, 100])
async def test_the_search_finds_the_limit(limit: int) -> None:
    command = (sys.executable, "-S", "-c", LIMIT.format(limit=limit))
    row = await search(Trial("phones", 8), command=command)
    assert limit - max(1, limit // 16) < row.held <= limit
    assert [load.sessions for load in row.trials] == sorted(load.sessions for load in row.trials)
    assert (row.best is None) == (limit == 0)


MOODY = """
import json, pathlib, sys
trial = json.loads(sys.argv[1])
counter = pathlib.Path({folder!r}) / str(trial["sessions"])
turn = int(counter.read_text()) if counter.exists() else 0
counter.write_text(str(turn + 1))
late = 0 if trial["sessions"] <= 4 and turn % 5 in {good} else 3
print(json.dumps(dict(sessions=trial["sessions"], frames=100, late=late, cpu_share=0.1,
    inference=dict(count=100, p50_ms=1, p95_ms=2, p99_ms=3, max_ms=4))))
"""


@pytest.mark.parametrize(("good", "held", "won"), [((0, 2, 3, 4), 4, 4), ((0, 3), 0, 0)])
async def test_a_number_is_held_when_most_of_its_trials_are(
    good: tuple[int, ...], held: int, won: int, tmp_path: Path
) -> None:
    command = (sys.executable, "-S", "-c", MOODY.format(folder=str(tmp_path), good=good))
    row = await search(Trial("phones", 4), command=command)
    assert (row.held, row.trials_held, row.trials_run) == (held, won, 5 if held else 0)
    assert (row.best.late if row.best else None) == (0 if held else None)


async def test_numbers_that_were_asked_for_are_tried_once_each() -> None:
    command = (sys.executable, "-S", "-c", LIMIT.format(limit=10))
    row = await measure(Trial("phones", 1), [20, 5, 10], command=command)
    assert ([load.sessions for load in row.trials], row.held) == ([5, 10, 20], 10)


def test_the_command_prints_a_row_for_each_number_and_writes_json_and_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="install matplotlib: pip install -e '.[train]'")
    result, plot = tmp_path / "load.json", tmp_path / "load.png"
    words = ["bench", "throughput", "--engine", "energy", "--frame-rate", "30", "--seconds", "0.5"]
    options = ["--sessions", "1", "--sessions", "3", "--json", str(result), "--plot", str(plot)]
    ran = CliRunner().invoke(app, words + options, catch_exceptions=False)
    assert ran.exit_code == 0
    assert len([line for line in ran.output.splitlines() if line.startswith("energy")]) == 2
    (row,) = json.loads(result.read_text())["rows"]
    assert [trial["sessions"] for trial in row["trials"]] == [1, 3]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_measured_is_said_before_the_measuring() -> None:
    for words in (["--engine", "nothing"], ["--frame-rate", "0"], ["--lookahead-ms", "9000"]):
        with pytest.raises(ConfigError):
            CliRunner().invoke(app, ["bench", "throughput", *words], catch_exceptions=False)


def test_a_chunk_is_due_when_it_has_been_spoken() -> None:
    from facewire_cli.bench.throughput_load import _Stream

    engine = load_engine("energy")
    speech = np.arange(16_000, dtype=np.float32)
    clock = ManualClock(now=5 * SECOND)
    stream = _Stream(engine.session(), speech, clock.now(), 0)
    assert stream.due == 5 * SECOND + SECOND // 100
    first: AudioChunk = stream.chunk()
    assert (first.start, first.end, first.captured) == (0, 160, 5 * SECOND + SECOND // 100)
    assert stream.due == 5 * SECOND + SECOND // 50
    np.testing.assert_array_equal(stream.chunk().samples, speech[160:320])
