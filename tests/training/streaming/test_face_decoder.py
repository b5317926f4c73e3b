"""The causal Transformer that faces are read from: what it hears, remembers and knows of time."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.streaming.face_decoder import FaceDecoderConfig, FaceMemory, FaceQuery

CONFIG = FaceDecoderConfig(features=12, width=16, layers=2, heads=4, memory=10, reach=6)


def test_the_memory_is_the_same_in_any_steps_and_forgets() -> None:
    torch.manual_seed(0)
    memory = FaceMemory(CONFIG).eval()
    features, known = torch.randn(2, 60, 12), torch.ones(2, 60)
    with torch.inference_mode():
        whole = memory(features, known, *memory.past(2))[0]
        pieces, past = [], memory.past(2)
        for start, end in ((0, 1), (1, 2), (2, 7), (7, 40), (40, 60)):
            piece, *following = memory(features[:, start:end], known[:, start:end], *past)
            past = (following[0], following[1], following[2])
            pieces.append(piece)
        changed = features.clone()
        changed[:, :30] = 0
        later = memory(changed, known, *memory.past(2))[0]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-5, rtol=1e-5)
    # Each layer reaches 10 features back.
    torch.testing.assert_close(later[:, 50:], whole[:, 50:], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(later[:, 49], whole[:, 49])


def test_the_memory_does_not_hear_the_future_nor_what_is_before_the_stream() -> None:
    torch.manual_seed(0)
    memory = FaceMemory(CONFIG).eval()
    features, known = torch.randn(1, 20, 12), torch.ones(1, 20)
    known[:, :5] = 0
    changed = features.clone()
    changed[:, :5], changed[:, 15:] = 50.0, -50.0
    with torch.inference_mode():
        before = memory(features, known, *memory.past(1))[0]
        after = memory(changed, known, *memory.past(1))[0]
    torch.testing.assert_close(before[:, 5:15], after[:, 5:15], atol=1e-5, rtol=1e-5)
    assert before[:, :5].abs().max() == 0


def test_a_frame_knows_when_it_is_and_not_what_is_unknown() -> None:
    torch.manual_seed(0)
    query = FaceQuery(CONFIG).eval()
    memory, known = torch.randn(1, 6, 16), torch.ones(1, 6)
    ages = torch.arange(5.0, -1.0, -1.0)[None]
    unknown = known.clone()
    unknown[:, :2] = 0
    other = memory.clone()
    other[:, :2] = 9.0
    with torch.inference_mode():
        assert not torch.allclose(
            query.raw(memory, ages[:, None], known[:, None], ages[:, -1:]),
            query.raw(memory, ages[:, None] + 0.4, known[:, None], ages[:, -1:]),
        )
        torch.testing.assert_close(
            query(memory, ages, unknown), query(other, ages, unknown), atol=1e-6, rtol=1e-6
        )
        assert query(memory, ages, known).shape == (1, 52)
