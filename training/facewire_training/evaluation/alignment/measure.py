"""What times buy: on which p, b and m lips close by the times that each provider tells.

`python -m facewire_training.evaluation.alignment.measure` has the voices speak sentences, tells the
embedded model the voices' own times in each provider's shape, and prints on which of the voice's
p, b and m the lips meet; beside it the same in white noise, in which hearing alone is not enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.progress import track

from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk, Samples
from facewire.report_file import command_line, today, write_report
from facewire.speaking.alignment.formats.registry import read_marks
from facewire.speaking.alignment.timeline import Timeline
from facewire.speaking.voice import Span, Voice
from facewire.speaking.voices import load_local_voice
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.alignment import shapes
from facewire_training.evaluation.alignment.shapes import SAMPLE_RATE, KnownSpeech, Shape
from facewire_training.evaluation.voice import VoiceScore, score, sentences
from facewire_training.option_ranges import whole_number
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

BITE = SAMPLE_RATE // 5
"""Samples that the engine gets at a time, as on `/speak`."""
NOISE_DB = 5.0
"""By how much the voice is louder than the noise."""
ENGLISH, UNKNOWN = "en-us", "und"
"""A language with a dictionary, and one without."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is told of the times."""

    name: str
    format: str = "words"
    shape: Shape | None = None
    late_s: float = 0.0
    language: str = ENGLISH


CONDITIONS = (
    Condition("nothing: heard"),
    Condition("phones (Cartesia, others)", "phones", shapes.cartesia_phones),
    Condition("visemes (Azure)", "azure", shapes.azure_visemes),
    Condition("visemes (Polly)", "polly", shapes.polly_visemes),
    Condition("characters (ElevenLabs)", "elevenlabs", shapes.elevenlabs_characters),
    Condition("words (Cartesia, Rime)", "cartesia", shapes.words),
    Condition("words without ends (Polly)", "polly", shapes.polly_words),
    Condition("words, no dictionary", "rime", shapes.words, language=UNKNOWN),
    Condition("visemes, 100 ms late", "azure", shapes.azure_visemes, late_s=0.1),
    Condition("words, 200 ms early", "cartesia", shapes.words, late_s=-0.2),
    Condition("words, 200 ms late", "cartesia", shapes.words, late_s=0.2),
    Condition("words that are not said", "cartesia", shapes.wrong_words),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one voice under one condition."""

    voice: str
    condition: str
    clean: VoiceScore
    noisy: VoiceScore


def speak(text: str, voice: Voice) -> KnownSpeech:
    """Return a text as a voice says it, with its own times; the voice is at 16 kHz."""
    samples: list[Samples] = []
    phones: list[Span] = []
    words: list[Span] = []
    origin = 0
    for speech in voice.speak(text):
        for spans, found in ((phones, speech.phones), (words, speech.words)):
            spans += [Span(one.label, one.start + origin, one.end + origin) for one in found]
        samples.append(speech.samples)
        origin += len(speech.samples)
    return KnownSpeech(np.concatenate(samples), tuple(phones), tuple(words))


def in_noise(speech: KnownSpeech, seed: int) -> KnownSpeech:
    """Return the same in white noise."""
    loud = float(np.sqrt(np.mean(np.square(speech.samples))))
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, loud * 10 ** (-NOISE_DB / 20), len(speech.samples))
    noisy = np.clip(speech.samples + noise, -1, 1).astype(np.float32)
    return KnownSpeech(noisy, speech.phones, speech.words)


def show(speech: KnownSpeech, condition: Condition, engine: PhonesEngine) -> Take:
    """Return the face of speech of which something is told."""
    session = engine.aligned_session(language=condition.language)
    face = make_face(session.spec, idle=False)
    if condition.shape is not None:
        timeline = Timeline()
        told = msgspec.json.encode(condition.shape(speech, condition.late_s))
        timeline.add(read_marks(condition.format, told))
        session.align(timeline.spans())
    frames = []
    for start in range(0, len(speech.samples), BITE):
        frames += session.push(AudioChunk(speech.samples[start : start + BITE], start, SAMPLE_RATE))
    frames += session.flush()
    weights = np.stack([face.apply(frame).weights for frame in frames])
    return Take(weights, session.spec.frame_rate, tuple(_intervals(speech.phones)))


def measure(
    name: str, voice: Voice, texts: Sequence[str], engine: PhonesEngine
) -> Iterator[Measured]:
    """Yield what is found of a voice under each condition."""
    clean = [speak(text, voice) for text in texts]
    noisy = [in_noise(speech, seed) for seed, speech in enumerate(clean)]
    for condition in track(CONDITIONS, description=name):
        found = [
            score([show(one, condition, engine) for one in speeches]) for speeches in (clean, noisy)
        ]
        yield Measured(name, condition.name, *found)


def _intervals(phones: Sequence[Span]) -> Iterator[PhoneInterval]:
    for phone in phones:
        if phone.end > phone.start:
            start_s, end_s = phone.start / SAMPLE_RATE, phone.end / SAMPLE_RATE
            yield PhoneInterval(start_s, end_s, INDEX[phone.label])


def main() -> None:
    """Speak, tell, and print the shares."""
    parser = make_parser(__doc__)
    parser.add_argument("--voices", nargs="+", default=["hibari", "espeak"])
    parser.add_argument("--sentences", type=whole_number(1, 101), default=50)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    engine = load_embedded()
    texts = sentences()[: options.sentences]
    measured: list[Measured] = []
    for name in options.voices:
        voice = load_local_voice(language=ENGLISH, voice=name, rate=175, pitch=50)
        if voice.sample_rate != SAMPLE_RATE:
            raise ConfigError(f"the voice {name} is not at {SAMPLE_RATE} Hz; choose another one")
        for found in measure(name, voice, texts, engine):
            measured.append(found)
            print(f"{name}, {found.condition}: {found.clean.line()}; in noise {found.noisy.line()}")
    if options.json:
        made = {"date": today(), "command": command_line()}
        told = {"sentences": len(texts), "noise_db": NOISE_DB}
        write_report(options.json, {**made, **told, "measured": [asdict(one) for one in measured]})


if __name__ == "__main__":
    run_command(main)
