"""The road to a decoder of CosyVoice's ids, on stand-in ids of a few seconds of speech."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.tokens import TokenChunk
from facewire_engines.cosyvoice.decoder import AFTER, BEFORE, REST, load_decoder
from facewire_engines.cosyvoice.tokens import STAND_IN, VOCABULARY, digits
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import Shard
from facewire_training.data.shards import write as write_shard
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.phones import PhoneInterval
from facewire_training.recipes.cosyvoice.batches import TokenBatches
from facewire_training.recipes.cosyvoice.export import load_run, write_model
from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig
from facewire_training.recipes.cosyvoice.stand_in import (
    StandInTokenizer,
    learn,
    load_stand_in,
    save,
)
from facewire_training.recipes.cosyvoice.token_shards import from_phones, load_tokens, write
from facewire_training.recipes.cosyvoice.train import RunConfig, Training, train
from facewire_training.speech_encoders.upstream.s3_package import load_s3

SAID = ("sil", "b", "aa", "m", "iy", "p", "uw", "f", "ae", "sil")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads of torch wait for each other on a busy machine; these networks are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def speech(seconds: float, seed: int) -> Utterance:
    """Noise that is said to be these phones: the stand-in reads them, and hears only loudness."""
    rng = np.random.default_rng(seed)
    samples: Samples = (0.1 * rng.standard_normal(int(16_000 * seconds))).astype(np.float32)
    times = np.linspace(0, seconds, len(SAID) + 1)
    phones = tuple(
        PhoneInterval(float(a), float(b), INDEX[label])
        for a, b, label in zip(times, times[1:], SAID, strict=False)
    )
    return Utterance(f"u{seed}", samples, phones, "somebody", "made")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("corpus")
    shard = write_shard(folder / "made", [speech(1.3 + 0.4 * i, i) for i in range(4)], {"n": 4})
    save_targets(folder, shard, make_targets(shard))
    return folder


@pytest.fixture(scope="module")
def shard(corpus: Path) -> Shard:
    from facewire_training.data.shards import load

    return load(corpus)[0]


@pytest.fixture(scope="module")
def tokenizer(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> StandInTokenizer:
    path: Path = tmp_path_factory.mktemp("stand_in") / "stand_in.pt"
    save(learn(corpus, steps=150, seed=0), path)
    return load_stand_in(path)


@pytest.fixture(scope="module")
def tokens(
    shard: Shard, tokenizer: StandInTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder: Path = tmp_path_factory.mktemp("tokens")
    write(folder / "made.npz", shard, STAND_IN.name, 7, from_phones(tokenizer))
    return folder


def batches(corpus: Path, tokens: Path) -> TokenBatches:
    return TokenBatches(corpus, tokens, batch=3, frames=10, seed=0)


def test_stand_in_ids_tell_the_phones(tokenizer: StandInTokenizer) -> None:
    labels = np.repeat([INDEX[label] for label in SAID], 8)
    ids = tokenizer.ids(labels, np.zeros(len(labels)))
    assert len(ids) == 2 * len(SAID)
    assert 0 <= ids.min() <= ids.max() < VOCABULARY
    decoded = tokenizer.decode(torch.from_numpy(digits(ids)).float())[:, :-1]
    read = decoded.reshape(-1, len(PHONES)).argmax(-1).numpy()
    assert (read == labels).mean() > 0.8


def test_there_is_an_id_for_every_whole_40_ms(shard: Shard, tokens: Path) -> None:
    ids = load_tokens(tokens, shard)
    lengths = np.diff(shard.starts) // 640
    np.testing.assert_array_equal(np.diff(ids.first), lengths)
    assert (ids.space, ids.silence) == (STAND_IN.name, 7)


@pytest.mark.parametrize("number", [-1, VOCABULARY])
def test_ids_out_of_range_are_one_sentence(
    shard: Shard, tokens: Path, tmp_path: Path, number: int
) -> None:
    with np.load(tokens / "made.npz") as found:
        kept = dict(found)
    kept["ids"][-1] = number
    np.savez(tmp_path / "made.npz", **kept)
    with pytest.raises(ConfigError, match=rf"holds tokens from .*{number}.*, but there are 6561"):
        load_tokens(tmp_path, shard)


def test_a_window_holds_the_ids_around_its_frame(corpus: Path, tokens: Path, shard: Shard) -> None:
    ids = load_tokens(tokens, shard)
    spoken = {tuple(ids.tokens(i)[a : a + 3]) for i in range(len(shard)) for a in range(200)}
    for step in range(5):
        windows = batches(corpus, tokens).draw(step)
        assert windows.tokens.shape == (3, 10, BEFORE + 1 + AFTER)
        assert bool((windows.known[..., :BEFORE] == 1).all())
        for run in windows.tokens.reshape(-1, BEFORE + 1 + AFTER).tolist():
            for a in range(len(run) - 2):
                part = tuple(run[a : a + 3])
                assert REST in part or part in spoken


def test_batches_are_the_same_for_the_same_seed(corpus: Path, tokens: Path) -> None:
    first, again = (batches(corpus, tokens).draw(3) for _ in range(2))
    torch.testing.assert_close(first.tokens, again.tokens)
    torch.testing.assert_close(first.truth, again.truth)


@pytest.mark.parametrize("embedding", ["plain", "digits"])
def test_a_run_learns_resumes_and_becomes_an_engine(
    corpus: Path, tokens: Path, tmp_path: Path, embedding: str
) -> None:
    small = NetworkConfig(embedding=embedding, features=8, width=32, layers=1)  # type: ignore[arg-type]
    config = RunConfig(network=small, space=STAND_IN.name, steps=60, batch=3, frames=10)
    before = Training(config, tmp_path / "none").losses(batches(corpus, tokens).draw(0))
    train(config, batches(corpus, tokens), tmp_path)
    after = Training(config, tmp_path)
    assert after.step == 60
    assert after.losses(batches(corpus, tokens).draw(0))["face"] < before["face"]
    network, space = load_run(tmp_path)
    write_model(network, space, tmp_path / "model", "test")
    decoder = load_decoder(tmp_path / "model")
    assert decoder.space == STAND_IN
    session = decoder.session()
    chunk = TokenChunk(np.full(25, 7, np.int32), STAND_IN, 0, 0, decoder.sample_rate)
    assert len(session.push(chunk) + session.flush()) == 60
    with pytest.raises(ConfigError, match="choose another --run"):
        Training(RunConfig(network=small, space="cosyvoice2"), tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(
    corpus: Path, tokens: Path, tmp_path: Path
) -> None:
    small = NetworkConfig(features=8, width=32, layers=1)
    config = RunConfig(network=small, space=STAND_IN.name, steps=2, batch=3, frames=10)
    train(config, batches(corpus, tokens), tmp_path)
    kept = (tmp_path / "checkpoint.pt").read_bytes()
    longer = replace(config, steps=4)
    drawn = batches(corpus, tokens)
    _, targets, _ = drawn.shards[0]
    object.__setattr__(targets, "curves", np.full(targets.curves.shape, np.nan, np.float32))
    with pytest.raises(ConfigError, match=r"the loss \(face\) of batch 2 is no number; nothing"):
        train(longer, drawn, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == kept
    assert Training(longer, tmp_path).step == 2


def test_digits_are_embedded_alike_in_training_and_after() -> None:
    torch.manual_seed(0)
    network = Network(NetworkConfig(features=8, width=16))
    ids = torch.randint(0, REST + 1, (2, 16))
    ids[0, 0] = REST
    trained = network.train().embed(ids)
    torch.testing.assert_close(network.eval().embed(ids), trained)


def test_ids_that_differ_in_no_digit_but_one_share_features() -> None:
    torch.manual_seed(0)
    network = Network(NetworkConfig(features=8, width=16)).train()
    network.embed(torch.tensor([[4]])).sum().backward()
    gradient = network.embed.rows.weight.grad
    assert gradient is not None
    assert int(torch.count_nonzero(gradient.abs().sum(dim=1))) == 8


def test_the_tokenizer_of_cosyvoice_is_asked_for_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which you have to download yourself"):
        load_s3(tmp_path / "speech_tokenizer_v2.onnx")


def test_the_command_says_what_is_missing(corpus: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [
            sys.executable, "-m", "facewire_training.recipes.cosyvoice.token_shards",
            "--corpus", corpus, "--out", tmp_path, "--s3", tmp_path / "speech_tokenizer_v2.onnx",
        ],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith("error: there is no ")
    with pytest.raises(ConfigError, match="no ids"):
        TokenBatches(corpus, tmp_path, batch=1, frames=2, seed=0)
