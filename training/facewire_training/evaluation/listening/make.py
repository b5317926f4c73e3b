"""Makes a study: reads or makes the faces, checks that they can be compared, writes the folder."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from facewire import arkit
from facewire.errors import ConfigError
from facewire.recordings import RecordedFace
from facewire.report_file import command_line, today
from facewire.toml_file import hint
from facewire_training.evaluation.listening.anchors import (
    LATE_RULE,
    MISMATCHED_RULE,
    late_anchors,
    mismatched_anchors,
    still_face,
)
from facewire_training.evaluation.listening.material import (
    Sound,
    Tell,
    common_rate,
    engine_faces,
    fitted,
    read_sounds,
    recorded_faces,
    with_upper_face,
)
from facewire_training.evaluation.listening.request import (
    AUTO,
    MISMATCHED,
    MOST_SCREENS,
    NO_ANCHOR,
    QUESTIONS,
    MakeRequest,
    UpperFace,
)
from facewire_training.evaluation.listening.screens import all_trials
from facewire_training.evaluation.listening.study import (
    ANCHOR,
    STILL,
    Kind,
    Sentence,
    Study,
    face_path,
    sound_path,
    write_study,
)

MOST_SYSTEMS = 12
"""On one screen, as ITU-R BS.1534-3 has it."""

Faces = dict[str, dict[str, RecordedFace]]
"""By system, then by sentence."""


def make_study(request: MakeRequest, tell: Tell) -> Study:
    """Write a study's folder.

    Raises:
        ConfigError: the request, a folder or a file is wrong; nothing is written then.
        EngineError: an engine cannot be loaded.
    """
    _check(request)
    sounds = read_sounds(request.audio)
    faces, made = _faces(request, sounds, tell)
    practice = request.practice or min(sounds.values(), key=lambda sound: sound.seconds).name
    if practice not in sounds:
        raise ConfigError(f"there is no sentence {practice!r}; {hint(practice, sounds)}")
    study = Study(
        id=secrets.token_hex(8),
        kind=request.kind,
        title=request.title,
        question=request.question or QUESTIONS[request.kind],
        consent=request.consent,
        systems=made,
        reference=request.reference,
        anchor=_anchor_name(request),
        sentences=tuple(Sentence(sound.name, sound.seconds) for sound in sounds.values()),
        frame_rate=next(iter(faces[STILL].values())).spec.frame_rate.as_integer_ratio(),
        screens=0,
        checks=request.checks,
        practice=practice,
        seed=request.seed,
        date=today(),
        command=command_line(),
    )
    study = _with_screens(study, request.screens)
    _write(request.out, study, sounds, faces)
    return study


def _check(request: MakeRequest) -> None:
    names = [name for name, _ in request.recordings] + [one.name for one in request.engines]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ConfigError(f"two systems are called {twice}; give each a name of its own")
    if len(names) < 2:
        raise ConfigError(
            "there is nothing to compare; name two systems or more with --recordings or --system"
        )
    if request.kind is Kind.MUSHRA and not request.reference:
        raise ConfigError("say which system is the reference: --reference NAME")
    if request.reference and request.reference not in names:
        raise ConfigError(
            f"there is no system {request.reference!r}; {hint(request.reference, names)}"
        )
    makers = (AUTO, MISMATCHED, NO_ANCHOR)
    if request.anchor not in (*makers, *names):
        raise ConfigError(
            f"there is no anchor {request.anchor!r}; {hint(request.anchor, [*makers, *names])}"
        )
    if request.anchor == request.reference:
        raise ConfigError(f"{request.anchor} cannot be both the reference and the anchor")
    if request.anchor in (AUTO, MISMATCHED) and not request.reference:
        raise ConfigError(
            f"an anchor that is {request.anchor} is made from the reference; name it with "
            "--reference, or do without: --anchor none"
        )
    if (
        request.kind is Kind.MUSHRA
        and len(names) + (_anchor_name(request) == ANCHOR) > MOST_SYSTEMS
    ):
        raise ConfigError(
            f"nobody can compare more than {MOST_SYSTEMS} faces on one screen; take fewer systems, "
            "or --kind pairs"
        )
    if request.out.exists() and (not request.out.is_dir() or any(request.out.iterdir())):
        raise ConfigError(f"{request.out} exists; give another folder with --out")


def _anchor_name(request: MakeRequest) -> str:
    if request.anchor == NO_ANCHOR:
        return ""
    return ANCHOR if request.anchor in (AUTO, MISMATCHED) else request.anchor


def _faces(
    request: MakeRequest, sounds: Mapping[str, Sound], tell: Tell
) -> tuple[Faces, dict[str, str]]:
    """Return all faces, fitted to their sounds, and in words how each system's were made."""
    found: Faces = {}
    made: dict[str, str] = {}
    for system, folder in request.recordings:
        found[system] = recorded_faces(system, folder, sounds)
        engines = sorted({face.engine for face in found[system].values()})
        made[system] = f"recorded ({', '.join(engines)})"
    rate = common_rate(found, request.frame_rate)
    for engine in request.engines:
        found[engine.name] = engine_faces(engine, sounds, rate, request.idle, tell)
        made[engine.name] = f"{engine.engine} at {engine.lookahead_ms:g} ms"
    faces = {
        system: {name: fitted(face, sounds[name].seconds, rate) for name, face in own.items()}
        for system, own in found.items()
    }
    if request.anchor == AUTO:
        faces[ANCHOR], made[ANCHOR] = late_anchors(faces[request.reference]), LATE_RULE
    if request.anchor == MISMATCHED:
        if len(sounds) < 2:
            raise ConfigError("an anchor that is mismatched needs two sentences or more")
        faces[ANCHOR] = mismatched_anchors(faces[request.reference])
        made[ANCHOR] = MISMATCHED_RULE
    base = faces[request.reference or next(iter(faces))]
    still = {name: still_face(face) for name, face in base.items()}
    if request.upper_face is not UpperFace.OWN:
        others = base if request.upper_face is UpperFace.SAME else still
        faces = {
            system: {name: with_upper_face(face, others[name]) for name, face in own.items()}
            for system, own in faces.items()
        }
    return faces | {STILL: still}, made


def _with_screens(study: Study, wanted: int | None) -> Study:
    trials = len(all_trials(study))
    if wanted and wanted > trials:
        raise ConfigError(
            f"--screens {wanted} is more than there are: {trials} trials, once each; give fewer"
        )
    return msgspec.structs.replace(study, screens=wanted or min(trials, MOST_SCREENS))


def _write(out: Path, study: Study, sounds: Mapping[str, Sound], faces: Faces) -> None:
    """Write the folder under another name first: one that is there is whole."""
    part = out.with_name(f"{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        for name, sound in sounds.items():
            path = sound_path(part, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.clip(sound.samples, -1, 1), sound.sample_rate, "PCM_16")
        for system, own in faces.items():
            for name, face in own.items():
                _write_face(face_path(part, system, name), face)
        write_study(part, study)
        if out.exists():
            out.rmdir()
        part.rename(out)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise ConfigError(
            f"cannot write {out} ({error.strerror}); give another folder with --out"
        ) from error


def _write_face(path: Path, face: RecordedFace) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        weights=face.weights,
        names=np.array(arkit.NAMES),
        timestamps=face.timestamps,
        head=face.head,
        frame_rate=np.array(face.spec.frame_rate.as_integer_ratio()),
        sample_rate=np.array(face.spec.sample_rate),
    )
