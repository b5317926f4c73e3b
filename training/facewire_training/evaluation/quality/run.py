"""Perform the clips with every system, and score them in both timings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from facewire_training.data.adapters.clip import Clip
from facewire_training.evaluation.long_work import Tell
from facewire_training.evaluation.performers import oracle
from facewire_training.evaluation.quality.babble import with_babble
from facewire_training.evaluation.quality.material import WHOLE_FACES, Material, describe_clips
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import CAPTURED, Row
from facewire_training.evaluation.quality.scores import (
    Details,
    Values,
    details,
    score,
    score_live,
    truth_of,
)
from facewire_training.evaluation.quality.whole_face.scores import whole_face_scores
from facewire_training.take import Take


@dataclass(frozen=True, slots=True)
class RowScores:
    """The figures of one system."""

    content: Values
    """Each frame at its own timestamp."""
    live: Values | None
    """Each frame as late as it became available; None for a system that is not live."""
    lookahead_ms: float | None = None
    details: Details = field(default_factory=dict)
    """In content timing."""


@dataclass(frozen=True, slots=True)
class SetScores:
    """The systems side by side on one set."""

    name: str
    about: str
    reference: str
    """What is taken for true."""
    rows: dict[str, RowScores]


def measure(
    request: Request, material: Material, rows: Sequence[Row], tell: Tell
) -> list[SetScores]:
    """Return the scores of every row on every set; the oracle only where phones are known."""
    found: list[SetScores] = []
    for place, (name, clips) in enumerate(material.sets.items(), 1):
        of_set = _of_set(f"{name} ({place} of {len(material.sets)})", tell)
        if name in WHOLE_FACES:
            found.append(_measure_whole_faces(name, clips, request, rows, of_set))
        else:
            found.append(_measure_set(name, clips, request, material, rows, of_set))
    return found


def _of_set(name: str, tell: Tell) -> Tell:
    return lambda row, done, total: tell(f"{name}: {row}", done, total)


def _measure_whole_faces(
    name: str, clips: list[Clip], request: Request, rows: Sequence[Row], tell: Tell
) -> SetScores:
    """Measure people's faces, if the set has them, and each engine's at its last look-ahead."""
    faces = [clip.face for clip in clips if clip.face is not None]
    references = faces if len(faces) == len(clips) else None
    found: dict[str, RowScores] = {}
    if references:
        values, by_shape = whole_face_scores(references, clips, None)
        found["true face"] = RowScores(values, None, details=by_shape)
    last = {row.name.rsplit(" ", 2)[0]: row for row in rows if row.shown}
    for row in last.values():
        if row.shown is None:
            continue
        takes = []
        for index, clip in enumerate(clips):
            tell(row.name, index, len(clips))
            takes.append(row.shown(clip.utterance, request.frame_rate))
        values, by_shape = whole_face_scores(takes, clips, references)
        found[row.name] = RowScores(values, None, row.lookahead_ms, by_shape)
    return SetScores(name, describe_clips(clips), "captured faces" if references else "", found)


def _measure_set(
    name: str,
    clips: list[Clip],
    request: Request,
    material: Material,
    rows: Sequence[Row],
    tell: Tell,
) -> SetScores:
    spoken = all(clip.utterance.phones for clip in clips)
    faces = [clip.face for clip in clips if clip.face is not None]
    references: list[Take] | None = None
    reference = ""
    if len(faces) == len(clips):
        references, reference = faces, "captured faces"
    elif spoken:
        references = [oracle(clip.utterance, request.frame_rate) for clip in clips]
        reference = "the oracle"
    truth = truth_of(clips, references, material.lips)
    found: dict[str, RowScores] = {}
    if references is faces and CAPTURED in request.rows:
        found["true face"] = RowScores(score(faces, truth), None)
    for row in rows:
        if not row.hears and not spoken:
            continue
        takes = _perform(row, clips, request, material, tell)
        found[row.name] = RowScores(
            score(takes, truth),
            None if row.delay_ms is None else score_live(takes, row.delay_ms, truth),
            row.lookahead_ms,
            details(takes),
        )
    return SetScores(name, describe_clips(clips), reference, found)


def _perform(
    row: Row, clips: Sequence[Clip], request: Request, material: Material, tell: Tell
) -> list[Take]:
    takes = []
    for index, clip in enumerate(clips):
        tell(row.name, index, len(clips))
        takes.append(perform(row, clip, material, request))
    tell(row.name, len(clips), len(clips))
    return takes


def perform(row: Row, clip: Clip, material: Material, request: Request) -> Take:
    """Return the face that a system gives a clip, with the noise that was asked for."""
    utterance = clip.utterance
    if row.hears and request.noise_db is not None:
        others = material.strangers(utterance)
        utterance = with_babble(utterance, others, request.noise_db, seed=len(utterance.samples))
    return row.perform(utterance, request.frame_rate)
