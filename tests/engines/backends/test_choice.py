"""Back-ends by name, what each says where it cannot work, and what `auto` makes of that."""

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from facewire.errors import ConfigError, EngineError
from facewire.frames import Samples
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine as load
from facewire_cli.app import app
from facewire_engines.backends import automatic
from facewire_engines.backends.automatic import choose
from facewire_engines.backends.choice import (
    Backend,
    graph_loader,
    missing,
    parse_backend,
)
from facewire_engines.backends.cuda_driver import driver_is_there, find_gpu
from facewire_engines.backends.graph import GraphFile, GraphLoader
from facewire_engines.backends.onnx_graph import CUDA, OnnxGraph, load_onnx, load_onnxruntime
from facewire_engines.checking import check_engines, judges
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.engine import load_embedded
from facewire_engines.plan_building import model_folder

DECODER = (model_folder("phones") / "decoder.onnx").read_bytes()


def without_gpu() -> None:
    if driver_is_there():
        pytest.skip("this machine has a GPU")


@pytest.mark.parametrize("text", ["onnx", "onnx:int8", "tensorrt:fp16", "torch", "torch-cuda:bf16"])
def test_a_backend_is_a_name_and_a_precision(text: str) -> None:
    assert str(parse_backend(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no back-end ''"), ("cuda", "tensorrt"), ("onnx:fp16", "choose fp32, int8")],
)
def test_another_name_is_the_users_mistake(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_backend(text)


def test_an_engine_without_graphs_has_no_backend() -> None:
    assert isinstance(load("energy", backend="tensorrt"), EnergyEngine)
    with pytest.raises(ConfigError, match="no model"):
        load("energy@onnx")


@pytest.mark.parametrize("name", ["tensorrt", "torch-cuda", "onnx-cuda"])
def test_without_a_gpu_one_sentence_says_so(name: str) -> None:
    without_gpu()
    if name == "torch-cuda":
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
    assert missing(Backend(name))
    with pytest.raises(EngineError) as error:
        load(f"phones@{name}")
    assert "\n" not in str(error.value)
    assert "GPU" in str(error.value) or "NVIDIA" in str(error.value)


def test_a_gpu_that_is_not_there_is_not_found() -> None:
    without_gpu()
    with pytest.raises(EngineError, match="NVIDIA"):
        find_gpu()


def test_auto_says_what_it_chose_and_falls_back_on_the_processor() -> None:
    few, line = choose(load_embedded, 1)
    assert few.name == "phones"
    assert line.startswith("back-end onnx:")
    without_gpu()
    lines: list[str] = []
    many = load("phones", 16, "auto", lines.append)
    assert many.name == "phones"
    assert lines == ["back-end onnx, on the processor: there is no NVIDIA driver here"]


@pytest.mark.parametrize("backend", ["torch-cuda", "onnx-cuda"])
def test_auto_takes_no_backend_that_says_something_else_than_the_model(
    backend: str, tmp_path: Path
) -> None:
    asked = Backend(backend)

    def same(load: GraphLoader) -> Engine:
        return load_embedded()

    def another(load: GraphLoader) -> Engine:
        return load_embedded() if load is load_onnx else EnergyEngine()

    assert automatic._load(same, asked, tmp_path).name == "phones"
    with pytest.raises(EngineError, match=r"its weights are .* from the model's, and 0\.001"):
        automatic._load(another, asked, tmp_path)


def test_only_what_is_held_against_the_model_is_a_verdict_about_plans() -> None:
    plan, half = Backend("tensorrt"), Backend("tensorrt", "fp16")
    assert judges(Backend("onnx"), plan)
    assert judges(Backend("onnx"), half)
    assert not judges(plan, plan)
    assert not judges(plan, half)
    assert not judges(Backend("onnx", "int8"), plan)
    assert not judges(Backend("onnx"), Backend("torch-cuda"))


def test_a_gpu_is_asked_for_fp32_and_not_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def no_gpu(content: bytes, options: object, providers: list[Any]) -> None:
        asked.extend(providers)
        raise RuntimeError("there is no GPU")

    runtime = load_onnxruntime()
    monkeypatch.setattr(runtime, "get_available_providers", lambda: [CUDA])
    monkeypatch.setattr(runtime, "InferenceSession", no_gpu)
    with pytest.raises(EngineError, match="there is no GPU"):
        OnnxGraph(DECODER, cuda=True)
    assert asked[0] == (CUDA, {"use_tf32": "0"})


def test_a_file_that_takes_something_else_is_refused() -> None:
    with pytest.raises(EngineError, match=r"takes tokens, .* feeds samples"):
        OnnxGraph(DECODER, ["samples"])


@pytest.mark.parametrize("backend", ["onnx", "onnx:int8", "torch", "torch:fp16"])
def test_a_file_that_is_no_model_is_refused(backend: str) -> None:
    if backend != "onnx":
        pytest.importorskip("onnx", reason="install onnx: pip install -e '.[torch]'")
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
    broken = GraphFile("phones", "decoder.onnx", DECODER[:1000], "")
    with pytest.raises(EngineError, match=r"cannot (load|read)|not an ONNX"):
        graph_loader(parse_backend(backend))(broken)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineError, match="the back-end torch needs torch; install it with"):
        load("phones@torch")


def test_eight_bits_are_not_shared_among_streams() -> None:
    with pytest.raises(ConfigError, match="would change each other"):
        load("phones-batched@onnx:int8")
    with pytest.raises(ConfigError, match="would change each other"):
        load("phones", 64, "onnx:int8")


def test_eight_bits_keep_their_tolerance_and_not_that_of_fp32(speech: Samples) -> None:
    pytest.importorskip("onnx", reason="install onnx: pip install -e '.[torch]'")
    parity = check_engines("phones", "phones@onnx:int8", speech[:32_000])
    assert 1e-3 < parity.largest <= parity.tolerance


def test_the_command_refuses_what_is_over_its_tolerance_unless_forced(tmp_path: Path) -> None:
    runner = CliRunner()
    words = ["engine", "check", "phones", "energy", "--cache", str(tmp_path)]
    with pytest.raises(EngineError, match="not a stand-in"):
        runner.invoke(app, words, catch_exceptions=False)
    forced = runner.invoke(app, [*words, "--force", "--all"], catch_exceptions=False)
    assert forced.exit_code == 0
    assert "lips closed in" in forced.output
    assert forced.output.count("e-0") > 52
