"""The networks: causal, the same streamed as whole, and the same windows live as in training."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Tensor

from facewire import arkit
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.styles import STYLES
from facewire_training.model.decoder import (
    PLACES,
    PLACES_MS,
    Decoder,
    DecoderConfig,
    fix_style,
    gather_windows,
    window_ages,
)
from facewire_training.model.encoder import HINDSIGHT, Encoder, EncoderConfig, hindsight_targets
from facewire_training.model.frontend import HOP, LogMel, mel_filters
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.windows import (
    Faces,
    frame_times,
    lead_of,
    live_windows,
    token_windows,
)


def tiny_encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(EncoderConfig(bands=12, channels=8, kernel=3, width=16, layers=2)).eval()


def test_streamed_hops_equal_the_whole() -> None:
    encoder = tiny_encoder()
    samples = torch.randn(2, 30 * HOP) * 0.1
    with torch.no_grad():
        whole, effort, *last = encoder(samples, *encoder.past(2))
        past = encoder.past(2)
        pieces = []
        for first, count in ((0, 1), (1, 3), (4, 10), (14, 16)):
            chunk = samples[:, first * HOP : (first + count) * HOP]
            scores, _, *past = encoder(chunk, *past)
            pieces.append(scores)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(past, last, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert effort.abs().max() <= 1


def test_the_encoder_does_not_hear_the_future() -> None:
    encoder = tiny_encoder()
    samples = torch.randn(1, 20 * HOP) * 0.1
    changed = samples.clone()
    changed[:, 12 * HOP :] = torch.randn(1, 8 * HOP)
    with torch.no_grad():
        before, *_ = encoder(samples, *encoder.past(1))
        after, *_ = encoder(changed, *encoder.past(1))
    torch.testing.assert_close(before[:, :12], after[:, :12], atol=0, rtol=0)
    assert not torch.allclose(before[:, 12:], after[:, 12:])


def test_hindsight_targets_are_the_labels_of_the_past() -> None:
    targets = hindsight_targets(torch.arange(40)[None])
    assert targets.shape == (1, 40, HINDSIGHT)
    assert targets[0, 39].tolist() == list(range(39, 39 - HINDSIGHT, -1))
    assert targets[0, 2, 5] == 0


def test_a_tone_lights_up_its_mel_band() -> None:
    seconds = np.arange(10 * HOP) / 16_000
    mel = LogMel(40)
    loudest = []
    for hz in (300.0, 1000.0, 3000.0):
        tone = torch.from_numpy(np.sin(2 * np.pi * hz * seconds).astype(np.float32))[None]
        energies, _ = mel(tone, torch.zeros(1, 240))
        bins = np.arange(201) * 40.0
        centre = float(bins @ mel_filters(40)[:, int(energies[0, -1].argmax())])
        centre /= float(mel_filters(40)[:, int(energies[0, -1].argmax())].sum())
        loudest.append(abs(centre - hz) / hz)
    assert max(loudest) < 0.15


def test_windows_know_nothing_past_the_lookahead() -> None:
    for lookahead_ms in (0, 20, 40, 80, 120, 160):
        ages, known = window_ages(torch.tensor([lookahead_ms * 16.0]))
        places = [place for place, flag in zip(PLACES_MS, known[0], strict=True) if flag]
        assert max(places) == min(lookahead_ms - 10, 150)
        assert ages.min() >= 0


def test_windows_read_the_freshest_description() -> None:
    """Row `[t, d]` holds `1000 t + d`, so every value says where it was read."""
    step = torch.arange(60)[:, None] * 1000.0 + torch.arange(HINDSIGHT)
    ages = torch.tensor([[0.0, 3.0, 16.0, 20.0]])
    windows = gather_windows(step[None, :, :, None], torch.tensor([[50]]), ages)
    assert windows[0, 0, :, 0].tolist() == [50_000, 50_003, 50_016, 46_016]
    half = gather_windows(step[None, :, :, None], torch.tensor([[50]]), torch.tensor([[3.5]]))
    assert half.item() == pytest.approx(50_003.5)


def test_unknown_places_do_not_reach_the_decoder() -> None:
    torch.manual_seed(0)
    decoder = Decoder(DecoderConfig(embedding=8, width=16, layers=1)).eval()
    tokens, effort = torch.rand(1, PLACES, len(PHONES)), torch.rand(1, PLACES)
    known, heard = torch.ones(1, PLACES), torch.ones(1, PLACES)
    known[:, -5:] = 0
    other = tokens.clone()
    other[:, -5:] = 1.0
    with torch.no_grad():
        assert torch.equal(
            decoder(tokens, known, effort, heard), decoder(other, known, effort, heard)
        )
        heard[:] = 0
        assert torch.equal(
            decoder(tokens, known, effort, heard), decoder(tokens, known, -effort, heard)
        )


def test_both_roads_give_windows_of_the_same_shape() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(len(PHONES), (2, 120))
    curves, effort = torch.rand(2, 120, 52), torch.rand(2, 120)
    scores = 50.0 * torch.nn.functional.one_hot(hindsight_targets(labels), len(PHONES)).float()
    for _ in range(5):
        trust, style = (curves > 0.5).float(), torch.rand(2, len(STYLES))
        faces = Faces(curves, trust, torch.rand(2, 120), style)
        live = live_windows(scores, hindsight_targets(effort), faces, generator)
        tokens = token_windows(labels, effort, faces, generator)
        for windows in (live, tokens):
            assert windows.tokens.shape[2:] == (PLACES, len(PHONES))
            assert windows.truth.shape == (*windows.tokens.shape[:2], 52)
            assert windows.trust.shape == windows.truth.shape
            assert windows.contact.shape == windows.truth.shape[:2]
            assert torch.equal(windows.style[:, 0], style)
            assert windows.known.shape == windows.effort.shape == windows.tokens.shape[:3]
            torch.testing.assert_close(windows.tokens.sum(-1), torch.ones(windows.known.shape))


def test_frame_times_stay_inside_the_crop() -> None:
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        times = frame_times(200, generator, torch.device("cpu"))
        assert times.min() >= 40 * HOP
        assert times.max() < (200 - HINDSIGHT) * HOP


def test_the_loss_is_zero_for_the_truth_and_weighs_open_closures_more() -> None:
    loss = FaceLoss(LossConfig())
    shut = torch.zeros(1, 4, 52)
    assert loss(shut, shut).item() == 0
    open_mouth = torch.zeros(1, 4, 52)
    open_mouth[..., 17] = 0.3
    wider = open_mouth + 0.3 * (torch.arange(52) == 17)
    assert loss(open_mouth, shut) > loss(wider, open_mouth)


def test_what_is_not_trusted_costs_nothing_and_contacts_do() -> None:
    loss = FaceLoss(LossConfig())
    nothing = torch.zeros(1, 4, 52)
    face = torch.rand(1, 4, 52)
    assert loss(face, face, nothing).item() == 0
    jaw = (torch.arange(52) == 17).float().expand(1, 4, 52)
    assert loss(0.4 * jaw, torch.zeros(1, 4, 52), jaw) > loss(0.2 * jaw, torch.zeros(1, 4, 52), jaw)
    apart = loss(0.4 * jaw, 0.4 * jaw, nothing, torch.ones(1, 4))
    assert apart.item() == pytest.approx(LossConfig().contact * 0.4, rel=1e-5)


def mouth(gap: list[float]) -> Tensor:
    """A jaw that opens the lips by a gap at each frame."""
    face: Tensor = torch.zeros(1, len(gap), 52)
    face[0, :, 17] = torch.tensor(gap)
    return face


def test_lips_that_meet_a_frame_late_have_met() -> None:
    plain, asked = FaceLoss(LossConfig()), FaceLoss(LossConfig(meeting=10.0))
    truth = mouth([0.4, 0.4, 0.0, 0.4, 0.4, 0.4])
    late, later, never = (
        mouth(gap)
        for gap in (
            [0.4, 0.4, 0.4, 0.0, 0.4, 0.4],
            [0.4, 0.4, 0.4, 0.4, 0.0, 0.4],
            [0.4, 0.4, 0.4, 0.4, 0.4, 0.4],
        )
    )
    assert asked(late, truth).item() == pytest.approx(plain(late, truth).item())
    for missed in (later, never):
        more = asked(missed, truth) - plain(missed, truth)
        assert more.item() == pytest.approx(10.0 * 0.4 / 6, rel=1e-4)
    assert asked(truth, truth).item() == plain(truth, truth).item()


def test_open_lips_that_look_shut_cost_more_and_narrow_sounds_do_not() -> None:
    plain, asked = FaceLoss(LossConfig()), FaceLoss(LossConfig(apart=10.0))

    def more(said: float, truth: float) -> float:
        faces = mouth([said] * 4), mouth([truth] * 4)
        return float(asked(*faces) - plain(*faces))

    assert more(0.04, 0.4) == pytest.approx(10.0 * 0.1, rel=1e-4)
    assert more(0.2, 0.4) == more(0.0, 0.05) == 0
    assert more(0.04, 0.15) == pytest.approx(10.0 * 0.1 / 2, rel=1e-3)


def test_a_tongue_that_lacks_costs_more_than_one_too_much() -> None:
    plain, asked = FaceLoss(LossConfig()), FaceLoss(LossConfig(seen=3.0))
    for name in ("tongueOut", "mouthRollLower"):
        shown = 0.3 * (torch.arange(52) == arkit.INDEX[name]).float().expand(1, 4, 52)
        hidden = torch.zeros(1, 4, 52)
        more = asked(hidden, shown) - plain(hidden, shown)
        assert more.item() == pytest.approx(3 * 0.3, rel=1e-4)
        assert asked(shown, hidden).item() == plain(shown, hidden).item()
    jaw = mouth([0.3] * 4)
    assert asked(0 * jaw, jaw).item() == plain(0 * jaw, jaw).item()


def test_a_lead_is_for_those_who_hear_the_speaker() -> None:
    ahead = [lead_of(lookahead_ms, 20.0) for lookahead_ms in (0, 20, 40, 60, 160)]
    assert ahead == [320.0, 320.0, 160.0, 0.0, 0.0]


def test_what_is_not_trusted_gets_no_gradient() -> None:
    generator = torch.Generator().manual_seed(1)
    trust = (torch.rand(2, 5, 52, generator=generator) > 0.5).float()
    raw = torch.rand(2, 5, 52, generator=generator) * 1.4 - 0.2
    truth = torch.rand(2, 5, 52, generator=generator)
    raw.requires_grad_()
    FaceLoss(LossConfig())(raw, truth, trust).backward()
    assert raw.grad is not None
    assert raw.grad[trust == 0].abs().max() == 0
    assert (raw.grad[trust > 0] != 0).float().mean() > 0.9


def test_what_stands_in_the_truth_does_not_count_where_it_is_not_trusted() -> None:
    generator = torch.Generator().manual_seed(2)
    trust = (torch.rand(2, 5, 52, generator=generator) > 0.5).float()
    raw, truth, other = (torch.rand(2, 5, 52, generator=generator) for _ in range(3))
    loss = FaceLoss(LossConfig())
    changed = torch.where(trust > 0, truth, other)
    assert loss(raw, truth, trust).item() == loss(raw, changed, trust).item()


def test_a_fixed_style_is_the_style_that_was_given() -> None:
    torch.manual_seed(0)
    decoder = Decoder(DecoderConfig(embedding=8, width=16, layers=2)).eval()
    for weight in decoder.styles.parameters():
        torch.nn.init.normal_(weight)
    mask = torch.ones(3, PLACES)
    window = (torch.rand(3, PLACES, len(PHONES)), mask, torch.rand(3, PLACES), mask)
    style = torch.tensor([0.5, 0.0])
    with torch.no_grad():
        plain, wanted = decoder.raw(*window), decoder.raw(*window, style.expand(3, 2))
        fix_style(decoder, style[:, None].expand(2, 52))
        torch.testing.assert_close(decoder.raw(*window), wanted)
    assert not torch.allclose(plain, wanted)
