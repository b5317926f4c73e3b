"""HuBERT as a stream: the same numbers as transformers where nothing is cut, and exact pasts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
transformers = pytest.importorskip(
    "transformers", reason="install transformers: pip install -e '.[train]'"
)

from torch.nn import functional

from facewire_training.bundled_speech import bundled_speech
from facewire_training.recipes.hubert.front_end import StreamedFrontEnd, offline_features
from facewire_training.recipes.hubert.running_norm import RunningNorm, Statistics
from facewire_training.recipes.hubert.window import StreamedHubert, WindowedHubert, all_known
from facewire_training.speech_encoders.networks.hubert_checkpoints import (
    BEFORE,
    HOP,
    SIZES,
    random_hubert,
)

LARGE = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
"""How the larger HuBERTs differ in kind."""
SECONDS = 2


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks as small as these are slower on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=["base", "large"])
def hubert(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A small HuBERT of each kind, whose norms do something."""
    monkeypatch.setitem(SIZES, "kind", SIZES["tiny"] | (LARGE if request.param == "large" else {}))
    model = random_hubert("kind")
    torch.manual_seed(1)
    with torch.no_grad():
        for layer in model.feature_extractor.conv_layers:
            if hasattr(layer, "layer_norm"):
                layer.layer_norm.weight.uniform_(0.5, 1.5)
                layer.layer_norm.bias.normal_(0, 0.2)
    return model


@pytest.fixture(scope="module")
def speech() -> Any:
    return bundled_speech()[: SECONDS * 50 * HOP]


def stream(front_end: StreamedFrontEnd, speech: Any, hops: int) -> Any:
    past, features = front_end.past(1), []
    for samples in speech.unfold(0, hops * HOP, hops * HOP):
        piece, *following = front_end(samples[None], *past)
        past = tuple(following)
        features.append(piece)
    return torch.cat(features, dim=1)


@pytest.mark.parametrize("hops", [1, 5])
def test_the_streamed_front_end_is_that_of_transformers_with_the_same_statistics(
    hubert: Any, speech: Any, hops: int
) -> None:
    # Statistics of just what the offline form measures, so firm that nothing changes them.
    measured = functional.pad(speech, (BEFORE, 0)) if SIZES["kind"] == SIZES["tiny"] else speech
    with torch.inference_mode():
        whole = offline_features(hubert, speech, normalised=True)
        front_end = StreamedFrontEnd(
            hubert, measured, normalised=True, prior_seconds=1e9, memory_seconds=1e10
        )
        streamed = stream(front_end, speech, hops)
    assert streamed.shape == whole.shape == (1, SECONDS * 50, 16)
    # The first feature sees zeros in place of what the layers say about silence.
    torch.testing.assert_close(streamed[:, 1:], whole[:, 1:], atol=1e-3, rtol=1e-3)
    assert whole.std() > 0.1


def test_a_feature_comes_with_its_hop_and_does_not_know_the_next(hubert: Any, speech: Any) -> None:
    front_end = StreamedFrontEnd(hubert, speech, normalised=True)
    changed = speech.clone()
    changed[50 * HOP :] = 0.3
    with torch.inference_mode():
        before, after = stream(front_end, speech, 1), stream(front_end, changed, 1)
    torch.testing.assert_close(before[:, :50], after[:, :50], atol=0, rtol=0)
    assert not torch.allclose(before[:, 50], after[:, 50])


def test_a_window_that_holds_everything_is_transformers_own_answer(
    hubert: Any, speech: Any
) -> None:
    normal = (speech - speech.mean()) / (speech.var(unbiased=False) + 1e-7).sqrt()
    with torch.inference_mode():
        expected = hubert(functional.pad(normal, (BEFORE, 0))[None]).last_hidden_state
        features = offline_features(hubert, speech, normalised=True)
        found = WindowedHubert(hubert).hidden(features, all_known(features))
    assert len(found) == 3
    torch.testing.assert_close(found[-1], expected, atol=1e-4, rtol=1e-4)


