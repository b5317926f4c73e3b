"""The delay line between two devices whose clocks disagree, and where sound is missing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire.clock import MILLISECOND, SECOND
from facewire.frames import AudioChunk, Samples
from facewire.sinks.delayed_sound.delay_line import KEPT_S, DelayLine

RATE_IN, RATE_OUT = 16_000, 48_000
BLOCK = 480
DELAY_S = 0.083
HELD_BACK_S = 0.040
UNIT = 1e-6
"""The value of a sample is its place in the stream, so what is heard says where it is from."""


class Rehearsal:
    """A source, a delay line and an output, in simulated time."""

    def __init__(self, source_fast: float = 0.0, output_fast: float = 0.0) -> None:
        self.line = DelayLine(RATE_IN)
        self.line.begin(RATE_OUT)
        self.source_rate = RATE_IN * (1 + source_fast)
        self.output_rate = RATE_OUT * (1 + output_fast)
        self.heard: list[Samples] = []
        self.heard_s: list[NDArray[np.float64]] = []
        self._random = np.random.default_rng(0)
        self._pushed = 0
        self._played = 0

    def run(self, until_s: float, *, lost: bool = False, jitter_s: float = 0.002) -> None:
        """Let the output play until then; where sound is lost, none comes in."""
        while (now_s := self._played / self.output_rate) < until_s:
            while (self._pushed + 160) / self.source_rate <= now_s:
                self._push(lost)
            heard_s = now_s + HELD_BACK_S
            told_s = heard_s + self._random.uniform(-jitter_s, jitter_s)
            self.heard.append(self.line.read(BLOCK, round(told_s * SECOND)))
            self.heard_s.append(heard_s + np.arange(BLOCK) / self.output_rate)
            self._played += BLOCK

    def _push(self, lost: bool) -> None:
        samples = (np.arange(self._pushed, self._pushed + 160) * UNIT).astype(np.float32)
        if not lost:
            self.line.push(AudioChunk(samples, self._pushed, RATE_IN))
        self._pushed += 160
        # A frame says when its sample is due; by the source's rate as it ought to be.
        due_s = self._pushed / self.source_rate + DELAY_S
        self.line.schedule(round((due_s - self._pushed / RATE_IN) * SECOND))

    def sound(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what was heard, as places in the stream, and by how many ms it was late."""
        places = np.concatenate(self.heard).astype(np.float64) / UNIT
        due = (np.concatenate(self.heard_s) - DELAY_S) * self.source_rate
        return places, 1000 * (due - places) / RATE_IN


@pytest.mark.parametrize("source_fast", [-0.005, 0.0, 0.005])
@pytest.mark.parametrize("output_fast", [-0.005, 0.0, 0.005])
def test_sound_stays_as_late_as_it_is_asked_for(source_fast: float, output_fast: float) -> None:
    """Clocks that are wrong by half a percent each, and an output that tells its time badly."""
    rehearsal = Rehearsal(source_fast, output_fast)
    rehearsal.run(40)
    places, late_ms = rehearsal.sound()
    begun = int(np.flatnonzero(places > 1_000)[0])
    settled = slice(12 * RATE_OUT, None)
    assert abs(np.mean(late_ms[settled])) < 0.5
    assert np.abs(late_ms[settled]).max() < 1.5
    assert np.abs(late_ms[begun + BLOCK :]).max() < 15
    # Nothing jumps, by a fifth of a millisecond or more: a block is as long as it should be.
    speed = np.diff(places[begun + BLOCK :: BLOCK]) / 160
    assert 0.984 < speed.min() <= speed.max() < 1.016


def test_the_pitch_is_steady() -> None:
    """A tone of 1 kHz stays one, cleaner than -60 dB, while an output's times tremble by 2 ms."""
    line = DelayLine(RATE_IN)
    line.begin(RATE_OUT)
    line.schedule(0)
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE_IN) / RATE_IN)
    line.push(AudioChunk(tone.astype(np.float32), 0, RATE_IN))
    random = np.random.default_rng(1)
    heard = [
        line.read(BLOCK, round((block * 0.01 + random.uniform(-0.002, 0.002)) * SECOND))
        for block in range(190)
    ]
    sound = np.concatenate(heard)[RATE_OUT // 2 :]
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE_OUT)
    inside = np.abs(frequencies - 1000) < 25
    assert power[inside].sum() > 0.999 * power.sum()
    assert 10 * np.log10(power[frequencies > 2000].sum() / power.sum()) < -60


