"""Which look-ahead holds where nobody says."""

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire.settings.lookahead import DELAYED_MS, DIRECT_MS, lookahead_of
from facewire.settings.settings import StreamSettings
from facewire.wire.messages import Open

FACEWIRE = (sys.executable, "-m", "facewire")


def test_it_follows_what_viewers_hear_and_what_is_asked_for_wins() -> None:
    free, asked = StreamSettings(), StreamSettings(lookahead_ms=0)
    assert lookahead_of(free, heard_directly=True) == DIRECT_MS < DELAYED_MS == lookahead_of(free)
    assert lookahead_of(asked, heard_directly=True) == lookahead_of(asked) == 0


def test_clients_that_name_none_get_what_the_protocol_says() -> None:
    """Nobody knows what theirs hear; `docs/protocol.md` promises 80."""
    assert Open(version=1).lookahead_ms == DELAYED_MS == 80


def test_the_dial_of_the_page_begins_where_a_speaker_is_heard_directly() -> None:
    page = (resources.files("facewire_web") / "index.html").read_text(encoding="utf-8")
    (dial,) = re.findall(r'<input id="lookahead" [^>]*value="(\d+)"', page)
    (reading,) = re.findall(r'<span id="lookahead-ms" class="reading">(\d+) ms<', page)
    assert float(dial) == float(reading) == DIRECT_MS


@pytest.mark.parametrize(
    ("words", "lookahead_ms"),
    [
        (("animate", "said.wav"), DELAYED_MS),
        (("live", "--no-page", "--input", "said.wav"), DELAYED_MS),
        (("live", "--no-page", "--input", "said.wav", "--lookahead-ms", "40"), 40),
    ],
)
def test_recordings_have_that_of_sound_which_waits_for_its_face(
    words: tuple[str, ...], lookahead_ms: float, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "said.wav", np.zeros(4_800, np.float32), 16_000)
    command = [*FACEWIRE, *words, "-o", "face.npz"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    with np.load(tmp_path / "face.npz") as face:
        assert int(face["lookahead"]) == lookahead_ms * 16
