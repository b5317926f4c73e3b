"""Licences of the corpora: what the manifest of a model says about its data."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from facewire.errors import ConfigError
from facewire_engines.model_files import DataSource
from facewire_training.data.shards import load
from facewire_training.training_run import replace_text

CORPORA_FILE = "corpora.json"
"""Of a run: the fingerprints of the corpora that it was begun with."""
DATA_FILE = "data.json"
"""Of a run: what it has learned from, or the published model that it was has."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a corpus comes from."""

    name: str
    licence: str
    attribution: str
    non_commercial: bool = False
    """Whether what was trained on it may not be used commercially."""

    def entry(self, hours: float) -> DataSource:
        """Return what a manifest says of so many hours of it."""
        return DataSource(self.name, round(hours, 2), self.licence, self.attribution)


SOURCES: dict[str, Source] = {
    "librispeech": Source(
        "LibriSpeech train-clean-5 and part of train-clean-100, phone times by forced alignment",
        "CC BY 4.0",
        "LibriSpeech (c) 2014 Vassil Panayotov",
    ),
    "readings": Source(
        "LibriSpeech, as above, phone times by our own forced alignment",
        "CC BY 4.0",
        "LibriSpeech (c) 2014 Vassil Panayotov",
    ),
    "voices": Source(
        "LibriSpeech, one utterance each of 198 more speakers, phone times by our own alignment",
        "CC BY 4.0",
        "LibriSpeech (c) 2014 Vassil Panayotov",
    ),
    "speechocean": Source(
        "speechocean762, English by speakers of Mandarin, half of them children",
        "free for commercial and non-commercial purposes, as its README says",
        "speechocean762, J. Zhang and others, 2021",
    ),
    "song": Source(
        "LibriSpeech, as above, sung by the WORLD vocoder",
        "CC BY 4.0",
        "LibriSpeech (c) 2014 Vassil Panayotov",
    ),
    "flite": Source(
        "speech synthesised with flite voices",
        "permissive, BSD-like (Carnegie Mellon University)",
        "flite and its voices (c) 1999-2001 Language Technologies Institute, Carnegie Mellon "
        "University, Alan W Black and others; parts (c) Cepstral LLC and the Centre for Speech "
        "Technology Research, University of Edinburgh",
    ),
    "festival": Source(
        "speech synthesised with festival voices",
        "permissive, BSD-like (University of Edinburgh)",
        "voice kal_diphone (c) 1998 Alan W Black and Kevin Lenzo; lexicon from CMUDICT 0.4, Centre "
        "for Speech Technology Research, University of Edinburgh, (c) 1996-97",
    ),
    "espeak": Source(
        "speech synthesised with espeak-ng (the program is GPL-3; its output is not)",
        "output of a program, unrestricted",
        "eSpeak NG, Jonathan Duddington, Reece H. Dunn and others",
    ),
    "world": Source(
        "fourteen other languages, synthesised with espeak-ng from sentences of this project",
        "output of a program, unrestricted",
        "eSpeak NG, Jonathan Duddington, Reece H. Dunn and others",
    ),
    "hibari": Source(
        "speech synthesised with hibari-tts, and its latents, of LibriSpeech's texts and of words",
        "output of a program and weights under Apache-2.0",
        "hibari-tts, distilled from Kokoro-82M",
    ),
    "grid": Source(
        "GRID, speaker 1, with his tracked face",
        "CC BY 4.0, as users of the corpus cite it",
        "GRID audio-visual sentence corpus, M. Cooke, J. Barker, S. Cunningham and X. Shao, 2006",
    ),
    "facegood": Source(
        "FACEGOOD-Audio2Face, one Mandarin speaker with an animated face",
        "MIT",
        "FACEGOOD-Audio2Face (c) 2022-2032 The FACEGOOD Authors",
    ),
    "beat2": Source(
        "BEAT2, people who talk, with their faces in FLAME's parameters",
        "non-commercial research, as its authors say",
        "BEAT2 and PantoMatrix, H. Liu and others, 2024",
        non_commercial=True,
    ),
    "beat1": Source(
        "BEAT, people who talk, with their faces by ARKit",
        "non-commercial research, as its authors say",
        "BEAT, H. Liu and others, 2022",
        non_commercial=True,
    ),
    "nospeech": Source("noise made by facewire_training", "Apache-2.0", "Facewire"),
}

