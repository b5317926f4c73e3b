"""Rows of an encoder, each beside the phone and the face at its moment.

The recipe of "From Tokens to Faces" (Correa et al. 2026): a row's face is that of the frame, at 30
a second, which is nearest to it. Their code cuts speech into pieces of 30 s and, from the second
piece on, takes the faces from the beginning of the *utterance*, while phones get the right offset.
`as_published` repeats that, so that old and new figures can stand side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.data.shards import UNKNOWN, Shard
from facewire_training.data.targets import ShardTargets
from facewire_training.shape_sets import ALL
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import EncodedShard

FRAME_RATE = 30
CURVE_RATE = 100
PIECE_S = 30.0
"""Length of the pieces in which the authors encode."""

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AlignedRows:
    """N rows of an encoder, and what is true at the moment of each."""

    rows: NDArray[np.generic]
    """float32 features `[N, width]`, or int64 ids `[N, codebooks]`."""
    phones: Ids
    """[N], classes of `PHONES`."""
    faces: Floats
    """[N, S], of the shapes."""
    shapes: NDArray[np.intp]
    """[S], places in `arkit.NAMES`: those of the paper's 51 that the corpus knows."""
    streams: Ids
    """[N], ascending: rows of one stream follow each other."""
    neighbours: tuple[Ids, Ids, Ids, Ids]
    """Of each row, [N] each: where the rows two before, one before, one and two after are; -1
    beyond the end of the stream."""

    def __len__(self) -> int:
        return len(self.phones)


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """A shard with all that probes need of it."""

    shard: Shard
    targets: ShardTargets
    encoded: EncodedShard
    representation: Representation


def align(
    corpus: Corpus, streams: Sequence[Sequence[int]], *, as_published: bool = False
) -> AlignedRows:
    """Return the rows of streams, each beside its phone and its face.

    Rows whose phone or face nobody knows are left out, and utterances without any sound.

    Args:
        corpus: what the rows are of.
        streams: the places in `encoded` of the utterances that follow each other in each stream.
        as_published: take faces as the authors' code does.

    Raises:
        ConfigError: nothing is left, or a row is not finite.
    """
    shapes = ALL[np.asarray(corpus.targets.known[:, ALL]).any(axis=0)]
    lengths = np.diff(corpus.shard.starts)[corpus.encoded.utterances]
    heard = [[place for place in places if lengths[place]] for places in streams]
    parts = [_stream(corpus, places, shapes, as_published) for places in heard if places]
    parts = [part for part in parts if len(part)]
    if not parts:
        raise ConfigError(
            f"no row of {corpus.shard.corpus} has a phone and a face; probe a shard whose phones "
            "are known"
        )
    if not all(np.isfinite(part.rows).all() for part in parts):
        raise ConfigError(
            f"rows of {corpus.shard.corpus} by {corpus.representation.name} are not finite; encode "
            "it again"
        )
    firsts = np.cumsum([0, *(len(part) for part in parts)])
    numbered = [
        replace(part, streams=np.full(len(part), number)) for number, part in enumerate(parts)
    ]
    moved = [
        tuple(np.where(n < 0, -1, n + first) for n in part.neighbours)
        for part, first in zip(parts, firsts[:-1], strict=True)
    ]
    before2, before1, after1, after2 = (np.concatenate(n) for n in zip(*moved, strict=True))
    return AlignedRows(
        np.concatenate([part.rows for part in numbered]),
        np.concatenate([part.phones for part in numbered]),
        np.concatenate([part.faces for part in numbered]),
        shapes,
        np.concatenate([part.streams for part in numbered]),
        (before2, before1, after1, after2),
    )


