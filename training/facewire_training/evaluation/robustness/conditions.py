"""The conditions: what is done to speech, and what stands in its place."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.babble import VOICES, with_babble
from facewire_training.evaluation.robustness import channels, levels, no_speech, voices
from facewire_training.evaluation.robustness.cache import Cache
from facewire_training.evaluation.robustness.levels import LevelChange
from facewire_training.evaluation.robustness.no_speech import Sound

SOUND_CLIPS = 8
"""Of each kind of sound that is no speech, but no more than there are utterances."""


Heard = Utterance | LevelChange | Sound
"""What a model is given."""


class Kind(Enum):
    """What a condition is measured by, and the heading of its part of the table."""

    SPEECH = "speech"
    LEVEL = "after a change of level: jaw in open vowels, share of usual"
    SOUND = "no speech, and song"


@dataclass(frozen=True, slots=True)
class Speech:
    """What conditions are made of."""

    utterances: Sequence[Utterance]
    """With phones, in order."""
    others: Callable[[Utterance], Sequence[Utterance]]
    """Speech of other people than the one who says an utterance."""
    cache: Cache
    """Of what takes long to make."""
    seed: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table."""

    name: str
    kind: Kind
    make: Callable[[Speech], Sequence[Heard]]
    """Utterances for `SPEECH`, changes for `LEVEL`, sounds for `SOUND`; empty if it cannot be."""
    needs_world: bool = False
    """Whether pyworld has to be installed."""


def _each(change: Callable[[Utterance, int], Utterance]) -> Callable[[Speech], list[Utterance]]:
    """Return what changes every utterance, each by a seed of its own."""
    return lambda speech: [
        change(utterance, speech.seed + place) for place, utterance in enumerate(speech.utterances)
    ]


def _child(factor: float) -> Condition:
    def make(speech: Speech) -> list[Utterance]:
        return [
            speech.cache.voice(
                utterance,
                f"child-{factor:g}",
                lambda said: replace(said, samples=voices.child_like(said.samples, factor)),
            )
            for utterance in speech.utterances
        ]

    return Condition(f"child-like, x {factor:g}", Kind.SPEECH, make, needs_world=True)


def _whisper(speech: Speech) -> list[Utterance]:
    return [
        speech.cache.voice(
            utterance,
            "whisper",
            lambda said: replace(said, samples=voices.whispered(said.samples)),
        )
        for utterance in speech.utterances
    ]


def _talkers(count: int, below_db: float) -> Condition:
    def make(speech: Speech) -> list[Utterance]:
        return [
            with_babble(said, speech.others(said), below_db, speech.seed + place, count)
            for place, said in enumerate(speech.utterances)
        ]

    who = "one other talker" if count == 1 else f"babble of {count}"
    return Condition(f"{who}, {below_db:g} dB below", Kind.SPEECH, make)


def _drop(by_db: float) -> Condition:
    def make(speech: Speech) -> list[LevelChange]:
        said = speech.utterances
        pairs = [
            (first, second)
            for first, second in itertools.pairwise(said)
            if (first.corpus, first.speaker) == (second.corpus, second.speaker)
        ]
        return [levels.drop(first, second, by_db) for first, second in pairs]

    return Condition(f"a speaker drops {by_db:g} dB", Kind.LEVEL, make)


def _after_talker(speech: Speech) -> list[LevelChange]:
    found = []
    for place, said in enumerate(speech.utterances):
        others = speech.others(said)
        found.append(levels.after_talker(said, others[(speech.seed + place) % len(others)]))
    return found


def _after_music(speech: Speech) -> list[LevelChange]:
    return [
        levels.after_music(said, speech.seed + place)
        for place, said in enumerate(speech.utterances)
    ]


def _song(speech: Speech) -> list[Sound]:
    found = []
    for place, said in enumerate(speech.utterances):
        song = speech.cache.song(said, speech.seed + place)
        if song is not None:
            vowels = (phone for phone in song.phones if phone.label != "sil")
            found.append(Sound(song, tuple((v.start_s, v.end_s) for v in vowels)))
    return found


def _sounds(speech: Speech) -> int:
    return min(SOUND_CLIPS, len(speech.utterances))


def _events(kind: str) -> Callable[[Speech], list[Sound]]:
    return lambda speech: [
        no_speech.events(kind, speech.seed + place) for place in range(_sounds(speech))
    ]


def _steady(kind: str) -> Condition:
    def make(speech: Speech) -> list[Sound]:
        return [no_speech.steady(kind, speech.seed + place) for place in range(_sounds(speech))]

    return Condition(kind, Kind.SOUND, make)


CONDITIONS: tuple[Condition, ...] = (
    Condition("as it is", Kind.SPEECH, lambda speech: speech.utterances),
    _child(1.2),
    _child(1.33),
    _child(1.5),
    Condition("whisper", Kind.SPEECH, _whisper, needs_world=True),
    _talkers(VOICES, 20.0),
    _talkers(VOICES, 10.0),
    _talkers(VOICES, 5.0),
    _talkers(1, 10.0),
    Condition(
        "music, 5 dB below",
        Kind.SPEECH,
        _each(lambda u, seed: replace(u, samples=channels.over_music(u.samples, 5.0, seed))),
    ),
    Condition(
        "room, .6 s",
        Kind.SPEECH,
        _each(lambda u, seed: replace(u, samples=channels.in_room(u.samples, seed))),
    ),
    Condition(
        "telephone",
        Kind.SPEECH,
        _each(lambda u, _: replace(u, samples=channels.by_telephone(u.samples))),
    ),
    _drop(14.0),
    _drop(20.0),
    Condition("at -33 dBFS, after a talker at -20", Kind.LEVEL, _after_talker),
    Condition("at -33 dBFS, after music at -20", Kind.LEVEL, _after_music),
    Condition("sung open vowels", Kind.SOUND, _song, needs_world=True),
    Condition("coughs", Kind.SOUND, _events("cough")),
    Condition("laughter-like bursts", Kind.SOUND, _events("laughter")),
    *(_steady(kind) for kind in ("keyboard", "knocks", "music", "breath", "wind", "hum", "beeps")),
)
"""In the order of the table."""
