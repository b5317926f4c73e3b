"""WavTokenizer's ids and vectors are those of its authors' classes, and of EnCodec's encoder."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import EncodecConfig, EncodecModel

from facewire.errors import ConfigError
from facewire_training.speech_encoders.networks.codebooks import random_codebooks
from facewire_training.speech_encoders.networks.seanet import SeanetSize, random_seanet
from facewire_training.speech_encoders.upstream.judges import wavtokenizer_modules
from facewire_training.speech_encoders.wavtokenizer import open_wavtokenizer, resampled

SIZE = SeanetSize(4, 24, (2, 4, 5, 8))
WHOLE = "feature_extractor.encodec."


def published(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's tensors under the names of the published checkpoint."""
    named = {}
    for name, tensor in tensors.items():
        start, _, kind = name.rpartition(".")
        if ".lstm." in name:
            named[name] = tensor
        elif kind == "bias":
            named[f"{start}.conv.conv.bias"] = tensor
        else:
            named[f"{start}.conv.conv.weight_g"] = tensor.norm(dim=(1, 2), keepdim=True)
            named[f"{start}.conv.conv.weight_v"] = tensor * 3
    return named


def write(path: Path, size: SeanetSize, vocabulary: int = 4096, codebooks: int = 1) -> Path:
    """Write a checkpoint of Lightning, with what it writes beside the tensors."""
    encoder = random_seanet(size, 5)
    generator = torch.Generator().manual_seed(1)
    sound = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 9_600), np.float32))
    with torch.no_grad():
        rows = encoder(sound * 0.1)[0]
    tensors = {f"{WHOLE}encoder.{k}": v for k, v in published(encoder.state_dict()).items()}
    for number, table in enumerate(random_codebooks(codebooks, vocabulary, rows, 5).tables):
        tensors[f"{WHOLE}quantizer.vq.layers.{number}._codebook.embed"] = table
    tensors["head.out.weight"] = torch.rand(3, 3, generator=generator)
    settings = argparse.Namespace(sample_rate=24_000, folder=Path("somewhere"))
    torch.save({"state_dict": tensors, "epoch": 7, "hyper_parameters": settings}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("wav") / "WavTokenizer_small.ckpt", SIZE)


def tensors_of(checkpoint: Path, part: str) -> dict[str, Tensor]:
    with torch.serialization.safe_globals([argparse.Namespace, type(Path()), Path]):
        tensors = torch.load(checkpoint, weights_only=False)["state_dict"]
    start = WHOLE + part
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


@pytest.fixture(scope="module")
def upstream(request: pytest.FixtureRequest) -> Any:
    """The encoder package of a clone, which reads no sound files here."""
    clone: Path | None = request.config.getoption("--wavtokenizer")
    if clone is None:
        pytest.skip("name a clone of jishengpeng/WavTokenizer with --wavtokenizer")
    pytest.importorskip("einops", reason="the clone needs einops: pip install einops")
    with wavtokenizer_modules(clone) as modules:
        yield modules


@pytest.mark.filterwarnings("ignore")  # it calls torch as torch was
@pytest.mark.parametrize("samples", [214, 5_000, 33_333])
def test_ids_and_vectors_match_upstream(
    checkpoint: Path, speech: NDArray[np.float32], upstream: Any, samples: int
) -> None:
    modules, quantization = upstream
    encoder = modules.SEANetEncoder(
        dimension=24, n_filters=4, ratios=[8, 5, 4, 2], norm="weight_norm", pad_mode="reflect"
    ).eval()
    encoder.load_state_dict(tensors_of(checkpoint, "encoder."))
    quantizer = quantization.ResidualVectorQuantizer(dimension=24, n_q=1, bins=4096).eval()
    codebook = quantizer.vq.layers[0]._codebook
    codebook.embed.copy_(tensors_of(checkpoint, "quantizer.vq.layers.0._codebook.")["embed"])
    codebook.inited.fill_(1)
    sound = torch.from_numpy(resampled(speech[None, :samples]))
    with torch.no_grad():
        result = quantizer.infer(encoder(sound[None]), 75)
    (ids,) = open_wavtokenizer(checkpoint).encode([speech[:samples]])
    (vectors,) = open_wavtokenizer(checkpoint, features=True).encode([speech[:samples]])
    assert len(ids) == samples * 75 // 16_000
    assert np.array_equal(ids[:, 0], result.codes[0, 0].numpy()[: len(ids)])
    assert np.abs(vectors - result.quantized[0].T.numpy()[: len(ids)]).max() < 1e-5


