"""The decoder of live speech: a causal windowed Transformer over rows, asked at any moment.

Rows go into a causal memory at their own rate, each layer of which attends to a bounded window of
the past. A frame reads the newest rows of the memory that end within its look-ahead, and knows how
long before it the middle of each is. So an utterance may be of any length, a frame rate any, and a
stream gets the same faces as the whole. Frames learn under a look-ahead that is drawn for each
window, so that one network serves every look-ahead.

A look-ahead here is into rows: of an encoder that hears `delay` rows after each, the audio is heard
that much further, and the look-ahead may be less than nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import torch
from torch import Tensor, nn

from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.embedding import IdEmbedding, RowEmbedding
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting, within
from facewire_training.streaming.face_decoder import FaceDecoderConfig, FaceMemory, FaceQuery

LOOKAHEAD_MS = 80.0
"""Of faces where nobody asks for another."""
AT_ONCE_S = 20
"""Seconds of an utterance that are decoded in one run."""


@dataclass(frozen=True, slots=True)
class StreamingConfig:
    """The size of the network."""

    width: int = 256
    layers: int = 4
    heads: int = 8
    memory_ms: int = 1000
    """What each layer attends to before a row."""
    reach_ms: int = 640
    """What a frame reads up to the end of its look-ahead."""
    least_ms: int = -80
    """The shortest look-ahead into rows that is learned."""
    most_ms: int = 160
    """The longest."""
    dropout: float = 0.1
    ids: IdEmbedding = "plain"
    levels: tuple[int, ...] = ()
    """Of the digits of ids; those of S3 need not be said."""
    loss: MotionLoss = field(default_factory=MotionLoss)


class Streaming(nn.Module):
    """A `FaceDecoder`."""

    def __init__(self, config: StreamingConfig, setting: Setting) -> None:
        super().__init__()
        self.config, self.setting = config, setting
        rate = setting.representation.rate
        sizes = FaceDecoderConfig(
            features=config.width,
            width=config.width,
            layers=config.layers,
            heads=config.heads,
            memory=ceil(config.memory_ms * rate / 1000),
            reach=ceil(config.reach_ms * rate / 1000),
            dropout=config.dropout,
        )
        embed = RowEmbedding(setting.representation, config.width, config.ids, config.levels)
        self.memory = FaceMemory(sizes, embed)
        self.query = FaceQuery(sizes)

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss, under a look-ahead that is drawn for each window."""
        rows, config = batch.speech.rows, self.config
        drawn = torch.rand(len(rows), generator=generator, device=generator.device)
        lookahead = (config.least_ms + (config.most_ms - config.least_ms) * drawn) / 1000
        known = within(batch.speech.lengths, rows.shape[1]).float()
        remembered = self.memory(rows, known, *self.memory.past(len(rows)))[0]
        moments = self._moments(range(batch.faces.shape[1]), batch.frame_rate, rows.device)
        said = self._faces(remembered, 0, moments, lookahead.to(rows.device), batch.speech.lengths)
        return config.loss(said, batch.faces, batch.trust)

    def faces(
        self,
        speech: Speech,
        frames: int,
        generator: torch.Generator,
        *,
        lookahead_ms: float = LOOKAHEAD_MS,
        frame_rate: Fraction | None = None,
        at_once_s: float = AT_ONCE_S,
    ) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1].

        Args:
            speech: rows of utterances of any length.
            frames: wanted of each.
            generator: for decoders that draw.
            lookahead_ms: a frame reads rows that end at most so long after it.
            frame_rate: the one that was learned if None.
            at_once_s: what is decoded in one run; changes nothing but its cost.
        """
        rate = frame_rate or self.setting.frame_rate
        rows = speech.rows
        lookahead = torch.full((len(rows),), lookahead_ms / 1000, device=rows.device)
        every = int(at_once_s * rate) or 1
        told: list[Tensor] = []
        memory = _Remembered(self.memory, speech)
        for first in range(0, frames, every):
            span = range(first, min(first + every, frames))
            begin, end = self._needed(span, rate, lookahead_ms)
            moments = self._moments(span, rate, rows.device)
            remembered = memory.rows(begin, end)
            told.append(self._faces(remembered, begin, moments, lookahead, speech.lengths))
        return torch.cat(told, dim=1).float()

    def _moments(self, frames: range, rate: Fraction, device: torch.device) -> Tensor:
        """Return when frames are, in seconds, `[F]`."""
        numbers = torch.arange(frames.start, frames.stop, device=device, dtype=torch.float64)
        return numbers * rate.denominator / rate.numerator

    def _needed(self, frames: range, rate: Fraction, lookahead_ms: float) -> tuple[int, int]:
        """Return the first row that frames read, and the one after the last."""
        rows, ahead = self.setting.representation.rate, Fraction(lookahead_ms) / 1000
        # Where an utterance ends within a look-ahead, the newest row is nearer.
        nearest = min(ahead, Fraction(0))
        oldest = int((frames[0] / rate + nearest) * rows) - self.query.config.reach - 1
        newest = int((frames[-1] / rate + ahead) * rows)
        return max(oldest, 0), max(newest + 1, 1)

    def _faces(
        self, remembered: Tensor, first: int, moments: Tensor, lookahead: Tensor, lengths: Tensor
    ) -> Tensor:
        """Ask the memory `[B, R, width]` of rows from `first` on about moments `[F]`."""
        representation, reach = self.setting.representation, self.query.config.reach
        rate = representation.rate.numerator / representation.rate.denominator
        # A row may be read that ends exactly where the look-ahead does, however both were rounded.
        ends = (moments + lookahead[:, None].double()) * rate + 1e-6
        heard = torch.minimum(ends.floor().long(), lengths[:, None])  # [B, F] rows
        places = torch.arange(first, first + remembered.shape[1], device=moments.device)
        back = heard[:, :, None] - 1 - places
        known = ((back >= 0) & (back < reach)).to(remembered.dtype)
        middles = places + float(representation.middle)
        ages = moments[:, None] * rate - middles  # [F, R]
        newest = moments * rate - (heard - 1 + float(representation.middle))
        spread = ages.to(torch.float32).expand(len(remembered), -1, -1)
        weights: Tensor = self.query.raw(remembered, spread, known, newest.to(torch.float32))
        return weights


class _Remembered:
    """The memory of utterances, made piece by piece as it is asked for, and forgotten behind."""

    def __init__(self, memory: FaceMemory, speech: Speech) -> None:
        self._memory, self._speech = memory, speech
        self._past = memory.past(len(speech.rows))
        self._kept: list[Tensor] = []
        self._first = 0
        self._made = 0

    def rows(self, begin: int, end: int) -> Tensor:
        """Return `[B, end - begin, width]`; both only grow. Past the end of the rows are zeros."""
        for piece, known in self._pieces(end):
            made, *following = self._memory(piece, known, *self._past)
            self._past = (following[0], following[1], following[2])
            self._kept.append(made)
        joined = torch.cat(self._kept, dim=1)
        self._kept = [joined[:, begin - self._first :]]
        self._first = begin
        return self._kept[0][:, : end - begin]

    def _pieces(self, end: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the rows up to `end` that were not remembered yet, and which of them there are."""
        if end <= self._made:
            return
        rows = self._speech.rows
        piece = rows[:, self._made : end]
        missing = end - self._made - piece.shape[1]
        if missing:
            empty = rows.new_zeros((len(rows), missing, rows.shape[2]))
            piece = torch.cat((piece, empty), dim=1)
        places = torch.arange(self._made, end, device=rows.device)
        self._made = end
        yield piece, (places < self._speech.lengths[:, None]).float()
