"""The second stage as a stream: what it says does not depend on the future, or on how it is cut."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Tensor

from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import (
    Chosen,
    CodeDecoder,
    CodeStep,
    DecoderConfig,
    FaceBetweenRows,
    Said,
)
from facewire_training.speech_encoders.phone_rows import WIDTH

ROWS = 60


def small_decoder(said: Said = "codes") -> CodeDecoder:
    torch.manual_seed(2)
    codes = Autoencoder(AutoencoderConfig(groups=2, size=8, code=4, width=32))
    config = DecoderConfig(said=said, width=32, memory=10)
    return CodeDecoder(config, codes).eval().requires_grad_(False)


def streamed(decoder: CodeDecoder, rows: Tensor, style: Tensor, chosen: Chosen = "mean") -> Tensor:
    step = CodeStep(decoder, chosen)
    pasts = step.past(len(rows))
    faces = []
    for place in range(rows.shape[1]):
        face, *following = step(rows[:, place : place + 1], torch.ones(len(rows), 1), style, *pasts)
        pasts = (following[0], following[1], following[2], following[3])
        faces.append(face)
    joined: Tensor = torch.cat(faces, dim=1)
    return joined


@pytest.fixture(scope="module")
def rows() -> Tensor:
    drawn: Tensor = torch.rand(2, ROWS, WIDTH, generator=torch.Generator().manual_seed(3))
    return drawn


STYLE = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize("chosen", ["mean", "best"])
def test_the_future_changes_nothing(rows: Tensor, chosen: Chosen) -> None:
    decoder, others = small_decoder(), rows.clone()
    others[:, 40:] = 0
    same = streamed(decoder, rows, STYLE, chosen)[:, :40]
    torch.testing.assert_close(streamed(decoder, others, STYLE, chosen)[:, :40], same)


def test_a_stream_is_what_training_sees_of_the_same_codes(rows: Tensor) -> None:
    decoder = small_decoder()
    step, said = CodeStep(decoder), []
    pasts = step.past(2)
    for place in range(ROWS):
        _, *following = step(rows[:, place : place + 1], torch.ones(2, 1), STYLE, *pasts)
        pasts = (following[0], following[1], following[2], following[3])
        said.append(pasts[3][:, -1:])
    own = torch.cat(said, dim=1)
    recalled = torch.nn.functional.pad(own, (0, 0, 1, 0))[:, :-1]
    whole, _ = decoder(rows, torch.ones(2, ROWS), recalled, decoder.vector(STYLE), decoder.past(2))
    torch.testing.assert_close(decoder.latents(whole), own, atol=1e-5, rtol=1e-4)
    faces = decoder.codes.faces(own).clamp(0, 1)
    torch.testing.assert_close(faces, streamed(decoder, rows, STYLE), atol=1e-5, rtol=1e-4)


def test_what_is_long_past_is_forgotten(rows: Tensor) -> None:
    """Once all pasts have gone by, a stream is the same whatever was before; its codes are fed
    back, so it may take longer than the windows.
    """
    decoder, others = small_decoder("weights"), rows.clone()
    others[:, :20] = 0
    faces, changed = streamed(decoder, rows, STYLE), streamed(decoder, others, STYLE)
    reach = decoder.config.layers * decoder.config.memory
    assert (faces - changed)[:, 19].abs().max() > 1e-4
    torch.testing.assert_close(faces[:, 20 + reach :], changed[:, 20 + reach :])


def test_rows_before_the_stream_leave_no_trace(rows: Tensor) -> None:
    decoder = small_decoder()
    step = CodeStep(decoder)
    _, *following = step(rows[:, :1], torch.zeros(2, 1), STYLE, *step.past(2))
    later, *_ = step(rows[:, 1:2], torch.ones(2, 1), STYLE, *following)
    first, *_ = step(rows[:, 1:2], torch.ones(2, 1), STYLE, *step.past(2))
    torch.testing.assert_close(later, first)


def test_styles_differ(rows: Tensor) -> None:
    decoder = small_decoder()
    other = STYLE.roll(1, dims=1)
    assert (streamed(decoder, rows, STYLE) - streamed(decoder, rows, other)).abs().max() > 1e-3


def test_a_face_lies_on_the_line_between_rows() -> None:
    memory = torch.rand(1, 4, 52)
    between, known = FaceBetweenRows(), torch.ones(1, 4)
    for ages, expected in (
        ([2.25, 1.25, 0.25, -0.75], 0.75 * memory[:, 2] + 0.25 * memory[:, 3]),
        ([3.0, 2.0, 1.0, 0.0], memory[:, 3]),
        ([2.0, 1.0, 0.0, -1.0], memory[:, 2]),
        ([5.5, 4.5, 3.5, 2.5], memory[:, 3]),
    ):
        found = between(memory, torch.tensor([ages]), known)
        torch.testing.assert_close(found, expected)
    held = between(memory, torch.tensor([[2.5, 1.5, 0.5, -0.5]]), torch.tensor([[0.0, 0, 0, 1]]))
    torch.testing.assert_close(held, memory[:, 3])
    assert not between(memory, torch.zeros(1, 4), torch.zeros(1, 4)).any()