NON_COMMERCIAL = frozenset(s.name for s in SOURCES.values() if s.non_commercial)
"""Names of data that make what is trained on them non-commercial."""

TEACHER = Source(
    "phone probabilities of a probe on the encoder of Whisper tiny.en, for the recorded English",
    "MIT",
    "Whisper (c) 2022 OpenAI",
)
"""What soft labels come from (`data/teacher`); none of its weights is in the model."""


def write_sources(
    run: Path,
    hours: Mapping[str, float],
    also: Iterable[Source] = (),
    before: Iterable[DataSource] = (),
) -> None:
    """Keep beside a run what it learns from.

    Args:
        run: its folder.
        hours: of each corpus; what nobody has described is left out.
        also: what helped with all of it, such as a teacher.
        before: what the networks that it begins with have learned from.
    """
    told = [SOURCES[name].entry(count) for name, count in hours.items() if name in SOURCES]
    told += [source.entry(sum(hours.values())) for source in also]
    (run / DATA_FILE).write_bytes(msgspec.json.encode(united((*before, *told))))


def united(sources: Iterable[DataSource]) -> tuple[DataSource, ...]:
    """Return each source once, with the most hours that anybody heard of it."""
    kept: dict[str, DataSource] = {}
    for source in sources:
        if source.name not in kept or source.hours > kept[source.name].hours:
            kept[source.name] = source
    return tuple(kept.values())


def read_sources(run: Path) -> tuple[DataSource, ...] | None:
    """Return what a run has learned from; None if it did not keep that."""
    file = run / DATA_FILE
    if not file.is_file():
        return None
    return msgspec.json.decode(file.read_bytes(), type=tuple[DataSource, ...])


def told_sources(run: Path) -> tuple[DataSource, ...]:
    """Return what a run has learned from, for the manifest of its export.

    Raises:
        ConfigError: it did not keep that.
    """
    told = read_sources(run)
    if told is None:
        raise ConfigError(
            f"{run} does not say what it has learned from, which the manifest has to: start its "
            "training again, which adds that"
        )
    return told


def tell_corpora(run: Path, corpus: Path, heard: Iterable[str]) -> None:
    """Write down which corpora a run hears, or check that it has heard them from its beginning.

    Args:
        run: folder of the run.
        corpus: folder that `prepare` wrote.
        heard: names of the corpora in it.

    Raises:
        ConfigError: they are others.
    """
    now, path = _fingerprints(corpus, heard), run / CORPORA_FILE
    if not path.exists():
        replace_text(path, json.dumps(now, indent=1) + "\n")
    else:
        _refuse_others(run, corpus, now)


def check_corpora(run: Path, corpus: Path) -> None:
    """Check that corpora are those that a run was begun with, if it says so.

    Raises:
        ConfigError: they are others.
    """
    if (run / CORPORA_FILE).exists():
        begun = json.loads((run / CORPORA_FILE).read_text())
        _refuse_others(run, corpus, _fingerprints(corpus, begun))


def _fingerprints(corpus: Path, heard: Iterable[str]) -> dict[str, str]:
    wanted = set(heard)
    return {shard.corpus: shard.fingerprint for shard in load(corpus) if shard.corpus in wanted}


def _refuse_others(run: Path, corpus: Path, now: Mapping[str, str]) -> None:
    begun = json.loads((run / CORPORA_FILE).read_text())
    for name in sorted({*begun, *now}):
        if begun.get(name) != now.get(name):
            raise ConfigError(
                f"{corpus} has another {name} than the one that {run} was begun with; give the "
                "corpus of then, or begin another --run"
            )
