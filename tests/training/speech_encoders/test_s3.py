"""S3's ids agree between onnxruntime, torch and the package s3tokenizer, of any length."""

import warnings
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.tokens import digits
from facewire_training.data.teacher.whisper import LogMel
from facewire_training.speech_encoders.networks.s3 import S3Network, ids_of_codes
from facewire_training.speech_encoders.networks.s3_onnx import load_graph, read_network
from facewire_training.speech_encoders.s3 import Library, open_s3, windows_of

Speech = NDArray[np.float32]


def test_the_graph_and_torch_say_the_same_ids(s3_graph: Path, speech: Speech) -> None:
    several = [speech, speech[:7_777], speech[20_000:50_000] * 0.1]
    graph = open_s3(s3_graph, library="onnxruntime")
    network = open_s3(s3_graph, library="torch")
    pairs = list(zip(graph.encode(several), network.encode(several), strict=True))
    equal = np.concatenate([mine == others for mine, others in pairs])
    assert equal.mean() >= 0.999
    assert len(np.unique(pairs[0][0])) > 50


def test_the_numbers_before_rounding_are_there(s3_graph: Path, speech: Speech) -> None:
    (ids,) = open_s3(s3_graph).encode([speech])
    expected = digits(ids[:, 0].astype(np.int64))
    libraries: tuple[Library, ...] = ("onnxruntime", "torch")
    for library in libraries:
        (numbers,) = open_s3(s3_graph, features=True, library=library).encode([speech])
        assert numbers.shape == (100, 8)
        assert np.abs(numbers).max() < 1
        assert np.array_equal(np.round(numbers.astype(np.float32)) + 1, expected)


def test_weights_come_out_of_the_graph_as_they_went_in(
    s3_graph: Path, s3_network: S3Network, speech: Speech
) -> None:
    mels = LogMel(128)(torch.from_numpy(speech)[None])
    with torch.no_grad():
        expected = s3_network(mels, torch.tensor([mels.shape[2]]))[0, :100].numpy()
    (numbers,) = open_s3(s3_graph, features=True, library="torch").encode([speech])
    assert np.abs(numbers - expected).max() < 1e-6


def test_a_folder_that_holds_the_graph_does_as_well(s3_graph: Path) -> None:
    assert open_s3(s3_graph.parent).representation.vocabulary == 6561


def upstream_of(package: Any, network: S3Network) -> Any:
    """Return the package's tokenizer with the weights of ours."""
    model_v2 = import_module("s3tokenizer.model_v2")
    config = model_v2.ModelConfig(n_audio_state=128, n_audio_head=2, n_audio_layer=2)
    model = package.S3TokenizerV2("speech_tokenizer_v2", config).eval()
    renamed = {
        name.replace("quantizer.project_in", "quantizer._codebook.project_down")
        if name.startswith("quantizer.")
        else f"encoder.{name}": tensor
        for name, tensor in network.state_dict().items()
    }
    model.load_state_dict(renamed, strict=True)
    return model


def test_the_network_is_the_packages(
    s3tokenizer: Any, s3_network: S3Network, speech: Speech
) -> None:
    model = upstream_of(s3tokenizer, s3_network)
    mels = s3tokenizer.log_mel_spectrogram(torch.from_numpy(speech))
    assert (mels - LogMel(128)(torch.from_numpy(speech)[None])[0]).abs().max() < 1e-5
    batch, lengths = s3tokenizer.padding([mels, mels[:, :333]])
    with torch.inference_mode():
        hidden, counts = model.encoder(batch, lengths)
        theirs = model.quantizer.encode(hidden)
        before = model.quantizer._codebook.project_down(hidden).tanh() * 0.9990000128746033
        mine = s3_network(batch, lengths)
    for number, count in enumerate(counts):
        assert (mine[number, :count] - before[number, :count]).abs().max() < 1e-5
        assert (ids_of_codes(mine)[number, :count] == theirs[number, :count]).all()


