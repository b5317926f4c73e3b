"""Which road to the face of a voice is best: its phones, its latents, or hearing its sound?

    python -m facewire_training.evaluation.spoken.roads [--live N] [--json FILE]

speaks a hundred sentences with the natural voice, and makes the face of each in every way, beside
the oracle: procedural animation of the phones that the voice meant, with the effort of its sound.
The projector of latents was trained on other sentences. With `--live N` it also speaks N of them in
real time, in every way; `--also`, repeatable, is a projector that another training has exported.
"""

import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from facewire.clock import SystemClock
from facewire.frames import BlendshapeFrame
from facewire.report_file import command_line, today, write_report
from facewire.speaking.voice import Speech, TokenSession, Voice
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.latents.decoder import FOLDER, LatentDecoder, load_latent_decoder
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import SUREST
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.heard import HeardVoice
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SAMPLE_RATE, TOKEN_SIZE, Utterance
from facewire_training.evaluation.metrics.lips.closure import closure_rate, false_closure_rate
from facewire_training.evaluation.metrics.lips.labiodental import labiodental_rate
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.metrics.motion.steadiness import jitter
from facewire_training.evaluation.performers import Streamed, oracle
from facewire_training.evaluation.spoken.times import SpokenTimes, spoken_times
from facewire_training.evaluation.voice import sentences
from facewire_training.option_ranges import whole_number
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

RATE = Fraction(60)
Perform = Callable[[Utterance], Take]


class RoadScore(msgspec.Struct, frozen=True):
    """How one road does; shares, but for the correlation and the jitter."""

    closed: float
    """p, b and m in which the lips meet."""
    vowels_shut: float
    """Open vowels in which they do."""
    rounding: float
    """How well roundness separates rounded from spread sounds: area under the curve."""
    teeth: float
    """f and v in which lip and teeth meet."""
    gap_r: float
    """Correlation of the lip gap with the oracle's, in the mean of the sentences."""
    jitter: float
    cost: float
    """Processor time of the faces, as a share of the time they last."""
    times: SpokenTimes | None = None


class RoadsReport(msgspec.Struct, frozen=True):
    """What the program found."""

    date: str
    command: str
    sentences: int
    contacts: int
    """How many p, b and m there are."""
    roads: dict[str, RoadScore]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A text as it was spoken."""

    latents: np.ndarray
    """[4 N, C]"""
    utterance: Utterance


def speak(text: str, voice: HibariVoice) -> Said:
    """Speak a text; the voice's tokens are latents."""
    speeches = list(voice.speak(text))
    starts = np.cumsum([0, *(len(speech.samples) for speech in speeches)])
    phones = [
        phone
        for speech, start in zip(speeches, starts, strict=False)
        for phone in _intervals(speech, int(start))
    ]
    samples = np.concatenate([speech.samples for speech in speeches])
    latents = np.concatenate([speech.tokens for speech in speeches])
    return Said(latents, Utterance(text, samples, tuple(phones), "hibari", "hibari"))


def _intervals(speech: Speech, start: int) -> Iterator[PhoneInterval]:
    for phone in speech.phones:
        begin, end = ((start + edge) / SAMPLE_RATE for edge in (phone.start, phone.end))
        yield PhoneInterval(begin, end, INDEX[phone.label])


def from_latents(said: Said, decoder: LatentDecoder) -> Take:
    """Return the face that latents make."""
    session = decoder.session(frame_rate=RATE)
    return _take(said, _frames(session, said.latents, decoder.space))


def from_phones(said: Said, engine: PhonesEngine) -> Take:
    """Return the face that phones make."""
    count = len(said.utterance.samples) // TOKEN_SIZE
    ids = np.full(count, INDEX["sil"], np.int32)
    for phone in said.utterance.phones:
        first, end = (round(100 * edge) for edge in (phone.start_s, phone.end_s))
        ids[first:end] = phone.phone_index
    return _take(said, _frames(engine.token_decoder().session(frame_rate=RATE), ids, PHONETIC))


