"""Engines that are the same model agree; others are told apart, by shape."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from facewire import arkit
from facewire.clock import Clock
from facewire.errors import ConfigError, EngineError
from facewire.frames import Samples, StreamSpec
from facewire.stream.engines import load_engine as load
from facewire_cli.app import app
from facewire_engines.backends.parity import compare_engines
from facewire_engines.energy.engine import HOP, EnergyEngine, EnergyHearing
from facewire_engines.hearing.hop_session import TunableHopSession
from facewire_engines.plan_building import build_plans, model_folder


class HalfRate(EnergyEngine):
    """Says half as much, whatever is asked for."""

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> TunableHopSession:
        return super().session(frame_rate=Fraction(30), lookahead_ms=lookahead_ms, clock=clock)


class BrokenHearing(EnergyHearing):
    """Has a jaw that is not a number."""

    def face(self, timestamp: int, spec: StreamSpec) -> tuple[NDArray[np.float32], float]:
        weights, speech = super().face(timestamp, spec)
        weights[arkit.NAMES.index("jawOpen")] = np.nan
        return weights, speech


class Broken(EnergyEngine):
    """An engine of such sessions."""

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> TunableHopSession:
        plain = super().session(frame_rate=frame_rate, lookahead_ms=lookahead_ms)
        return TunableHopSession(BrokenHearing(), plain.spec, clock, hop=HOP, longest_ms=160)


def test_the_batched_engine_stands_in_for_the_single_one(speech: Samples) -> None:
    parity = compare_engines(load("phones"), load("phones-batched"), speech[:64_000])
    assert parity.frames == 240
    assert parity.within_tolerance
    # Sums in another order through two layers of 320: a few units of the last digit.
    assert parity.largest <= 5e-6


def test_another_model_is_told_apart_by_its_worst_shapes(speech: Samples) -> None:
    parity = compare_engines(load("phones"), load("energy"), speech[:32_000])
    assert not parity.within_tolerance
    differences = list(parity.by_shape.values())
    assert differences == sorted(differences, reverse=True)
    assert differences[0] == parity.largest > 0.1


def test_another_number_of_frames_is_not_the_same_model(speech: Samples) -> None:
    with pytest.raises(ValueError, match="made weights"):
        compare_engines(EnergyEngine(), HalfRate(), speech[:16_000])


def test_what_is_not_a_number_is_no_stand_in(speech: Samples) -> None:
    parity = compare_engines(EnergyEngine(), Broken(), speech[:16_000])
    assert parity.largest == np.inf
    assert not parity.within_tolerance
    assert next(iter(parity.by_shape)) == "jawOpen"


def test_the_command_says_how_far_they_are_apart() -> None:
    runner = CliRunner()
    same = runner.invoke(app, ["engine", "check"], catch_exceptions=False)
    assert same.exit_code == 0
    assert "at most" in same.output
    with pytest.raises(EngineError, match="energy is not a stand-in for phones"):
        runner.invoke(app, ["engine", "check", "phones", "energy"], catch_exceptions=False)


def test_a_model_is_a_name_or_a_folder(tmp_path: Path) -> None:
    embedded = model_folder("phones")
    assert model_folder(str(embedded)) == embedded
    with pytest.raises(ConfigError, match="no model 'nothing'"):
        build_plans("nothing", tmp_path)
