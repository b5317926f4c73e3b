"""The streaming decoder: pieces equal the whole, no row is read too early, any rate, any length."""

from fractions import Fraction
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.decoders.streaming import (
    Streaming,
    StreamingConfig,
)
from facewire_training.speech_encoders.encoder import Representation

RATE = Fraction(25)
FEATURES = Representation("features", "semantic", RATE, width=12, middle=Fraction(1, 4))
KINDS = {
    "features": FEATURES,
    "ids": Representation("ids", "labels", RATE, codebooks=1, vocabulary=50),
    "ids of three codebooks": Representation(
        "levels", "acoustic", Fraction(75), codebooks=3, vocabulary=20
    ),
}
SMALL = StreamingConfig(width=32, layers=2, heads=4, memory_ms=400, reach_ms=480, dropout=0.0)
ANY = torch.Generator()


@pytest.fixture(params=KINDS)
def decoder(request: pytest.FixtureRequest) -> Streaming:
    return made(KINDS[request.param])


def made(representation: Representation, frame_rate: Fraction = Fraction(30)) -> Streaming:
    torch.manual_seed(0)
    decoder = Streaming(SMALL, Setting(representation, frame_rate)).eval()
    with torch.no_grad():
        decoder.query.query.normal_()
    return decoder.requires_grad_(False)


def speech_of(decoder: Streaming, *seconds: float) -> Speech:
    representation = decoder.setting.representation
    lengths = torch.tensor([int(length * representation.rate) for length in seconds])
    rows = torch.zeros(len(seconds), int(lengths.max()), representation.width)
    if representation.is_ids:
        rows = torch.zeros(len(seconds), int(lengths.max()), representation.codebooks).long()
    generator = torch.Generator().manual_seed(1)
    for row, length in zip(rows, lengths.tolist(), strict=True):
        row[:length] = (
            torch.randint(representation.vocabulary, row[:length].shape, generator=generator)
            if representation.is_ids
            else torch.randn(row[:length].shape, generator=generator)
        )
    return Speech(rows, lengths)