@pytest.mark.parametrize("seconds", [29.9, 31, 53, 66.5])
def test_long_speech_is_heard_in_the_packages_windows(
    s3tokenizer: Any, s3_network: S3Network, s3_graph: Path, speech: Speech, seconds: float
) -> None:
    long = np.concatenate([speech * gain for gain in np.linspace(0.2, 1, 17)])
    long = long[: int(seconds * 16_000)].astype(np.float32)
    model = upstream_of(s3tokenizer, s3_network)
    mels = s3tokenizer.log_mel_spectrogram(torch.from_numpy(long))
    codes, counts = model.quantize(mels[None], torch.tensor([mels.shape[1]]))
    theirs = codes[0, : int(counts[0])].numpy()
    (mine,) = open_s3(s3_graph, library="torch").encode([long])
    assert len(mine) == int(seconds * 25)
    # Where its last window is shorter than what windows share, the package loses tokens: ours not.
    assert len(theirs) >= len(mine) or seconds == 53
    shared = min(len(mine), len(theirs))
    assert (mine[:shared, 0] == theirs[:shared]).mean() >= 0.999


def test_the_package_reads_the_same_weights_from_the_graph(
    s3tokenizer: Any, s3_graph: Path, s3_network: S3Network, tmp_path: Path
) -> None:
    """Our graph is called as the published one, so what reads that one reads it, too."""
    graph = onnx.load(str(s3_graph))
    known = {tensor.name: tensor for tensor in graph.graph.initializer}
    (last,) = (n.input[1] for n in graph.graph.node if n.name == "/quantizer/project_in/MatMul")
    names = {last: "onnx::MatMul_2536"} | {
        f"conv{number}.{kind}": f"encoders.conv{number}.{kind}" if number == 1 else onnx_name
        for number, kind, onnx_name in (
            (1, "weight", ""),
            (1, "bias", ""),
            (2, "weight", "onnx::Conv_2218"),
            (2, "bias", "onnx::Conv_2219"),
        )
    }
    for old, new in names.items():
        known[old].name = new
        for node in graph.graph.node:
            node.input[:] = [new if name == old else name for name in node.input]
    path = tmp_path / "speech_tokenizer_v2.onnx"
    onnx.save(graph, str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = s3tokenizer.onnx2torch(str(path), None, False)
    for name, tensor in read_network(load_graph(path), path).state_dict().items():
        theirs = (
            name.replace("quantizer.project_in", "quantizer._codebook.project_down")
            if name.startswith("quantizer.")
            else f"encoder.{name}"
        )
        assert torch.equal(read[theirs], tensor), name


def test_windows_cover_everything_and_none_begins_at_the_end() -> None:
    for frames in (1, 3000, 3001, 5299, 5300, 5601, 360_000):
        windows = windows_of(frames)
        assert windows[0][0] == 0
        assert windows[-1][1] == frames
        assert all(b[0] == a[0] + 2600 and a[1] - b[0] == 400 for a, b in pairwise(windows))
        assert len(windows) == 1 or windows[-1][1] - windows[-1][0] > 400


def test_what_is_missing_or_cut_off_is_one_sentence(s3_graph: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file .*facewire models pull cosyvoice2"):
        open_s3(tmp_path / "nowhere.onnx")
    short = tmp_path / "short.onnx"
    short.write_bytes(s3_graph.read_bytes()[:100_000])
    libraries: tuple[Library, ...] = ("onnxruntime", "torch")
    for library in libraries:
        with pytest.raises(ConfigError, match=r"short.onnx .*get it again|of another revision"):
            open_s3(short, library=library)


def test_another_graph_is_one_sentence(tmp_path: Path, s3_graph: Path) -> None:
    class Other(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.round()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Other(), (torch.zeros(1, 3),), str(tmp_path / "o.onnx"), dynamo=False)
    with pytest.raises(
        ConfigError, match=r"of another revision .* has 1 inputs and rounds 1 times"
    ):
        open_s3(tmp_path / "o.onnx")
    graph = onnx.load(str(s3_graph))
    for tensor in graph.graph.initializer:
        if tensor.name == "conv1.weight":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros((128, 80, 3), "f4"), tensor.name))
    onnx.save(graph, str(tmp_path / "v1.onnx"))
    with pytest.raises(ConfigError, match="does not run as CosyVoice2's speech tokenizer"):
        open_s3(tmp_path / "v1.onnx")
    with pytest.raises(ConfigError, match=r"its conv1.weight has the shape \[128, 80, 3\] where"):
        open_s3(tmp_path / "v1.onnx", library="torch")
