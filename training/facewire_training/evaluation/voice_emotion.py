"""What is told of a voice that is raised or lowered: arousal, valence, and what the face shows.

    python -m facewire_training.evaluation.voice_emotion --data DATA
    python -m facewire_training.evaluation.voice_emotion --data DATA --json OUT

Every speaker of LibriSpeech, joined to half a minute of reading, and then as much again with the
change of the row. There is no acted speech here: that the change is heard is shown, not that it is
what a listener would say of the speaker.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from facewire.face.emotion.prosody import Prosody
from facewire.face.emotion.voice_emotion import VoiceEmotion, arousal_of, valence_of
from facewire.frames import Samples
from facewire.report_file import command_line, today, write_report
from facewire_training.command import make_parser, run_command
from facewire_training.data.augmentation.voice import SAMPLE_RATE, change_voice
from facewire_training.data.corpora.librispeech import LibriSpeech

USUAL_S, CHANGED_S = 30.0, 20.0
_TOKEN = 160
_SETTLES_S = 3.0
"""Seconds after a change that do not count: the present is as long."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a voice."""

    pitch: float = 1.0
    """Factor on pitch, and on formants."""
    gain_db: float = 0.0


CHANGES = {
    "as it was": Change(),
    "6 dB louder": Change(gain_db=6),
    "pitch x 1.2": Change(pitch=1.2),
    "both": Change(pitch=1.2, gain_db=6),
    "6 dB quieter": Change(gain_db=-6),
    "pitch x 0.85": Change(pitch=0.85),
    "quieter and lower": Change(pitch=0.85, gain_db=-6),
}


def speakers(folder: Path, seconds: float) -> Iterator[Samples]:
    """Yield so much of each speaker who reads as much, at half of full scale at most."""
    corpus = LibriSpeech(folder)
    read = [*corpus.train(), *corpus.validation()]
    ordered = sorted(read, key=lambda utterance: utterance.speaker)
    for _, utterances in groupby(ordered, key=lambda utterance: utterance.speaker):
        sound = np.concatenate([utterance.samples for utterance in utterances])
        if len(sound) >= seconds * SAMPLE_RATE:
            cut = sound[: int(seconds * SAMPLE_RATE)]
            yield np.asarray(cut / (2 * np.abs(cut).max()), np.float32)


def changed(sound: Samples, change: Change) -> Samples:
    """Return a voice with a change."""
    tokens = len(sound) // _TOKEN
    other, _ = change_voice(sound[: tokens * _TOKEN], tokens, change.pitch, 1.0)
    return np.asarray(other * 10 ** (change.gain_db / 20), np.float32)


def heard(sound: Samples, since: int) -> dict[str, float]:
    """Return what is told of a voice from a sample on, on average."""
    prosody, voice = Prosody(SAMPLE_RATE), VoiceEmotion(SAMPLE_RATE)
    voice.push(sound)
    told = []
    for start in range(0, len(sound) - prosody.hop, prosody.hop):
        prosody.hear(sound[start : start + prosody.hop])
        shares = voice.at(start + prosody.hop).shares
        if start >= since:
            told.append((arousal_of(prosody), valence_of(prosody), sum(shares), max(shares)))
    means = np.mean(told, axis=0)
    return dict(zip(("arousal", "valence", "shown", "most"), map(float, means), strict=True))


def measure(voices: Sequence[Samples]) -> dict[str, dict[str, float]]:
    """Return the figures of each change."""
    usual, settled = int(USUAL_S * SAMPLE_RATE), int((USUAL_S + _SETTLES_S) * SAMPLE_RATE)
    rows: dict[str, dict[str, float]] = {}
    plain: list[float] = []
    for name, change in CHANGES.items():
        found = [
            heard(np.concatenate([voice[:usual], changed(voice[usual:], change)]), settled)
            for voice in track(voices, name, transient=True)
        ]
        arousal = [one["arousal"] for one in found]
        plain = plain or arousal
        rows[name] = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        more = np.array(arousal) > np.array(plain)
        rows[name]["more than usual"] = float(more.mean())
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write if it is asked for."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    voices = list(speakers(options.data / "librispeech", USUAL_S + CHANGED_S))
    rows = measure(voices)
    _print(rows)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "speakers": len(voices)}
        write_report(options.json, {**about, "changes": rows})


def _print(rows: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("voice")
    for name in rows["as it was"]:
        table.add_column(name, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.2f}" for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