def test_what_is_missing_is_silence_and_the_rest_is_in_its_place() -> None:
    rehearsal = Rehearsal()
    rehearsal.run(3)
    rehearsal.run(3.5, lost=True)
    rehearsal.run(8)
    places, late_ms = rehearsal.sound()
    late_ms[places < 100] = 0
    assert np.abs(late_ms[3 * RATE_OUT : round(3.03 * RATE_OUT)]).max() < 2
    assert not places[round(3.2 * RATE_OUT) : round(3.5 * RATE_OUT)].any()
    assert np.abs(late_ms[4 * RATE_OUT :]).max() < 2
    assert (places[4 * RATE_OUT :] > 0).all()


def test_silence_begins_and_ends_without_a_click() -> None:
    line = DelayLine(RATE_IN)
    line.begin(RATE_OUT)
    line.schedule(0)
    line.push(AudioChunk(np.full(RATE_IN, 0.5, np.float32), 0, RATE_IN))
    heard = np.concatenate([line.read(BLOCK, round(block * 0.01 * SECOND)) for block in range(150)])
    assert heard[10 * BLOCK : 95 * BLOCK] == pytest.approx(0.5, abs=1e-3)
    assert not heard[105 * BLOCK :].any()
    assert np.abs(np.diff(heard)).max() < 0.02


def test_a_far_jump_is_a_crossfade() -> None:
    rehearsal = Rehearsal()
    rehearsal.run(3, jitter_s=0)
    before = len(rehearsal.heard)
    for block in range(20):
        heard = round((3 + HELD_BACK_S - 0.2 + block * 0.01) * SECOND)
        rehearsal.heard.append(rehearsal.line.read(BLOCK, heard))
    places = np.concatenate(rehearsal.heard[before:]).astype(np.float64) / UNIT
    assert places[-1] == pytest.approx((3 + HELD_BACK_S - DELAY_S) * RATE_IN, abs=40)
    steps = np.diff(places[: 3 * BLOCK])
    assert steps.min() > -3 * 0.2 * RATE_IN / BLOCK


def test_a_device_that_needs_more_time_gets_it_and_it_is_told() -> None:
    """The face waits for 83 ms; an output that holds 150 ms back cannot be in time."""
    line = DelayLine(RATE_IN)
    line.begin(RATE_OUT)
    pushed, late = 0, []
    for block in range(600):
        now_s = block * 0.01
        samples = (np.arange(pushed, pushed + 160) * UNIT).astype(np.float32)
        line.push(AudioChunk(samples, pushed, RATE_IN))
        pushed += 160
        line.schedule(round((0.01 + DELAY_S) * SECOND))
        sound = line.read(BLOCK, round((now_s + 0.150) * SECOND)).astype(np.float64) / UNIT
        late.append(1000 * ((now_s + 0.150 - 0.01 - DELAY_S) - sound[0] / RATE_IN))
    assert 60 < line.late / MILLISECOND < 85
    assert late[-1] == pytest.approx(line.late / MILLISECOND, abs=1)
    line.begin(RATE_OUT)
    assert line.late == 0


def test_it_keeps_a_few_seconds_and_no_more() -> None:
    line = DelayLine(RATE_IN)
    line.schedule(0)
    line.push(AudioChunk(np.full(60 * RATE_IN, 0.5, np.float32), 0, RATE_IN))
    line.finish()
    assert not line.read(160, 30 * SECOND).any()
    line.begin(RATE_IN)
    line.read(160, round((60 - KEPT_S + 1) * SECOND))
    assert line.read(160, round((60 - KEPT_S + 1.01) * SECOND)) == pytest.approx(0.5, abs=1e-3)
    assert line.waiting_s == pytest.approx(KEPT_S - 1, abs=0.1)
    line.read(160, 61 * SECOND)
    assert line.waiting_s <= 0


def test_before_a_face_has_left_there_is_silence() -> None:
    line = DelayLine(RATE_IN)
    line.push(AudioChunk(np.full(1_600, 0.5, np.float32), 0, RATE_IN))
    assert not line.read(160, 0).any()
    assert line.waiting_s == 0
