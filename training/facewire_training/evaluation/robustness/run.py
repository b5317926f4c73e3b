"""Let a model hear every condition, and measure what its face does."""

import math
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.long_work import Tell
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.contacts import closure_of
from facewire_training.evaluation.metrics.lips.open_share import open_share
from facewire_training.evaluation.metrics.lips.phone_opening import (
    LIPS,
    opening_correlation,
    opening_reference,
)
from facewire_training.evaluation.metrics.lips.recovery import jaw_recovery
from facewire_training.evaluation.metrics.lips.rest import rest_rate
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.performers import Performer
from facewire_training.evaluation.robustness.conditions import CONDITIONS, Condition, Heard, Speech
from facewire_training.evaluation.robustness.levels import LevelChange
from facewire_training.evaluation.robustness.no_speech import Sound
from facewire_training.evaluation.robustness.report import RobustnessRow, Values
from facewire_training.evaluation.robustness.request import Request
from facewire_training.take import Take


def chosen(request: Request) -> list[Condition]:
    """Return the conditions that were asked for and can be made here."""
    return [
        condition
        for condition in CONDITIONS
        if not request.only or condition.name.startswith(request.only)
    ]


def without_world(conditions: Sequence[Condition]) -> list[str]:
    """Return the names of those that need pyworld, if it is not installed."""
    if find_spec("pyworld") is not None:
        return []
    return [condition.name for condition in conditions if condition.needs_world]


def measure(
    request: Request,
    speech: Speech,
    perform: Performer,
    conditions: Sequence[Condition],
    tell: Tell,
) -> Iterator[RobustnessRow]:
    """Yield the row of each condition as soon as it is measured; none where there is no clip."""
    for condition in conditions:
        tell(condition.name, 0, 1)
        made = condition.make(speech)
        if made:
            yield _row(request, condition, made, perform, tell)


def _row(
    request: Request,
    condition: Condition,
    made: Sequence[Heard],
    perform: Performer,
    tell: Tell,
) -> RobustnessRow:
    takes: list[Take] = []
    usual: list[Take] = []
    for place, item in enumerate(made):
        tell(condition.name, place, len(made))
        takes.append(perform(_heard(item), request.frame_rate))
        if isinstance(item, LevelChange):
            usual.append(perform(item.usual, request.frame_rate))
    changes = [item for item in made if isinstance(item, LevelChange)]
    sounds = [item for item in made if isinstance(item, Sound)]
    if changes:
        figures = jaw_recovery(takes, usual, [change.moment_s for change in changes])
    elif sounds:
        figures = _of_sounds(takes, sounds)
    else:
        figures = _of_speech(takes)
    seconds = sum(_heard(item).duration_s for item in made)
    known = {key: value for key, value in figures.items() if not math.isnan(value)}
    about = f"{len(made)} clips, {seconds / 60:.1f} min"
    return RobustnessRow(condition.name, condition.kind.value, about, known)


def _heard(item: Heard) -> Utterance:
    match item:
        case LevelChange():
            return item.changed
        case Sound():
            return item.utterance
    return item


def _of_speech(takes: Sequence[Take]) -> Values:
    return {
        "closure": closure_rate(takes),
        "closure_m": closure_of(takes, "m"),
        "false_closure": false_closure_rate(takes),
        "luck": luck_rate(takes),
        "rounding_auc": rounding_auc(takes),
        "opening_r": opening_correlation(takes, opening_reference(LIPS)),
    }


def _of_sounds(takes: Sequence[Take], sounds: Sequence[Sound]) -> Values:
    shares = {"open": open_share(takes, [sound.spans_s for sound in sounds])}
    return shares | {"rest": rest_rate(takes)}
