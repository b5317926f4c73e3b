"""All probes of one representation, as one value."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire_training.recipes.tokens_to_faces.probes.aligned import AlignedRows
from facewire_training.recipes.tokens_to_faces.probes.clusters import (
    Clusters,
    face_classes,
    pseudo_tokens,
)
from facewire_training.recipes.tokens_to_faces.probes.design import (
    CONTEXTS,
    one_hot,
    seen_rows,
    with_context,
)
from facewire_training.recipes.tokens_to_faces.probes.entropy import Told, joint_ids, told
from facewire_training.recipes.tokens_to_faces.probes.linear_probe import (
    Explained,
    accuracy,
    commonest_share,
    explained,
    folds_of,
)
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEME_OF

RIDGE_ROWS = 50_000
"""How many rows linear models see, drawn at random, where there are more (as in the paper)."""
ALL_LEVELS = "all"
FEATURES = "features"
MAYBE_NAN = {"figures", "r2", *(field.name for field in fields(Explained))}
"""What is not a number, where there was too little speech, or nothing moved."""

Ids = NDArray[np.int64]
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Back:
    """What faces tell of the rows, by linear models; keys are rows of context on a side."""

    accuracy: dict[str, float]
    """How often a linear discriminant finds the right id, held out; of features, nothing."""
    commonest: float
    """What always saying the commonest id would have."""
    r2: dict[str, float]
    """Of features, how much of them is explained, held out; of ids, nothing."""


@dataclass(frozen=True, slots=True)
class LevelProbe:
    """One codebook, all of them, or continuous features."""

    level: str
    """`1` and so on, `all` or `features` (whose tokens are k-means classes)."""
    phone: Told
    viseme: Told
    """Fifteen classes of phones (`visemes.py`)."""
    face: Told
    """The paper's viseme: 32 classes of faces."""
    faces: dict[str, Explained]
    """What ids or features tell of each blendshape; keys are rows of context on a side."""
    back: Back | None
    """None of several codebooks together."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What a representation tells, and what faces tell."""

    rows: int
    streams: int
    levels: tuple[LevelProbe, ...]
    phone_from_face: dict[str, float]
    """Accuracy of a linear discriminant, held out; keys are rows of context on a side."""
    viseme_from_face: dict[str, float]
    phone_commonest: float
    viseme_commonest: float


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What was probed, and what came out."""

    command: str
    date: str
    encoder: str
    family: str
    rate: str
    shard: str
    fitted_on: str
    """The shard of which the classes of faces, and of features, are."""
    streams_s: float
    """At least how long joined streams are; 0 where each is an utterance."""
    probes: Probes
    as_published: Probes | None
    """The same with faces taken as the published code takes them."""


def decode_figures(content: bytes, kind: type[T]) -> T:
    """Return what a file of figures holds; one that is null there is not a number.

    Raises:
        msgspec.DecodeError: it is no such file.
    """
    return msgspec.convert(_with_nans(msgspec.json.decode(content)), kind)


def _with_nans(said: Any, figure: bool = False) -> Any:
    if isinstance(said, dict):
        return {
            name: _with_nans(value, figure or name in MAYBE_NAN) for name, value in said.items()
        }
    if isinstance(said, list):
        return [_with_nans(value) for value in said]
    return math.nan if said is None and figure else said


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What is learned of other speech than that which is probed."""

    faces: Clusters
    rows: Clusters | None
    """Of features."""


def fit(aligned: AlignedRows) -> Fitted:
    """Return the classes of faces and, if rows are features, of rows."""
    features = aligned.rows.dtype.kind == "f"
    return Fitted(
        face_classes(aligned.faces),
        pseudo_tokens(np.asarray(aligned.rows, np.float32)) if features else None,
    )


def probe(aligned: AlignedRows, fitted: Fitted, say: Say = lambda _: None) -> Probes:
    """Return what rows tell of phones, visemes and faces, and the other way round.

    Args:
        aligned: the rows.
        fitted: `fit` of training speech (or, as the authors do, of the same).
        say: is told what is done next.

    Raises:
        ConfigError: there is one stream, and nothing to hold out.
    """
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(len(aligned))[:RIDGE_ROWS])
    folds = folds_of(aligned.streams[chosen])
    classes = {
        "phone": aligned.phones,
        "viseme": VISEME_OF[aligned.phones],
        "face": fitted.faces.of(aligned.faces),
    }
    seen = {context: seen_rows(aligned, chosen, context) for context in CONTEXTS}
    from_face = {}
    for name in ("phone", "viseme"):
        say(f"{name} from face")
        from_face[name] = _accuracies(aligned, classes[name][chosen], seen, folds)
    levels = []
    for level, tokens, design in _levels(aligned, fitted):
        say(f"level {level}")
        levels.append(
            LevelProbe(
                level,
                told(tokens, classes["phone"]),
                told(tokens, classes["viseme"]),
                told(tokens, classes["face"]),
                {
                    str(context): explained(design(places), aligned.faces[chosen], folds)
                    for context, places in seen.items()
                },
                _back(aligned, level, tokens[chosen], seen, folds),
            )
        )
    return Probes(
        len(aligned),
        len(np.unique(aligned.streams)),
        tuple(levels),
        from_face["phone"],
        from_face["viseme"],
        commonest_share(classes["phone"]),
        commonest_share(classes["viseme"]),
    )


Design = Callable[[list[Ids]], object]
"""From the places of the rows that are seen to the matrix of a linear model."""


def _levels(aligned: AlignedRows, fitted: Fitted) -> Sequence[tuple[str, Ids, Design]]:
    """Return the name, the tokens and the matrix of each level."""
    if fitted.rows is not None:
        features = np.asarray(aligned.rows, np.float32)
        return [(FEATURES, fitted.rows.of(features), partial(with_context, features))]
    ids = np.asarray(aligned.rows, np.int64)
    found: list[tuple[str, Ids, Design]] = [
        (str(level + 1), ids[:, level], partial(one_hot, ids[:, level : level + 1]))
        for level in range(ids.shape[1])
    ]
    if len(found) > 1:
        found.append((ALL_LEVELS, joint_ids(ids), partial(one_hot, ids)))
    return found


def _back(
    aligned: AlignedRows, level: str, tokens: Ids, seen: dict[int, list[Ids]], folds: Ids
) -> Back | None:
    if level == ALL_LEVELS:
        return None
    commonest = commonest_share(tokens)
    if level != FEATURES:
        return Back(_accuracies(aligned, tokens, seen, folds), commonest, {})
    features = np.asarray(aligned.rows, np.float32)[seen[0][0]]
    r2 = {
        str(context): explained(with_context(aligned.faces, places), features, folds).overall
        for context, places in seen.items()
    }
    return Back({}, commonest, r2)


def _accuracies(
    aligned: AlignedRows, classes: Ids, seen: dict[int, list[Ids]], folds: Ids
) -> dict[str, float]:
    return {
        str(context): accuracy(with_context(aligned.faces, places), classes, folds)
        for context, places in seen.items()
    }
