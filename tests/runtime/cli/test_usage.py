"""Words that the command line cannot do anything with, as users type them: one sentence each."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile
import typer

from facewire_cli.app import app


def facewire(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "facewire", *words],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("lvie", "there is no command lvie; did you mean live? See {} --help"),
        ("xyzzy", "there is no command xyzzy; see {} --help"),
        ("models lst", "there is no command lst; did you mean list? See {} models --help"),
        ("live --hots x", "there is no option --hots; did you mean --host? See {} live --help"),
        ("live --xyzzy", "there is no option --xyzzy; see {} live --help"),
        (
            "say Hi --face foo",
            "--face is one of 'phones', 'latents', not 'foo'; see {} say --help",
        ),
        ("animate -o a.csv", "IN is missing; see {} animate --help"),
        ("animate a.wav", "--output is missing; see {} animate --help"),
        ("animate a.wav b c -o a.csv", "there is no place for b c; see {} animate --help"),
        ("animate a.wav -o", "-o wants a value"),
        ("animate a.wav -o a.csv --seed x", "--seed wants a whole number; see {} animate --help"),
        ("animate a.wav -o a.csv --lookahead-ms x", "--lookahead-ms wants a number; see {} ani"),
        (
            "animate a.wav -o a.csv --lookahead-ms nan",
            "--lookahead-ms nan is out of range: give a fin",
        ),
        (
            "animate a.wav -o a.csv --lookahead-ms inf",
            "--lookahead-ms inf is out of range: give a fin",
        ),
        (
            "animate a.wav -o a.csv --style grid=x",
            "--style wants a number; see {} animate --help",
        ),
        (
            "serve --style grid=1=2",
            "--style: 'grid=1=2' is no style; write it like grid, or grid=0.3,facegood=0.2; see {}",
        ),
        ("live --style grid,grid", "--style: grid is given twice; see {} live --help"),
        ("say hi --lead-ms x", "--lead-ms wants a number; see {} say --help"),
        (
            "bench quality --noise-db nan",
            "--noise-db nan is out of range: give a finite number; see {} bench quality --help",
        ),
        ("bench throughput --plot .", "--plot: . is a folder; name a file; see {} bench"),
        ("bench latency --json .", "--json: . is a folder; name a file; see {} bench"),
        ("recover a.npz.part -o .", "--output: . is a folder; name a file; see {} recover"),
        ("bench throughput --seconds 0", "--seconds is out of range: give at least 0.5; see {} b"),
    ],
)
def test_a_mistake_is_one_sentence(words: str, sentence: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(1_600), 16_000)
    result = facewire(*words.split(), folder=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"facewire: {sentence.format('python -m facewire')}")


NEEDED = {
    "animate": "a.wav -o a.csv",
    "bench quality": "--data .",
    "say": "hi -o a.csv",
}
"""Words without which a command does not look at its options."""


def numeric_options(group: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield each command with each of its options that is a number, or several."""
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from numeric_options(inner.typer_instance, (*path, str(inner.name)))
    for command in group.registered_commands:
        assert command.callback is not None
        for name, parameter in inspect.signature(
            command.callback, eval_str=True
        ).parameters.items():
            if re.search(r"\b(int|float)\b", str(get_args(parameter.annotation)[:1])):
                words = " ".join((*path, str(command.name)))
                yield words, f"--{name.replace('_', '-')}"


@pytest.mark.parametrize("number", ["nan", "inf"])
@pytest.mark.parametrize(("command", "option"), sorted(numeric_options(app)))
def test_no_numeric_option_takes_what_is_no_number(
    command: str, option: str, number: str, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(1_600), 16_000)
    words = [*command.split(), *NEEDED.get(command, "").split(), f"{option}={number}"]
    result = facewire(*words, folder=tmp_path)
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert option in result.stderr


@pytest.mark.parametrize(("words", "status"), [((), 2), (("bench",), 2), (("--help",), 0)])
def test_no_words_get_the_help(words: tuple[str, ...], status: int, tmp_path: Path) -> None:
    result = facewire(*words, folder=tmp_path)
    assert result.returncode == status
    assert "Usage: " in result.stdout
    assert "facewire: " not in result.stderr


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = facewire("--version", folder=tmp_path)
    assert (result.returncode, result.stdout[:9], result.stderr) == (0, "facewire ", "")


@pytest.mark.skipif(sys.platform == "win32", reason="shells there close nothing")
@pytest.mark.parametrize("words", ["say - -o a.wav", "live --input - --no-page -o a.csv"])
def test_a_closed_standard_input_is_one_sentence(words: str, tmp_path: Path) -> None:
    result = subprocess.run(
        ["sh", "-c", f'"$0" -m facewire {words} <&-', sys.executable],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith("facewire: standard input is closed;")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="shells there close nothing")
@pytest.mark.parametrize("closed", ["1", "2"])
def test_closed_outputs_are_nowhere(closed: str, tmp_path: Path) -> None:
    script = f'"$0" -m facewire say "Hello." --mute -o a.csv {closed}>&-'
    result = subprocess.run(
        ["sh", "-c", script, sys.executable], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert (result.returncode, (tmp_path / "a.csv").exists()) == (0, True)
    assert b"Traceback" not in result.stderr