def step_by_step(decoder: Streaming, speech: Speech, frames: int, lookahead_ms: int) -> Any:
    """Decode one utterance as an engine does: a row at a time, its pasts carried along."""
    setting, reach = decoder.setting, decoder.query.config.reach
    rate, middle = setting.representation.rate, setting.representation.middle
    past = decoder.memory.past(1)
    memory = torch.zeros(1, reach, decoder.config.width)
    taken, told = 0, []
    for frame in range(frames):
        moment = frame / setting.frame_rate
        # The end of an utterance is not the end of a stream.
        heard = min(int((moment + Fraction(lookahead_ms, 1000)) * rate // 1), len(speech.rows[0]))
        while taken < heard:
            row = speech.rows[:, taken : taken + 1]
            new, *following = decoder.memory(row, torch.ones(1, 1), *past)
            past = (following[0], following[1], following[2])
            memory = torch.cat((memory, new), dim=1)[:, -reach:]
            taken += 1
        places = range(heard - reach, heard)
        ages = torch.tensor([[float(moment * rate - place - middle) for place in places]])
        known = torch.tensor([[float(place >= 0) for place in places]])
        told.append(decoder.query(memory, ages, known))
    return torch.cat(told)[None]


@pytest.mark.parametrize("lookahead_ms", [-80, 40, 160])
def test_a_stream_gets_the_faces_of_the_whole(decoder: Streaming, lookahead_ms: int) -> None:
    speech = speech_of(decoder, 3)
    whole = decoder.faces(speech, 90, ANY, lookahead_ms=lookahead_ms)
    stepped = step_by_step(decoder, speech, 90, lookahead_ms)
    torch.testing.assert_close(stepped, whole.clamp(0, 1), atol=1e-5, rtol=0)
    assert whole.std(1).max() > 0.01


@pytest.mark.parametrize("at_once_s", [0.1, 1.7])
def test_pieces_equal_the_whole(decoder: Streaming, at_once_s: float) -> None:
    speech = speech_of(decoder, 4, 2.5)
    whole = decoder.faces(speech, 120, ANY, at_once_s=100)
    pieces = decoder.faces(speech, 120, ANY, at_once_s=at_once_s)
    for found, expected, frames in zip(pieces, whole, (120, 75), strict=True):
        torch.testing.assert_close(found[:frames], expected[:frames], atol=1e-5, rtol=0)


def test_company_changes_nothing(decoder: Streaming) -> None:
    speech = speech_of(decoder, 4, 2)
    both = decoder.faces(speech, 120, ANY)
    rows = int(speech.lengths[1])
    alone = decoder.faces(Speech(speech.rows[1:, :rows], speech.lengths[1:]), 60, ANY)
    torch.testing.assert_close(both[1:, :60], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("lookahead_ms", [-80, 0, 80, 160])
def test_no_row_is_read_that_ends_after_the_lookahead(
    decoder: Streaming, lookahead_ms: int
) -> None:
    speech, changed = speech_of(decoder, 3), speech_of(decoder, 3)
    rate = decoder.setting.representation.rate
    cut = int(1.6 * rate)
    changed.rows[:, cut:] = changed.rows.flip(1)[:, cut:]
    before = decoder.faces(speech, 90, ANY, lookahead_ms=lookahead_ms)
    after = decoder.faces(changed, 90, ANY, lookahead_ms=lookahead_ms)
    ends = (cut + 1) / rate - Fraction(lookahead_ms, 1000)
    first = -int(-ends * decoder.setting.frame_rate // 1)  # the first frame that may read it
    torch.testing.assert_close(before[:, :first], after[:, :first], atol=0, rtol=0)
    assert not torch.allclose(before[:, first], after[:, first], atol=1e-6)


def test_frame_rates_agree_where_their_frames_coincide(decoder: Streaming) -> None:
    speech = speech_of(decoder, 3)
    slow = decoder.faces(speech, 90, ANY, frame_rate=Fraction(30))
    fast = decoder.faces(speech, 180, ANY, frame_rate=Fraction(60))
    ntsc = decoder.faces(speech, 89, ANY, frame_rate=Fraction(30_000, 1001))
    torch.testing.assert_close(fast[:, ::2], slow, atol=1e-5, rtol=0)
    assert (ntsc - slow[:, :89]).abs().mean() < 0.2 * slow.std()


@pytest.mark.parametrize("minutes", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_after_long_speech_the_same_is_said_as_at_first(minutes: int) -> None:
    decoder = made(FEATURES)
    piece = speech_of(decoder, 12)
    turns = minutes * 5
    speech = Speech(piece.rows.repeat(1, turns, 1), piece.lengths * turns)
    frames = decoder.faces(speech, turns * 360, ANY)
    assert frames.isfinite().all()
    last, second = frames[:, -360:-30], frames[:, 360:690]
    torch.testing.assert_close(last, second, atol=1e-4, rtol=0)


@pytest.mark.slow
def test_it_learns_what_each_lookahead_can_tell() -> None:
    """The jaw is what the row says that ends 100 ms later: who may not hear it has to guess."""
    torch.manual_seed(0)
    decoder = Streaming(SMALL, Setting(FEATURES, Fraction(30)))
    optimiser = torch.optim.AdamW(decoder.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(120):
        optimiser.zero_grad()
        total: Any = decoder.losses(told(16, generator), generator)["total"]
        total.backward()
        optimiser.step()
    decoder.eval()
    batch = told(32, generator)

    def error(lookahead_ms: int) -> float:
        with torch.inference_mode():
            found = decoder.faces(batch.speech, 60, ANY, lookahead_ms=lookahead_ms)
        return float((found - batch.faces)[:, 10:50, 0].abs().mean())

    errors = {ms: error(ms) for ms in (-80, 0, 160)}
    assert errors[160] < 0.75 * errors[0]
    assert errors[0] == pytest.approx(errors[-80], rel=0.3)


def told(count: int, generator: Any) -> FaceBatch:
    rows = torch.randn(count, 50, 12, generator=generator)
    ends = ((torch.arange(60) / 30 + 0.1) * 25).long().clamp(max=50) - 1
    faces = torch.zeros(count, 60, 52)
    faces[:, :, 0] = (rows[:, ends, 0] > 0).float()
    trust = torch.ones_like(faces)
    trust[:, :, 1:] = 0.01
    lengths = torch.full((count,), 50)
    return FaceBatch(Speech(rows, lengths), faces, trust, torch.full((count,), 60), Fraction(30))
