import random

import pytest

from facewire.audio.gap_meter import LONGEST_GAP_S, GapMeter
from facewire.clock import MILLISECOND, SECOND

RATE = 48_000
BLOCK = 480
TOLERANCE = RATE // 500
"""Two milliseconds."""


class Device:
    """Blocks of 10 ms that arrive up to 8 ms late, from a crystal that runs a little wrong."""

    def __init__(self, drift_ppm: int = 0) -> None:
        self._jitter = random.Random(3)
        self._block_ns = BLOCK * SECOND // RATE * (1_000_000 + drift_ppm) // 1_000_000
        self._recorded_at = SECOND

    def lose(self, duration_ns: int) -> None:
        self._recorded_at += duration_ns

    def next_block(self) -> int:
        self._recorded_at += self._block_ns
        return self._recorded_at + self._jitter.randrange(8 * MILLISECOND)


def hear(device: Device, meter: GapMeter, blocks: int, *, lost_before: bool = False) -> int:
    arrivals = [device.next_block() for _ in range(blocks)]
    return sum(
        meter.arrived(BLOCK, now, lost_before=lost_before and first)
        for now, first in zip(arrivals, [True] + [False] * blocks, strict=False)
    )


@pytest.mark.parametrize("lost_ms", [5, 40, 700])
def test_a_gap_is_as_long_as_what_was_lost(lost_ms: int) -> None:
    device, meter = Device(), GapMeter(RATE)
    assert hear(device, meter, 200) == 0
    device.lose(lost_ms * MILLISECOND)
    inserted = hear(device, meter, 50, lost_before=True)
    assert inserted == pytest.approx(lost_ms * RATE // 1000, abs=TOLERANCE)


def test_many_gaps_do_not_add_up_errors() -> None:
    device, meter = Device(), GapMeter(RATE)
    hear(device, meter, 200)
    inserted = 0
    for _ in range(20):
        device.lose(30 * MILLISECOND)
        inserted += hear(device, meter, 200, lost_before=True)
    assert inserted == pytest.approx(20 * 30 * RATE // 1000, abs=5 * TOLERANCE)


@pytest.mark.parametrize("drift_ppm", [-300, 300])
def test_a_crystal_that_runs_wrong_is_no_gap(drift_ppm: int) -> None:
    device, meter = Device(drift_ppm), GapMeter(RATE)
    assert hear(device, meter, 60_000) == 0
    assert hear(device, meter, 50, lost_before=True) <= TOLERANCE


def test_a_loss_before_the_first_block_is_no_gap() -> None:
    assert hear(Device(), GapMeter(RATE), 50, lost_before=True) == 0


@pytest.mark.parametrize("lost_ms", [150, 1_500])
def test_a_loss_that_nobody_tells_is_noticed(lost_ms: int) -> None:
    device, meter = Device(), GapMeter(RATE)
    assert hear(device, meter, 200) == 0
    device.lose(lost_ms * MILLISECOND)
    assert hear(device, meter, 60) == pytest.approx(lost_ms * RATE // 1000, abs=TOLERANCE)


def burst(meter: GapMeter, blocks: int, tells_when: bool, pace: int = 0) -> int:
    """Let blocks come that were held back, and then more in real time; return what is inserted."""
    began = 10 * SECOND
    step = BLOCK * SECOND // RATE
    inserted = 0
    for block in range(200):
        recorded = began + block * step
        inserted += meter.arrived(BLOCK, recorded, recorded if tells_when else None)
    for block in range(200, 400 + blocks):
        recorded = began + block * step
        arrived = max(recorded, began + (200 + blocks) * step + (block - 200) * pace)
        inserted += meter.arrived(BLOCK, arrived, recorded if tells_when else None)
    return inserted


@pytest.mark.parametrize("tells_when", [False, True])
@pytest.mark.parametrize("pace", [0, 5 * MILLISECOND])
def test_a_burst_is_no_loss(tells_when: bool, pace: int) -> None:
    """A second was held back and comes at once, or at twice the pace."""
    assert burst(GapMeter(RATE), 100, tells_when, pace) == 0


@pytest.mark.parametrize("jump_ns", [-SECOND, SECOND])
def test_a_device_whose_times_jump_lost_nothing(jump_ns: int) -> None:
    meter, inserted = GapMeter(RATE), 0
    for block in range(600):
        now = SECOND + block * BLOCK * SECOND // RATE
        recorded = now + (jump_ns if 200 <= block < 210 else 0)
        inserted += meter.arrived(BLOCK, now, recorded)
    assert inserted == 0


def test_silence_that_stands_for_a_pause_is_not_inserted_twice() -> None:
    device, meter = Device(), GapMeter(RATE)
    hear(device, meter, 200)
    device.lose(1_500 * MILLISECOND)
    meter.filled(RATE * 3 // 2)
    assert hear(device, meter, 100) == 0


def test_a_gap_has_a_limit() -> None:
    device, meter = Device(), GapMeter(RATE)
    hear(device, meter, 200)
    device.lose(3_600 * SECOND)
    assert hear(device, meter, 50, lost_before=True) == LONGEST_GAP_S * RATE
