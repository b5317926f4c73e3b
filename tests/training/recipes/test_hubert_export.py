"""From weights on disk to a model folder, and the commands that measure."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
pytest.importorskip("transformers", reason="install transformers: pip install -e '.[train]'")

from safetensors.torch import save_file

from facewire.errors import ConfigError
from facewire_engines.hubert.engine import load_hubert as load_engine
from facewire_engines.model_files import read_manifest
from facewire_training.bundled_speech import bundled_speech
from facewire_training.recipes.hubert import cost, edge_error, export
from facewire_training.recipes.hubert.edge_error import measure_edges
from facewire_training.recipes.hubert.export import write_model
from facewire_training.recipes.hubert.geometry import Geometry
from facewire_training.recipes.hubert.model import random_checkpoint
from facewire_training.speech_encoders.networks.hubert_checkpoints import (
    load_hubert,
    load_transformers,
    random_hubert,
)

SMALL = Geometry(context=10, step=2, right=4)
NEW = "parametrizations.weight.original"
OLD_NAMES = {f"{NEW}0": "weight_g", f"{NEW}1": "weight_v"}
"""Of the weight norm in files from before torch 2."""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks as small as these are slower on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def same_weights(found: Any, expected: Any) -> bool:
    theirs = expected.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in found.state_dict().items())


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    model = random_hubert("tiny", seed=3)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    model.config.to_json_file(folder / "config.json")
    return folder


def test_weights_load_from_a_folder(saved: Path) -> None:
    model, normalised = load_hubert(str(saved))
    assert same_weights(model, random_hubert("tiny", seed=3))
    assert normalised


def test_weights_load_from_a_file_of_the_older_kind(saved: Path, tmp_path: Path) -> None:
    state = random_hubert("tiny", seed=3).state_dict()
    renamed = {}
    for key, value in state.items():
        for new, old in OLD_NAMES.items():
            key = key.replace(new, old)
        renamed[key] = value
    assert renamed.keys() != state.keys()
    torch.save(renamed, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_bytes((saved / "config.json").read_bytes())
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": false}')
    model, normalised = load_hubert(str(tmp_path))
    assert same_weights(model, random_hubert("tiny", seed=3))
    assert not normalised


def test_weights_that_are_not_here_are_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no weights of a HuBERT at 'nobody/nothing'.*hf download"
    ):
        load_hubert("nobody/nothing")
    with pytest.raises(ConfigError, match="no weights of a HuBERT") as error:
        load_hubert(str(tmp_path))
    assert "\n" not in str(error.value)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    transformers = load_transformers()
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="holds a bert model, not a HuBERT"):
        load_hubert(str(tmp_path))


def test_weights_that_lack_something_are_refused(saved: Path, tmp_path: Path) -> None:
    state = random_hubert("tiny").state_dict()
    del state["encoder.layers.1.final_layer_norm.weight"]
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_bytes((saved / "config.json").read_bytes())
    with pytest.raises(ConfigError, match=r"lack 1 tensors .*final_layer_norm"):
        load_hubert(str(tmp_path))


def test_weights_in_the_hubs_cache_become_a_model(saved: Path, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--somebody--hubert-tiny"
    snapshot = repository / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).write_bytes((saved / name).read_bytes())
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    words = ["--weights", "somebody/hubert-tiny", "--out", str(tmp_path / "model")]
    words += ["--context-ms", "200", "--right-ms", "80", "--licence", "MIT", "--non-commercial"]
    result = subprocess.run(
        [sys.executable, "-m", "facewire_training.recipes.hubert.export", *words],
        env={"HF_HUB_CACHE": str(tmp_path / "hub"), "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "its faces are random" in result.stdout
    manifest = read_manifest(tmp_path / "model")
    assert manifest.licence == "MIT"
    assert manifest.non_commercial
    assert "somebody/hubert-tiny" in manifest.command
    assert load_engine(tmp_path / "model").hop == 640


def test_int8_makes_the_transformer_smaller(tmp_path: Path) -> None:
    graphs = write_model(tmp_path / "small", random_checkpoint("tiny"), SMALL, int8=True)
    graph = onnx.load(str(tmp_path / "small" / "encoder.onnx")).graph
    assert {"MatMulInteger", "Conv"} <= {node.op_type for node in graph.node}
    weights = {tensor.data_type for tensor in graph.initializer if len(tensor.dims) == 2}
    assert onnx.TensorProto.INT8 in weights
    assert graphs[1].parameters > 20_000
    assert load_engine(tmp_path / "small").model.right == SMALL.right


def test_impossible_exports_are_the_users_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, reason in (
        (["--step-ms", "30"], "a step of 30 ms is impossible"),
        (["--step-ms", "0"], "a step of 0 ms is impossible"),
        (["--context-ms", "0"], "a context of 0 ms is impossible"),
        (["--layers", "3"], "this HuBERT has 2 layers; choose 1 to 2, not 3"),
    ):
        with pytest.raises(SystemExit) as status:
            export.main(["--random", "tiny", "--out", str(tmp_path / "model"), *words])
        assert status.value.code == 2
        assert reason in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another folder"):
        write_model(tmp_path / "file", random_checkpoint("tiny"), SMALL, layers=1)


def test_edges_matter_less_with_more_context() -> None:
    speech = bundled_speech()[: 5 * 16_000]
    sides = [(400, 0), (400, 80), (400, 160), (40, 160)]
    report = measure_edges(random_checkpoint("tiny"), speech, sides, every=16)
    near, nearer, whole, short = (error.layers[0] for error in report.errors)
    assert near > nearer > whole
    # The tiny HuBERT's convolution of positions reaches 160 ms to either side.
    assert whole < 1e-4
    assert short > 0.05
    assert report.random
    assert all(error.streamed > error.layers[-1] > 0 for error in report.errors[1:3])


def test_the_commands_print_and_write_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "edges.json"
    words = ["--random", "tiny", "--left-ms", "200", "--right-ms", "0", "--every", "80"]
    edge_error.main([*words, "--json", str(file)])
    assert "random weights: these figures are the architecture's only" in capsys.readouterr().out
    assert [e["left_ms"] for e in json.loads(file.read_text())["errors"]] == [1000, 200]
    edge_error.main([*words, "--markdown"])
    assert capsys.readouterr().out.startswith("| left context, ms | right context, ms |")
    cost.main(["--random", "tiny", "--runs", "1", "--json", str(tmp_path / "cost.json")])
    assert "real-time factor" in capsys.readouterr().out
    measured = json.loads((tmp_path / "cost.json").read_text())
    assert len(measured["parts"]) == 4
    assert 0 < measured["int8_error"] < 0.3
    with pytest.raises(SystemExit) as status:
        edge_error.main([*words, "--json", str(tmp_path / "missing" / "edges.json")])
    assert status.value.code == 2
    assert "choose another file with --json" in capsys.readouterr().err
