"""Times that a TTS tells, passed on by the JavaScript client, in Node, as they came."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.clients.web.test_lives import MODULES, in_node
from tests.engines.phones.alignment.said import RATE, intervals, say

from facewire_training.evaluation.metrics.lips.closure import closure_rate
from facewire_training.take import Take

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

Daemon = Callable[..., AbstractContextManager[tuple[str, "subprocess.Popen[str]"]]]

IPA = {
    "m": "m", "ey": "eɪ", "b": "b", "iy": "i", "aa": "ɑ", "ah": "ə", "ow": "oʊ", "r": "ɹ",
    "ay": "aɪ", "p": "p", "l": "l", "uw": "u", "s": "s", "er": "ɚ",
}  # fmt: skip
"""The phones of the sentence, as Cartesia writes them."""

pytestmark = pytest.mark.slow


def test_times_close_the_lips_of_speech_of_ones_own(
    require_node: str, daemon: Daemon, tmp_path: Path
) -> None:
    """In noise in which hearing alone is not enough: see the test of the Python client."""
    said = say("Maybe Bobby may borrow my bumpy blue bus")
    noise = np.random.default_rng(1).normal(0, 0.2, len(said.samples))
    # Their time 0 lies 100 ms into the turn, which the client says.
    messages = [
        {
            "type": "phoneme_timestamps",
            "phoneme_timestamps": {
                "phonemes": [IPA[one.label] for one in part],
                "start": [one.start / RATE - 0.1 for one in part],
                "end": [one.end / RATE - 0.1 for one in part],
            },
            "audio": "A" * 2_000_000,
        }
        for part in (said.phones[::2], said.phones[1::2])
    ]
    messages.append({"type": "chunk", "data": "A" * 2_000_000})
    samples = np.clip(said.samples + noise, -1, 1).round(5).tolist()
    file = tmp_path / "speech.json"
    file.write_text(json.dumps({"samples": samples, "messages": messages}))
    with daemon("serve", "--port", "0") as (url, _):
        seen = in_node(require_node, "alignment", str(MODULES), url, str(file))
    assert seen["problems"] == ["start is missing, or not a finite number"]
    assert seen["samples"] == len(said.samples)
    weights = np.array(seen["weights"], np.float32)
    assert closure_rate([Take(weights, Fraction(60), intervals(said))]) > 0.9
