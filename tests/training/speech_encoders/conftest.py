"""Small encoders of random weights, and the packages that judge them where they are installed."""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("transformers", reason="install transformers: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from numpy.typing import NDArray

from facewire_training.bundled_speech import bundled_speech
from facewire_training.speech_encoders.encoder import SpeechEncoder
from facewire_training.speech_encoders.hubert import random_hubert_features
from facewire_training.speech_encoders.networks.s3 import S3Network, S3Size, ids_of_codes
from facewire_training.speech_encoders.networks.seanet import SeanetSize
from facewire_training.speech_encoders.s3 import random_s3, random_s3_tokenizer
from facewire_training.speech_encoders.speechtokenizer import random_speechtokenizer
from facewire_training.speech_encoders.upstream.judges import speechtokenizer_class
from facewire_training.speech_encoders.upstream.s3_package import _import_s3tokenizer
from facewire_training.speech_encoders.wavtokenizer import random_wavtokenizer

Speech = NDArray[np.float32]
BOTH_WAYS = SeanetSize(4, 24, (2, 4, 5, 8), bidirectional=True)
ONE_WAY = SeanetSize(4, 24, (2, 4, 5, 8))
S3 = S3Size(width=128, layers=2)

TINY: dict[str, Callable[[Speech], SpeechEncoder]] = {
    "hubert": lambda _: random_hubert_features("tiny"),
    "speechtokenizer": lambda speech: random_speechtokenizer(speech, BOTH_WAYS),
    "speechtokenizer-features": lambda speech: random_speechtokenizer(
        speech, BOTH_WAYS, features=True
    ),
    "wavtokenizer": lambda speech: random_wavtokenizer(speech, ONE_WAY),
    "wavtokenizer-features": lambda speech: random_wavtokenizer(speech, ONE_WAY, features=True),
    "cosyvoice2": lambda speech: random_s3_tokenizer(speech, S3),
    "cosyvoice2-features": lambda speech: random_s3_tokenizer(speech, S3, features=True),
}


@pytest.fixture(scope="session")
def speech() -> Speech:
    """Four seconds at 16 kHz."""
    return bundled_speech().numpy()[16_000:80_000]


@pytest.fixture(scope="session", params=tuple(TINY))
def encoder(request: pytest.FixtureRequest, speech: Speech) -> SpeechEncoder:
    """Each of the paper's encoders, small."""
    return TINY[request.param](speech)


@pytest.fixture(scope="session")
def s3_network(speech: Speech) -> S3Network:
    return random_s3(speech, S3)


@pytest.fixture(scope="session")
def s3_graph(s3_network: S3Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph as CosyVoice2 publishes it: its inputs, and nodes that are called alike."""

    class Published(S3Network):
        def forward(self, mels: Any, lengths: Any) -> Any:
            return ids_of_codes(super().forward(mels, lengths))

    published = Published(S3).eval()
    published.load_state_dict(s3_network.state_dict())
    path = tmp_path_factory.mktemp("s3") / "speech_tokenizer_v2.onnx"
    example = (torch.zeros(1, 128, 400), torch.tensor([400], dtype=torch.int32))
    with warnings.catch_warnings():
        # Only the exporter that torch would like to drop calls nodes after their modules.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            published, example, str(path), dynamo=False, opset_version=17,
            input_names=["feats", "feats_length"], output_names=["indices"],
            dynamic_axes={"feats": {2: "frames"}, "indices": {1: "rows"}},
        )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def s3tokenizer() -> Any:
    """The package, which reads no sound files here."""
    if importlib.util.find_spec("s3tokenizer") is None:
        pytest.skip("install s3tokenizer: pip install --no-deps s3tokenizer==0.3.0; einops, tqdm")
    return _import_s3tokenizer()


@pytest.fixture(scope="session")
def upstream_speechtokenizer() -> Iterator[Any]:
    """The package's class, without its trainer, which wants what nobody asks for here."""
    found = importlib.util.find_spec("speechtokenizer")
    if found is None or found.submodule_search_locations is None:
        pytest.skip(
            "install speechtokenizer: pip install --no-deps speechtokenizer==1.0.1; pip install "
            "einops"
        )
    with speechtokenizer_class() as published:
        yield published
