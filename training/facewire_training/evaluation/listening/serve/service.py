"""What a rater's page asks for, and what it gets: never a system's name, nor what tells it."""

import json
import re
import secrets
import threading
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from facewire import arkit
from facewire.errors import ConfigError
from facewire.recordings import RecordedFace, read_recording
from facewire_training.evaluation.listening.answers_file import AnswersFile, Rating, now
from facewire_training.evaluation.listening.screens import Part, Screen, screens_for
from facewire_training.evaluation.listening.study import (
    STILL,
    Kind,
    face_path,
    read_study,
    sound_path,
)
from facewire_web.document_parts import packed_weights

REFERENCE_SLOT = "reference"
"""Of the face that every screen shows openly as the best there can be."""
MOST_SECONDS = 24 * 3600.0
MOST_RATERS = 100_000

_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""That nobody takes for one another."""
_CODE_LENGTH = 6
_PLAYS_FOR_RATING = 1.4
"""How often each face is played, about, for telling how long it will take."""


T = TypeVar("T")


class RequestError(Exception):
    """A page asks for what there is not; it is told in a sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Answer(msgspec.Struct, frozen=True):
    """What a page sends of one screen."""

    rater: str
    screen: int
    ratings: dict[str, int]
    """By slot; of a pair 1 for the face that was chosen, and 0 for the other."""
    plays: dict[str, int]
    """How often each was played to its end."""
    seconds: float


class _Begin(msgspec.Struct, frozen=True):
    rater: str = ""


class StudyService:
    """A study while it is served; called by any thread."""

    def __init__(self, folder: Path, answers: AnswersFile) -> None:
        """Read the study.

        Raises:
            ConfigError: there is none, or a file of it is missing.
        """
        self._folder = folder
        self.study = read_study(folder)
        self._answers = answers
        self._faces: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()
        for sentence in self.study.sentences:
            for path in (
                sound_path(folder, sentence.name),
                *(
                    face_path(folder, system, sentence.name)
                    for system in (*self.study.systems, STILL)
                ),
            ):
                if not path.is_file():
                    raise ConfigError(f"{path} is missing; make the study again")

    def describe(self) -> dict[str, Any]:
        """Return what the first page says."""
        study = self.study
        screens = screens_for(study, "", 0)
        seconds = {sentence.name: sentence.seconds for sentence in study.sentences}
        shown = 1 if study.kind is Kind.MUSHRA else 0
        watched = sum(seconds[one.sentence] * (len(one.systems) + shown) for one in screens)
        return {
            "id": study.id,
            "title": study.title,
            "question": study.question,
            "consent": study.consent,
            "kind": study.kind,
            "screens": len(screens),
            "minutes": max(1, round(watched * _PLAYS_FOR_RATING / 60)),
        }

    def begin(self, body: bytes) -> dict[str, Any]:
        """Note that somebody begins, or comes back, and return their code."""
        rater = _decoded(body, _Begin).rater
        if rater and not _CODE.fullmatch(rater):
            raise RequestError(
                HTTPStatus.BAD_REQUEST, "a code has up to 40 letters, digits, - and _"
            )
        rater = rater or self._new_code()
        if self._answers.begin(rater, MOST_RATERS) is None:
            raise RequestError(HTTPStatus.FORBIDDEN, "this study has all the raters it takes")
        return {"rater": rater}

    def next_screen(self, rater: str) -> dict[str, Any]:
        """Return the first screen that a rater has not answered yet."""
        screens = self._screens(rater)
        for screen in screens:
            if not self._answers.is_done(rater, screen.number):
                return {
                    "done": False,
                    "screen": screen.number,
                    "screens": len(screens),
                    "practice": screen.part is Part.PRACTICE,
                    "slots": list(screen.slots()),
                    "reference": self.study.kind is Kind.MUSHRA,
                }
        return {"done": True, "rater": rater}

    def sound(self, rater: str, number: str) -> bytes:
        """Return a screen's sound, a WAV file."""
        return sound_path(self._folder, self._screen(rater, number).sentence).read_bytes()

    def face(self, rater: str, number: str, slot: str) -> bytes:
        """Return the face of a slot, as JSON."""
        screen = self._screen(rater, number)
        if slot == REFERENCE_SLOT and self.study.kind is Kind.MUSHRA:
            return self._face(self.study.reference, screen.sentence)
        system = screen.slots().get(slot)
        if system is None:
            raise RequestError(HTTPStatus.NOT_FOUND, f"this screen has no face {slot[:20]}")
        return self._face(system, screen.sentence)

    def answer(self, body: bytes) -> dict[str, Any]:
        """Keep the ratings of a screen; the same ones sent twice are kept once."""
        answer = _decoded(body, Answer)
        screens = self._screens(answer.rater)
        screen = self._screen(answer.rater, str(answer.screen))
        if not self._answers.is_done(answer.rater, screen.number):
            if any(
                not self._answers.is_done(answer.rater, one.number)
                for one in screens[: screen.number]
            ):
                raise RequestError(HTTPStatus.CONFLICT, "an earlier screen is not rated yet")
            _check(answer, screen, self.study.kind)
            self._answers.add(_ratings(answer, screen))
        return self.next_screen(answer.rater)

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
            if self._answers.number_of(code) is None:
                return code

    def _screens(self, rater: str) -> tuple[Screen, ...]:
        number = self._answers.number_of(rater)
        if number is None:
            raise RequestError(
                HTTPStatus.NOT_FOUND, "nobody has begun under this code; open the page again"
            )
        return screens_for(self.study, rater, number)

    def _screen(self, rater: str, number: str) -> Screen:
        screens = self._screens(rater)
        if not number.isascii() or not number.isdigit() or int(number[:9]) >= len(screens):
            raise RequestError(HTTPStatus.NOT_FOUND, f"there is no screen {number[:20]}")
        return screens[int(number[:9])]

    def _face(self, system: str, sentence: str) -> bytes:
        with self._lock:
            if (system, sentence) not in self._faces:
                path = face_path(self._folder, system, sentence)
                self._faces[system, sentence] = _encoded(read_recording(path))
            return self._faces[system, sentence]


