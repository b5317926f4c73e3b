"""Words that the command line cannot do anything with, as users type them: one sentence each."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile


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


@pytest.mark.parametrize(("words", "status"), [((), 2), (("bench",), 2), (("--help",), 0)])
def test_no_words_get_the_help(words: tuple[str, ...], status: int, tmp_path: Path) -> None:
    result = facewire(*words, folder=tmp_path)
    assert result.returncode == status
    assert "Usage: " in result.stdout
    assert "facewire: " not in result.stderr


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = facewire("--version", folder=tmp_path)
    assert (result.returncode, result.stdout[:9], result.stderr) == (0, "facewire ", "")
