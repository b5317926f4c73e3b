"""Which voice an agent speaks with, and what the log says of it."""

import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
if {missing}:
    sys.modules["hibari"] = None
from facewire_agents.own_voice import load_own_voice
load_own_voice({voice!r}, language={language!r}, rate=175, pitch=50)
"""


def logged(voice: str, language: str = "en-us", *, missing: bool = False) -> list[str]:
    program = PROGRAM.format(voice=voice, language=language, missing=missing)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if "voice" in line]


@pytest.mark.parametrize(
    ("voice", "language", "missing", "name"),
    [
        ("", "en-us", False, "hibari"),
        ("espeak", "en-us", True, "espeak"),
        ("", "de", True, "espeak"),
    ],
)
def test_the_log_names_the_voice(voice: str, language: str, missing: bool, name: str) -> None:
    line = f"INFO the agent speaks with the voice {name}"
    assert logged(voice, language, missing=missing) == [line]


def test_the_log_says_how_to_get_the_natural_voice_where_it_is_missing() -> None:
    (line,) = logged("", missing=True)
    assert line.startswith("WARNING the agent speaks with the voice espeak: ")
    assert "install it with: pip install" in line
    assert "hibari-tts" in line
    assert "words with times" in line