def test_the_encoder_is_encodecs(checkpoint: Path, speech: NDArray[np.float32]) -> None:
    """Of transformers, with the settings of WavTokenizer, and the nearest vector by hand."""
    config = EncodecConfig(
        num_filters=4, hidden_size=24, codebook_dim=24, upsampling_ratios=[8, 5, 4, 2],
        use_causal_conv=False, pad_mode="reflect", norm_type="weight_norm",
    )  # fmt: skip
    encoder = EncodecModel(config).encoder.eval()
    renamed = {
        name.replace("model.", "layers.", 1)
        .replace(".conv.conv.", ".conv.")
        .replace("weight_g", "parametrizations.weight.original0")
        .replace("weight_v", "parametrizations.weight.original1"): tensor
        for name, tensor in tensors_of(checkpoint, "encoder.").items()
    }
    encoder.load_state_dict(renamed)
    sound = torch.from_numpy(resampled(speech[None, :33_333]))
    with torch.no_grad():
        rows = encoder(sound[None])[0].T.double()
    table = tensors_of(checkpoint, "quantizer.vq.layers.0._codebook.")["embed"].double()
    distances = torch.cdist(rows, table)
    (ids,) = open_wavtokenizer(checkpoint).encode([speech[:33_333]])
    chosen = distances.gather(1, torch.from_numpy(ids).long())[:, 0]
    # Each is the nearest, or one that is as near to six digits.
    assert torch.allclose(chosen, distances[: len(ids)].amin(1), rtol=1e-5)
    assert (distances.argmin(1)[: len(ids)].numpy() == ids[:, 0]).mean() > 0.99


def test_a_folder_with_one_checkpoint_does_as_well(checkpoint: Path) -> None:
    assert open_wavtokenizer(checkpoint.parent).representation.vocabulary == 4096


def test_nothing_that_a_file_asks_for_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"state_dict": {"a": torch.zeros(1)}, "trap": Trap()}, tmp_path / "trap.ckpt")
    with pytest.raises(ConfigError):
        open_wavtokenizer(tmp_path / "trap.ckpt")
    assert not (tmp_path / "sprung").exists()


def test_weights_that_are_missing_or_cut_off_are_one_sentence(
    checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"no file .*x.ckpt with the weights of WavTokenizer"):
        open_wavtokenizer(tmp_path / "x.ckpt")
    with pytest.raises(ConfigError, match=r"holds 0 files .ckpt; name the one"):
        open_wavtokenizer(tmp_path)
    short = tmp_path / "short.ckpt"
    short.write_bytes(checkpoint.read_bytes()[:60_000])
    with pytest.raises(ConfigError, match=r"cannot be read as the weights of WavTokenizer \("):
        open_wavtokenizer(short)


def test_another_revision_or_network_is_one_sentence(tmp_path: Path) -> None:
    slow = write(tmp_path / "slow.ckpt", SeanetSize(4, 24, (4, 5, 5, 6)))
    with pytest.raises(ConfigError, match=r"1 x 4096 ids, one for every 600 samples, where 1 x"):
        open_wavtokenizer(slow)
    several = write(tmp_path / "several.ckpt", SIZE, vocabulary=1024, codebooks=2)
    with pytest.raises(ConfigError, match=r"another revision of WavTokenizer: 2 x 1024 ids"):
        open_wavtokenizer(several)
    torch.save({"state_dict": {"a": torch.zeros(1)}}, tmp_path / "other.ckpt")
    with pytest.raises(ConfigError, match="holds no encoder and codebook of WavTokenizer; take"):
        open_wavtokenizer(tmp_path / "other.ckpt")
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(ConfigError, match="no tensors with names"):
        open_wavtokenizer(tmp_path / "list.ckpt")
