"""Voices of Piper's: the real package in a Python of its own, with a model of random durations."""

import json
import os
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import skip_unless_ci

from facewire.errors import ConfigError, EngineError
from facewire.speaking.voice import CancellableVoice, VoiceRequest
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_engines.voices.heard import HeardVoice
from facewire_engines.voices.own_process.process import WorkerProcess
from facewire_engines.voices.piper.voice import (
    PiperSettings,
    piper_voice,
    piper_worker,
    read_settings,
    timed_phones,
)
from facewire_engines.voices.registry import load_piper

ROOT = Path(__file__).parents[3]
HOP = 256
IDS = (
    "import json; from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP as ids; "
    "print(json.dumps(ids))"
)


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that has Piper."""
    found = os.environ.get("FACEWIRE_PIPER_PYTHON") or str(ROOT / ".cache/piper/bin/python")
    if not Path(found).exists():
        skip_unless_ci("no Piper: make piper")
    return found


def write_model(folder: Path, python: str, *, timed: bool) -> Path:
    """Write a model that makes noise, for a random time for each phoneme."""
    onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    asked = subprocess.run([python, "-c", IDS], capture_output=True, check=True, timeout=60)
    ids = json.loads(asked.stdout)
    count = 1 + max(number for each in ids.values() for number in each)
    lengths = np.random.default_rng(0).uniform(2, 9, count).astype(np.float32)
    make, numpy = onnx.helper.make_node, onnx.numpy_helper.from_array
    constants = {
        "lengths": lengths, "one": np.array([1], np.int64), "hop": np.array([HOP], np.float32),
        "loudness": np.array([0.1], np.float32),
    }  # fmt: skip
    nodes = [
        make("Gather", ["lengths", "input"], ["usual"]),
        make("Gather", ["scales", "one"], ["scale"]),
        make("Mul", ["usual", "scale"], ["long"]),
        make("Ceil" if timed else "Round", ["long"], ["frames"]),
        make("ReduceSum", ["frames"], ["total"], keepdims=0),
        make("Mul", ["total", "hop"], ["samples"]),
        make("Cast", ["samples"], ["shape"], to=onnx.TensorProto.INT64),
        make("ConstantOfShape", ["shape"], ["silence"]),
        make("RandomNormalLike", ["silence"], ["noise"], seed=1.0),
        make("Mul", ["noise", "loudness"], ["output"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "random",
        [
            value("input", onnx.TensorProto.INT64, [1, "T"]),
            value("input_lengths", onnx.TensorProto.INT64, [1]),
            value("scales", onnx.TensorProto.FLOAT, [3]),
        ],
        [value("output", onnx.TensorProto.FLOAT, ["N"])],
        [numpy(array, name) for name, array in constants.items()],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    path = folder / f"random-{timed}.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    config = {
        "audio": {"sample_rate": 22_050}, "espeak": {"voice": "en-us"}, "num_symbols": count,
        "num_speakers": 1, "phoneme_id_map": ids, "hop_length": HOP,
        "inference": {"noise_scale": 0.5, "length_scale": 1.0, "noise_w": 0.5},
    }  # fmt: skip
    Path(f"{path}.json").write_text(json.dumps(config))
    settings = folder / f"random-{timed}.toml"
    settings.write_text(f'model = "{path.name}"\npython = "{python}"\n')
    return settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, python: str) -> Path:
    return write_model(tmp_path_factory.mktemp("piper"), python, timed=True)


def test_a_sentence_becomes_phones_words_and_tokens(settings: Path) -> None:
    with piper_voice(read_settings(str(settings))) as voice:
        first, second = voice.speak("Bob bought my puppy a map. Hello.")
        again = list(voice.speak("Hello."))
    said = " ".join(phone.label for phone in first.phones)
    assert said == "b aa b b ao t m ay p ah p iy y ah m ae p"
    assert [word.label for word in first.words] == ["Bob", "bought", "my", "puppy", "a", "map."]
    assert [word.label for word in second.words] == ["Hello."]
    assert [word.label for speech in again for word in speech.words] == ["Hello."]
    for speech in (first, second):
        assert len(speech.samples) == 160 * len(speech.tokens)
        for before, after in pairwise(speech.phones):
            assert before.start < before.end <= after.start
        for phone in speech.phones:
            middle = (phone.start + phone.end) // 2
            assert PHONES[speech.tokens[middle // 160]] == phone.label
        assert speech.phones[-1].end <= len(speech.samples)
    for before, after in pairwise(first.words):
        assert before.start < before.end <= after.start


def test_a_higher_rate_is_shorter(settings: Path) -> None:
    lengths = []
    for rate in (100, 350):
        with piper_voice(read_settings(str(settings)), rate) as voice:
            lengths.append(sum(len(speech.samples) for speech in voice.speak("Hello there.")))
    assert lengths[1] < 0.5 * lengths[0]


@pytest.mark.parametrize("text", ["", "  \n", "...", "😀", "\x00"])
def test_nothing_to_say_is_nothing(settings: Path, text: str) -> None:
    with piper_voice(read_settings(str(settings))) as voice:
        assert list(voice.speak(text)) == []


def test_it_is_cancelled_while_it_works_and_speaks_again(settings: Path) -> None:
    with piper_voice(read_settings(str(settings))) as voice:
        assert isinstance(voice, CancellableVoice)
        voice.cancel()
        made: list[int] = []

        def speak() -> None:
            made.extend(len(s.samples) for s in voice.speak("One thing after another. " * 2_000))

        thread = threading.Thread(target=speak)
        thread.start()
        time.sleep(0.3)
        voice.cancel()
        voice.cancel()
        thread.join(30)
        assert not thread.is_alive()
        assert len(made) < 2_000
        assert [word.label for s in voice.speak("Hello.") for word in s.words] == ["Hello."]


def test_a_process_that_was_killed_is_started_again(settings: Path) -> None:
    with piper_voice(read_settings(str(settings))) as voice:
        voice._process.kill()
        voice._process._process.wait(10)
        assert list(voice.speak("Hello."))


def test_no_process_is_left(settings: Path) -> None:
    with piper_voice(read_settings(str(settings))) as voice:
        process = voice._process
    assert not process.running


def test_a_model_without_times_is_listened_to(tmp_path: Path, python: str) -> None:
    untimed = write_model(tmp_path, python, timed=False)
    voice = load_piper(VoiceRequest(str(untimed)))
    assert isinstance(voice, HeardVoice)
    with voice:
        made = list(voice.speak("Hello there."))
    assert sum(len(s.samples) for s in made) == 160 * sum(len(s.tokens) for s in made) > 0


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"piper:MODEL.onnx"):
        load_piper(VoiceRequest())
    with pytest.raises(ConfigError, match="download both"):
        load_piper(VoiceRequest(str(tmp_path / "none.onnx")))
    for name in ("a.onnx", "a.onnx.json"):
        (tmp_path / name).write_text("{}")
    # This Python has no Piper, and that is no model.
    with pytest.raises(ConfigError, match=r"piper-tts\[alignment\]") as caught:
        load_piper(VoiceRequest(str(tmp_path / "a.onnx")))
    assert "\n" not in str(caught.value)
    (tmp_path / "a.toml").write_text('model = "a.onnx"\npython = "no/such/python"\n')
    with pytest.raises(ConfigError, match="correct python"):
        load_piper(VoiceRequest(str(tmp_path / "a.toml")))


def test_what_is_no_worker_is_refused(tmp_path: Path) -> None:
    (tmp_path / "python").write_text(
        f'#!{sys.executable}\nprint(\'{{"rate": 16000, "timed": true}}\', flush=True)\n'
        'input()\nprint(\'{"samples": 99999999999, "phones": []}\', flush=True)\n'
    )
    (tmp_path / "python").chmod(0o755)
    settings = PiperSettings(model="a.onnx", python=str(tmp_path / "python"))
    process = WorkerProcess(piper_worker(settings))
    with pytest.raises(EngineError, match="not from our worker"):
        list(process.speak("Hello.", 1.0))
    process.close()


def test_stress_belongs_to_the_phone_after_it_and_length_to_the_one_before() -> None:
    marks = (("^", 10), ("ˈ", 5), ("p", 10), ("ɑ", 10), ("ː", 5), (" ", 7), ("b", 3), (".", 9))
    phones, words = timed_phones(marks)
    assert [(p.start, p.end, p.phone) for p in phones] == [
        (10, 25, INDEX["p"]), (25, 40, INDEX["aa"]), (47, 50, INDEX["b"])
    ]  # fmt: skip
    assert words == [(10, 40), (47, 50)]
