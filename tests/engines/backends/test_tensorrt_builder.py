"""Plans of the embedded model, built without a GPU, and what TensorRT cannot build."""

from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from facewire.errors import ConfigError, EngineError
from facewire_cli.app import app
from facewire_engines.backends.tensorrt.builder import build_plan
from facewire_engines.backends.tensorrt.libraries import Library, choose_library
from facewire_engines.backends.tensorrt.plans import PlanState, stored_plans
from facewire_engines.model_files import read_manifest, read_verified
from facewire_engines.plan_building import build_plans, model_folder

pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")
TARGET = "sm_89"
LENGTHS = {"batch": (1, 8), "samples": (160, 160)}


@pytest.fixture(scope="module")
def library() -> Library:
    return choose_library(None, [TARGET])


@pytest.fixture(scope="module")
def decoder() -> bytes:
    folder = model_folder("phones")
    return read_verified(folder, read_manifest(folder), "decoder.onnx")


def test_both_graphs_are_built_once_and_then_kept(tmp_path: Path) -> None:
    first = build_plans("phones", tmp_path, targets=[TARGET])
    assert [result.before for result in first] == [PlanState.MISSING] * 2
    times = [result.path.stat().st_mtime_ns for result in first]
    again = build_plans("phones", tmp_path, targets=[TARGET])
    assert [result.before for result in again] == [PlanState.READY] * 2
    assert [result.path.stat().st_mtime_ns for result in again] == times
    assert all(manifest and manifest.bytes > 1_000_000 for _, manifest in stored_plans(tmp_path))


def test_a_damaged_plan_is_built_again(tmp_path: Path) -> None:
    (encoder, _) = build_plans("phones", tmp_path, targets=[TARGET])
    encoder.path.write_bytes(b"nonsense")
    states = [result.before for result in build_plans("phones", tmp_path, targets=[TARGET])]
    assert states == [PlanState.DAMAGED, PlanState.READY]
    assert encoder.path.stat().st_size > 1_000_000


def test_all_targets_share_a_plan(library: Library, decoder: bytes) -> None:
    assert len(library.known_targets()) > 2
    assert build_plan(library, decoder, "decoder.onnx", library.known_targets(), LENGTHS)


def test_progress_goes_to_the_end(library: Library, decoder: bytes) -> None:
    seen: list[tuple[int, int]] = []
    build_plan(library, decoder, "decoder.onnx", [TARGET], LENGTHS, lambda *step: seen.append(step))
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 1
    assert seen == sorted(seen)


@pytest.mark.parametrize("operator", ["Wobble", "StringNormalizer"])
def test_an_operator_that_tensorrt_lacks_is_named(
    library: Library, decoder: bytes, operator: str
) -> None:
    onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    model = onnx.load_from_string(decoder)
    node = next(node for node in model.graph.node if node.op_type == "Sigmoid")
    node.op_type, node.name = operator, "the_node"
    with pytest.raises(EngineError) as error:
        build_plan(library, model.SerializeToString(), "decoder.onnx", [TARGET], LENGTHS)
    assert f"{operator} (node the_node)" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_not_onnx_is_said_to_be_that(library: Library) -> None:
    with pytest.raises(EngineError, match=r"cannot read decoder.onnx as an ONNX model"):
        build_plan(library, b"garbage", "decoder.onnx", [TARGET], LENGTHS)


def test_an_open_dimension_that_nobody_expects_is_named(library: Library, decoder: bytes) -> None:
    with pytest.raises(EngineError, match="'batch'"):
        build_plan(library, decoder, "decoder.onnx", [TARGET], {"rows": (1, 8)})


def test_an_unknown_target_is_the_users_mistake(tmp_path: Path, library: Library) -> None:
    with pytest.raises(ConfigError, match=f"'sm_1'.*{library.known_targets()[-1]}"):
        build_plans("phones", tmp_path, targets=["sm_1"])
    assert list(tmp_path.iterdir()) == []


def test_the_commands_build_and_list(tmp_path: Path) -> None:
    cache = ["--cache", str(tmp_path)]
    runner = CliRunner()
    empty = runner.invoke(app, ["engine", "list", *cache], catch_exceptions=False)
    assert "there are no plans" in empty.output
    words = ["engine", "build", "--target", TARGET, "--max-sessions", "4", *cache]
    built = runner.invoke(app, words, catch_exceptions=False)
    assert built.output.count("was missing, now built") == 2
    assert f"plans: by TensorRT for RTX {version('tensorrt_rtx')}, for {TARGET}\n" in built.output
    again = runner.invoke(app, words, catch_exceptions=False)
    assert again.output.count("is up to date") == 2
    listed = runner.invoke(app, ["engine", "list", *cache], catch_exceptions=False)
    assert listed.output.count(f"{TARGET}  ") == 2
    assert "plans: by TensorRT for RTX" in listed.output