def test_what_is_unknown_in_a_window_changes_nothing(hubert: Any) -> None:
    window = WindowedHubert(hubert)
    features = torch.randn(2, 30, 16)
    known = torch.ones(2, 30)
    known[:, :12] = 0
    other = features.clone()
    other[:, :12] = 100 * torch.randn(2, 12, 16)
    with torch.inference_mode():
        first, second = window.hidden(features, known)[-1], window.hidden(other, known)[-1]
    torch.testing.assert_close(first[:, 12:], second[:, 12:], atol=1e-5, rtol=1e-5)


def test_steps_of_a_stream_see_their_windows(hubert: Any) -> None:
    window = WindowedHubert(hubert)
    streamed = StreamedHubert(window, window=20, rows=6)
    features = torch.randn(1, 40, 16)
    past = streamed.past(1, new=4)
    with torch.inference_mode():
        for end in range(4, 41, 4):
            found, *following = streamed(features[:, end - 4 : end], *past)
            past = (following[0], following[1])
            seen = features[:, max(0, end - 20) : end]
            # Before the stream the convolution of positions sees zeros, as it does offline.
            expected = window.hidden(seen, all_known(seen))[-1][:, -6:]
            rows = expected.shape[1]
            torch.testing.assert_close(found[:, 6 - rows :], expected, atol=1e-4, rtol=1e-4)


def test_fewer_layers_are_the_lower_ones(hubert: Any) -> None:
    features = torch.randn(1, 10, 16)
    with torch.inference_mode():
        one = WindowedHubert(hubert, layers=1).hidden(features, all_known(features))
        both = WindowedHubert(hubert).hidden(features, all_known(features))
    assert len(one) == 2
    torch.testing.assert_close(one[0], both[0])


def test_running_statistics_come_to_those_of_the_stream() -> None:
    prior = Statistics(torch.zeros(3), torch.ones(3))
    norm = RunningNorm(prior, rate=100, epsilon=0.0, prior_seconds=1.0, memory_seconds=50.0)
    x = torch.randn(2, 3, 100 * 100) * 4 + 10
    past = norm.past(2)
    for piece in x.unfold(2, 20, 20).unbind(2):
        found, past = norm(piece, past)
    assert found.mean().abs() < 0.3
    assert found.std() == pytest.approx(1, abs=0.15)
    heard = past + norm.start
    torch.testing.assert_close(heard[:, 1], torch.full((2, 3), 10.0), atol=0.3, rtol=0)
    assert heard[:, 0].max() <= 50 * 100


def test_running_statistics_are_exact_while_nothing_is_forgotten() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 4, 1000) * 3 + 7
    begin = Statistics.of(x[..., :500])
    norm = RunningNorm(begin, rate=500, epsilon=0.0, prior_seconds=1.0, memory_seconds=100.0)
    past = norm.past(1)
    for piece in x[..., 500:].unfold(2, 50, 50).unbind(2):
        _, past = norm(piece, past)
    whole = Statistics.of(x)
    heard = (past + norm.start)[0]
    torch.testing.assert_close(heard[1], whole.mean, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(heard[2], whole.variance, atol=1e-3, rtol=1e-4)


def test_silence_is_not_raised_without_end() -> None:
    prior = Statistics(torch.zeros(1), torch.ones(1))
    norm = RunningNorm(prior, rate=100, epsilon=0.0, prior_seconds=0.1, memory_seconds=1.0)
    past, noise = norm.past(1), torch.randn(1, 1, 100) * 1e-3
    for _ in range(20):
        found, past = norm(noise, past)
    assert found.abs().max() < 0.05


def test_training_code_of_hubert_is_not_in_the_runtime() -> None:
    root = Path(__file__).parents[3]
    for folder in ("runtime", "engines"):
        for path in (root / folder).rglob("*.py"):
            assert "import transformers" not in path.read_text(encoding="utf-8")