def _stream(
    corpus: Corpus, places: Sequence[int], shapes: NDArray[np.intp], as_published: bool
) -> AlignedRows:
    """Return the rows of one stream that have a phone and a face."""
    shard, encoded = corpus.shard, corpus.encoded
    spans = [_span(shard, int(encoded.utterances[place])) for place in places]
    curves = np.concatenate([corpus.targets.curves[span][:, shapes] for span in spans])
    known = np.concatenate([corpus.targets.known[span][:, shapes].all(axis=1) for span in spans])
    rows, times, phones = [], [], []
    begin_s = 0.0
    for place, span in zip(places, spans, strict=True):
        piece = encoded.rows_of(place)
        local_s = row_times(corpus.representation, len(piece))
        rows.append(piece)
        times.append(begin_s + local_s)
        phones.append(_phones_at(shard, int(encoded.utterances[place]), local_s))
        begin_s += (span.stop - span.start) / CURVE_RATE
    times_s, said = np.concatenate(times), np.concatenate(phones)
    frames = _frames(curves.astype(np.float32))
    face_s = times_s % PIECE_S if as_published else times_s
    nearest = np.minimum(np.round(face_s * FRAME_RATE).astype(int), len(frames) - 1)
    seen = known[np.minimum((nearest * CURVE_RATE) // FRAME_RATE, len(known) - 1)]
    kept = np.flatnonzero(seen & (said != UNKNOWN))
    return AlignedRows(
        np.concatenate(rows)[kept],
        said[kept],
        frames[nearest[kept]],
        shapes,
        np.zeros(len(kept), np.int64),
        _neighbours(kept),
    )


def row_times(representation: Representation, count: int) -> NDArray[np.float64]:
    """Return the moments for which the rows of an utterance stand, [count], in seconds."""
    middle, rate = float(representation.middle), float(representation.rate)
    return np.asarray((np.arange(count) + middle) / rate, np.float64)


def _span(shard: Shard, utterance: int) -> slice:
    first, last = shard.starts[utterance : utterance + 2] * CURVE_RATE // SAMPLE_RATE
    return slice(int(first), int(last))


def _phones_at(shard: Shard, utterance: int, times_s: NDArray[np.float64]) -> Ids:
    """Return the phone at moments of an utterance, by exact times; `UNKNOWN` where nobody knows."""
    labels = shard.tokens(utterance).astype(np.int64)
    said: Ids = labels[np.minimum((times_s * CURVE_RATE).astype(int), len(labels) - 1)]
    intervals = shard.phones(utterance)
    if not intervals:
        return said
    starts = np.array([phone.start_s for phone in intervals])
    ends = np.array([phone.end_s for phone in intervals])
    classes = np.array([phone.phone_index for phone in intervals])
    place = np.searchsorted(starts, times_s, side="right") - 1
    inside = (place >= 0) & (times_s < ends[place])
    return np.asarray(np.where(inside, classes[place], said), np.int64)


def _frames(curves: Floats) -> Floats:
    """Return the faces at whole frames, `[T, S]` at 100 Hz to `[F, S]` at 30, between two each."""
    count = max(len(curves) * FRAME_RATE // CURVE_RATE, 1)
    # Curves stand at the centres of their 10 ms.
    place = np.clip(np.arange(count) * CURVE_RATE / FRAME_RATE - 0.5, 0, len(curves) - 1)
    left = np.minimum(place.astype(int), max(len(curves) - 2, 0))
    share = (place - left)[:, None].astype(np.float32)
    right = np.minimum(left + 1, len(curves) - 1)
    return np.asarray(curves[left] * (1 - share) + curves[right] * share, np.float32)


def _neighbours(kept: Ids) -> tuple[Ids, Ids, Ids, Ids]:
    """Return where the rows before and after those kept are among them; -1 where they are not."""
    place_of = np.full(int(kept[-1]) + 5 if len(kept) else 5, -1)
    place_of[kept + 2] = np.arange(len(kept))
    before2, before1, after1, after2 = (place_of[kept + 2 + step] for step in (-2, -1, 1, 2))
    return before2, before1, after1, after2


def alone(encoded: EncodedShard) -> list[list[int]]:
    """Return every utterance as a stream of its own."""
    return [[place] for place in range(len(encoded))]


def joined(shard: Shard, encoded: EncodedShard, least_s: float) -> list[list[int]]:
    """Return streams of at least so many seconds, each of utterances of one speaker, in order.

    What is left over of a speaker, and lasts less, is left out.

    Raises:
        ConfigError: no speaker says as much.
    """
    said: dict[str, list[int]] = {}
    for place, utterance in enumerate(encoded.utterances):
        said.setdefault(shard.speakers[int(utterance)], []).append(place)
    lengths_s = np.diff(shard.starts) / SAMPLE_RATE
    found: list[list[int]] = []
    for places in said.values():
        stream: list[int] = []
        for place in places:
            stream.append(place)
            if lengths_s[encoded.utterances[stream]].sum() >= least_s:
                found.append(stream)
                stream = []
    if not found:
        raise ConfigError(
            f"nobody in {shard.corpus} speaks for {least_s:g} s in all; give a shorter --streams"
        )
    return found
