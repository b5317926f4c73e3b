"""What a number on a command line may be is said by every command, in one sentence."""

import importlib
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.option_ranges import (
    LEARNING_RATE,
    LOOKAHEADS_MS,
    SHARE,
    STEPS,
    frame_rate,
    number,
    whole_number,
)

TRAINING = Path(__file__).parents[2] / "training" / "facewire_training"
RECIPE = "facewire_training.recipes.tokens_to_faces"


@pytest.mark.parametrize(
    ("read", "word", "value"),
    [
        (STEPS, "1", 1),
        (whole_number(0, 5), "5", 5),
        (number(-2, 2), "-2", -2.0),
        (LEARNING_RATE, "1e-3", 0.001),
        (LOOKAHEADS_MS, "0,40,80.5", [0.0, 40.0, 80.5]),
        (frame_rate, "29.97", Fraction(30_000, 1001)),
    ],
)
def test_what_is_in_range_is_read(read: Callable[[str], object], word: str, value: object) -> None:
    assert read(word) == value


@pytest.mark.parametrize(
    ("read", "words", "said"),
    [
        (STEPS, "0 -1 1.5 nan many 1000000001", "give a whole number from 1 to 1000000000"),
        (SHARE, "-0.1 1.1 nan inf -inf some", "give a number from 0 to 1"),
        (LEARNING_RATE, "0 -1 nan 2", "give a number above 0, up to 1"),
        (LOOKAHEADS_MS, "0,,40 -1 0,nan 80,x", "give numbers from 0 to 10000 with commas between"),
        (frame_rate, "0 -30 nan 1/0 1000", "frame rate"),
    ],
)
def test_what_is_not_is_refused(read: Callable[[str], object], words: str, said: str) -> None:
    for word in words.split():
        with pytest.raises(ArgumentTypeError, match=re.escape(said)):
            read(word)


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        (f"{RECIPE}.train", "--steps 0", "--steps is '0'; give a whole number from 1 to"),
        (f"{RECIPE}.train", "--batch 0", "--batch is '0'; give a whole number from 1 to 65536"),
        (f"{RECIPE}.train", "--rate nan", "--rate is 'nan'; give a number above 0, up to 1"),
        (f"{RECIPE}.train", "--frame-rate 0", "--frame-rate: frame rate 0 is out of range"),
        (f"{RECIPE}.train", "--token-noise 5", "--token-noise is '5'; give a number from 0 to 1"),
        (f"{RECIPE}.train", "--seed=-1", "--seed is '-1'; give a whole number from 0"),
        (f"{RECIPE}.train", "--steps", "--steps: expected one argument"),
        (f"{RECIPE}.encode", "--threads 0", "--threads is '0'; give a whole number from 1 to 1024"),
        (f"{RECIPE}.encode", "--device tpu", "--device: invalid choice: 'tpu'"),
        (f"{RECIPE}.evaluate", "--lookaheads 0,nan", "--lookaheads is '0,nan'; give numbers from"),
        (f"{RECIPE}.probe", "--streams inf", "--streams is 'inf'; give a number from 0 to 3600"),
        ("facewire_training.model.train", "--hops 0", "--hops is '0'; give a whole number"),
        ("facewire_training.speech_encoders.small.train", "--batch -3", "--batch is '-3'; give"),
    ],
)
def test_a_command_names_the_option_and_its_range(
    module: str, words: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
    monkeypatch.setattr(sys, "argv", [module, *words.split()])
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        importlib.import_module(module).main()
    assert str(caught.value).endswith(" --help")


def test_no_command_takes_a_number_without_a_range() -> None:
    commands = [path for path in TRAINING.rglob("*.py") if "add_argument" in path.read_text()]
    assert len(commands) > 20
    for path in commands:
        assert not re.search(r"\btype=(int|float|Fraction|complex)\b", path.read_text()), path