def _encoded(face: RecordedFace) -> bytes:
    """Return what the page draws, and nothing that tells who made it."""
    content = {
        "names": arkit.NAMES,
        "rate": float(face.spec.frame_rate),
        "weights": packed_weights(face.weights),
        "head": np.round(face.head, 4).tolist(),
    }
    return json.dumps(content).encode()


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(
            HTTPStatus.BAD_REQUEST, f"this is no answer of the page: {error}"
        ) from error


def _check(answer: Answer, screen: Screen, kind: Kind) -> None:
    slots = screen.slots().keys()
    if answer.ratings.keys() != slots:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"rate each of {', '.join(slots)}")
    values = sorted(answer.ratings.values())
    if kind is Kind.PAIRS and values != [0, 1]:
        raise RequestError(HTTPStatus.BAD_REQUEST, "choose one of the two faces")
    if values[0] < 0 or values[-1] > 100:
        raise RequestError(HTTPStatus.BAD_REQUEST, "a rating is a number from 0 to 100")
    if any(answer.plays.get(slot, 0) < 1 for slot in slots):
        raise RequestError(HTTPStatus.BAD_REQUEST, "play each face to its end before you rate")
    if max(answer.plays.values()) > 10_000 or not 0 <= answer.seconds <= MOST_SECONDS:
        raise RequestError(HTTPStatus.BAD_REQUEST, "nobody plays a face so often, or so long")


def _ratings(answer: Answer, screen: Screen) -> list[Rating]:
    systems: Mapping[str, str] = screen.slots()
    time, seconds = now(), round(answer.seconds, 1)
    return [
        Rating(
            answer.rater, screen.number, screen.part, screen.sentence, slot, systems[slot],
            answer.ratings[slot], answer.plays[slot], seconds, time,
        )
        for slot in systems
    ]  # fmt: skip