def _frames(session: TokenSession, tokens: np.ndarray, space: TokenSpace) -> list[BlendshapeFrame]:
    return [*session.push(TokenChunk(tokens, space, 0, 0, SAMPLE_RATE)), *session.flush()]


def _take(said: Said, frames: Sequence[BlendshapeFrame]) -> Take:
    weights = np.stack([frame.weights for frame in frames])
    return Take(weights, RATE, tuple(said.utterance.phones))


def gap_correlation(takes: Sequence[Take], truth: Sequence[Take]) -> float:
    """Return Pearson's correlation of lip gaps, in the mean of the takes."""
    found = []
    for take, true in zip(takes, truth, strict=True):
        count = min(len(take), len(true))
        found.append(np.corrcoef(take.gap()[:count], true.gap()[:count])[0, 1])
    return float(np.mean(found))


def score(
    said: Sequence[Said], perform: Callable[[Said], Take], truth: Sequence[Take]
) -> RoadScore:
    """Return the figures of one road."""
    began = time.process_time()
    takes = [perform(one) for one in said]
    spent = time.process_time() - began
    lasts = sum(len(one.utterance.samples) for one in said) / SAMPLE_RATE
    return RoadScore(
        round(closure_rate(takes), 4),
        round(false_closure_rate(takes), 4),
        round(rounding_auc(takes), 4),
        round(labiodental_rate(takes), 4),
        round(gap_correlation(takes, truth), 4),
        round(jitter(takes), 2),
        round(spent / lasts, 4),
    )


def named_folder(word: str) -> tuple[str, Path]:
    """Read an option `NAME=FOLDER`."""
    name, equals, folder = word.partition("=")
    if not (name and equals and folder):
        raise ArgumentTypeError(f"{word!r} is not NAME=FOLDER")
    return name, Path(folder)


def main() -> None:
    """Speak, compare and print."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--live", type=whole_number(0, 1000), default=0, metavar="N", help="sentences in real time"
    )
    parser.add_argument(
        "--also",
        type=named_folder,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="projector",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    engine, hibari = load_embedded(), load_hibari("")
    decoder = load_latent_decoder(engine.token_decoder(), FOLDER)
    phones, latents = HibariVoice(hibari), HibariVoice(hibari, decoder=decoder)
    said = [speak(text, latents) for text in sentences()]
    truth = [oracle(one.utterance, RATE) for one in said]
    hears = Streamed(engine, 10 * SUREST)
    roads: dict[str, tuple[Callable[[Said], Take], Voice | None]] = {
        "oracle": (lambda one: oracle(one.utterance, RATE), None),
        "phones": (lambda one: from_phones(one, engine), phones),
        "latents": (lambda one: from_latents(one, decoder), latents),
        "hearing": (lambda one: hears(one.utterance, RATE), HeardVoice(phones, engine)),
    }
    for name, folder in options.also:
        other = load_latent_decoder(engine.token_decoder(), folder)
        roads[f"latents, {name}"] = (partial(from_latents, decoder=other), None)
    few = sentences()[:: max(1, len(said) // max(options.live, 1))][: options.live]
    found = {}
    for name, (perform, voice) in roads.items():
        found[name] = score(said, perform, truth)
        if few and voice is not None:
            times = spoken_times(few, voice, engine, RATE, SystemClock())
            found[name] = msgspec.structs.replace(found[name], times=times)
        print(f"{name}: {_line(found[name])}")
    contacts = sum(p.label in ("p", "b", "m") for one in said for p in one.utterance.phones)
    report = RoadsReport(today(), command_line(), len(said), contacts, found)
    if options.json:
        write_report(options.json, report)


def _line(found: RoadScore) -> str:
    told = asdict(found.times) if found.times else {}
    return ", ".join(
        f"{name.replace('_', ' ')} {value:g}"
        for name, value in {**msgspec.structs.asdict(found), **told}.items()
        if isinstance(value, float)
    )


if __name__ == "__main__":
    run_command(main)
