"""Make the corpora that the embedded model is trained on, as shards.

    python -m facewire_training.data.prepare --data DATA --out runs/corpus --teacher runs/teacher

`DATA` holds `librispeech/` and, if you have them, `librispeech_251/` and `speechocean762_train/`.
Speech that came without phone times is aligned by the teacher, which is fitted to `librispeech`
(`--only librispeech` makes that much), or by the embedded model if no teacher is given. Shards that
are already there, made with the same settings, are kept, so an interrupted run is simply started
again. Validation speakers go to `OUT/validation`, test speakers to `OUT/test`.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from facewire.errors import ConfigError
from facewire_training.command import make_parser, run_command
from facewire_training.data import shards
from facewire_training.data.corpora.corpus import Corpus, Utterance
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.corpora.readings import Readings, Voices
from facewire_training.data.corpora.speechocean import SpeechOcean
from facewire_training.data.corpora.synthesised.espeak import Espeak
from facewire_training.data.corpora.synthesised.festival import Festival
from facewire_training.data.corpora.synthesised.flite import Flite
from facewire_training.data.corpora.synthesised.song import Song
from facewire_training.data.corpora.synthesised.texts import Texts
from facewire_training.data.corpora.synthesised.world import World
from facewire_training.data.recognisers import Recogniser, recogniser
from facewire_training.option_ranges import SEED, number

VERSION = 1
"""Changes when the same settings make other shards than before."""


@dataclass(frozen=True, slots=True)
class Hours:
    """How much of each synthetic corpus to make, in hours; none of those at 0."""

    flite: float = 3.0
    espeak: float = 2.0
    festival: float = 0.5
    world: float = 1.0
    song: float = 0.5
    nospeech: float = 0.35


@dataclass(frozen=True, slots=True)
class Job:
    """One shard to make."""

    folder: Path
    about: dict[str, Any]
    hours: float | None
    """Expected, for the progress bar; not known in advance for recorded speech."""
    utterances: Callable[[], Iterator[Utterance]]


def recorded_jobs(data: Path, out: Path, listener: Recogniser) -> list[Job]:
    """Return the shards of recorded speech to make."""
    libri = LibriSpeech(data / "librispeech")
    given: dict[str, Any] = {"version": VERSION, "delay_s": libri.delay_s}
    aligned: dict[str, Any] = {"version": VERSION, "aligner": listener.name}
    validation, test = out / "validation", out / "test"
    planned = [
        Job(out / "librispeech", given, None, libri.train),
        Job(validation / "librispeech", given, None, libri.validation),
    ]
    if libri.unaligned():
        readings = Readings(libri, listener.recognise).utterances
        planned.append(Job(out / "readings", aligned, None, readings))
    if (data / "librispeech_251").is_dir():
        voices = Voices(data / "librispeech_251", listener.recognise)
        planned += [
            Job(out / "voices", aligned, None, voices.train),
            Job(test / "voices", aligned, None, voices.test),
        ]
    if (data / "speechocean762_train").is_dir():
        ocean = SpeechOcean(data / "speechocean762_train")
        heard = partial(ocean.train, listener.recognise)
        planned += [
            Job(out / "speechocean", aligned, None, heard),
            Job(validation / "speechocean", {"version": VERSION}, None, ocean.validation),
            Job(test / "speechocean", {"version": VERSION}, None, ocean.test),
        ]
    return planned


def synthetic_jobs(data: Path, out: Path, hours: Hours, seed: int) -> list[Job]:
    """Return the shards of synthesised speech, and of none, to make."""
    planned, libri = [], LibriSpeech(data / "librispeech")
    texts = Texts(list(libri.transcripts().values()))
    synthetic: dict[str, Corpus] = {
        "flite": Flite(texts, hours.flite, seed),
        "espeak": Espeak(texts, hours.espeak, seed),
        "festival": Festival(texts, hours.festival, seed),
        "world": World(hours.world, seed),
        "song": Song(libri, hours.song, seed),
        "nospeech": NoSpeech(hours.nospeech, seed),
    }
    for name, wanted in asdict(hours).items():
        if wanted > 0:
            about = {"version": VERSION, "hours": wanted, "seed": seed}
            if name == "song":
                about["delay_s"] = libri.delay_s
            planned.append(Job(out / name, about, wanted, synthetic[name].utterances))
    return planned


def make(job: Job, progress: Progress) -> shards.Shard:
    """Make one shard, or find it made.

    Raises:
        ConfigError: its data or its synthesiser is missing.
    """
    if shards.is_whole(job.folder, job.about):
        return shards.load_one(job.folder)
    task = progress.add_task(job.folder.name, total=job.hours)

    def counted() -> Iterator[Utterance]:
        for utterance in job.utterances():
            yield utterance
            progress.advance(task, utterance.duration_s / 3600)

    return shards.write(job.folder, counted(), job.about)


def _arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    for name, hours in asdict(Hours()).items():
        text = f"hours of {name} (default {hours:g}; 0 leaves it out)"
        parser.add_argument(f"--hours-{name}", type=number(0, 100_000), default=hours, help=text)
    parser.add_argument("--seed", type=SEED, default=0, help="of everything that is random")
    parser.add_argument("--teacher", type=Path, help="folder of the teacher that aligns")
    parser.add_argument(
        "--only",
        default="",
        help="make only these shards (comma between), such as librispeech,song",
    )
    return parser.parse_args()


def _chosen(options: argparse.Namespace, hours: Hours) -> list[Job]:
    """Return the shards to make, in the order in which training needs them."""
    planned = recorded_jobs(options.data, options.out, recogniser(options.teacher))
    planned += synthetic_jobs(options.data, options.out, hours, options.seed)
    names = {job.folder.name: None for job in planned}
    only = options.only.split(",") if options.only else names
    if unknown := [name for name in only if name not in names]:
        raise ConfigError(
            f"there is no shard {unknown[0]!r} to make; --only takes some of {', '.join(names)}"
        )
    return [job for job in planned if job.folder.name in only]


def main() -> None:
    """Make the shards, and print what there is."""
    options = _arguments()
    hours = Hours(**{name: getattr(options, f"hours_{name}") for name in asdict(Hours())})
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.completed:.2f} h"),
        TimeElapsedColumn(),
    )
    console = Console()
    with Progress(*columns, console=console) as progress:
        for job in _chosen(options, hours):
            shard = make(job, progress)
            where = job.folder.relative_to(options.out)
            speakers = len(set(shard.speakers))
            console.print(
                f"{where}: {shard.hours:.2f} h, {len(shard)} utterances, {speakers} speakers"
            )


if __name__ == "__main__":
    run_command(main)
