"""Do the lips close when the embedded voice says p, b and m?

`python -m facewire_training.evaluation.voice` speaks sentences full of them, drives the face from
the voice's own phones, as `facewire say` does, and prints on which of them the lips meet.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path

import numpy as np

from facewire.face import make_face
from facewire.report_file import command_line, today, write_report
from facewire.speaking.voice import Voice
from facewire.tokens import TokenChunk
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PhonesTokenDecoder
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.metrics.lips.closure import (
    BILABIALS,
    closure_rate,
    false_closure_rate,
)
from facewire_training.option_ranges import frame_rate, whole_number
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

FIRST = "Bob bought my puppy a map."


def speak(text: str, voice: Voice, decoder: PhonesTokenDecoder, frame_rate: Fraction) -> Take:
    """Return the face of a text, and the phones that the voice said to have spoken."""
    session = decoder.session(frame_rate=frame_rate)
    face = make_face(session.spec, idle=False)
    frames = []
    phones: list[PhoneInterval] = []
    tokens = 0
    for speech in voice.speak(text):
        origin = voice.space.sample(tokens, voice.sample_rate)
        phones += [
            PhoneInterval(
                (origin + phone.start) / voice.sample_rate,
                (origin + phone.end) / voice.sample_rate,
                INDEX[phone.label],
            )
            for phone in speech.phones
        ]
        chunk = TokenChunk(speech.tokens, voice.space, 0, tokens, voice.sample_rate)
        frames += session.push(chunk)
        tokens += len(speech.tokens)
    frames += session.flush()
    weights = np.stack([face.apply(frame).weights for frame in frames])
    return Take(weights, frame_rate, tuple(phones))


def sentences() -> list[str]:
    """Return the sentences that are spoken where none is given."""
    folder = resources.files("facewire_training.data.corpora")
    return [FIRST, *(folder / "sentences.txt").read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True, slots=True)
class VoiceScore:
    """How often the lips do what the voice says, as shares."""

    contacts: int
    """How many p, b and m there are."""
    closed: float
    """Share of them in which the lips meet."""
    vowels_shut: float

    def line(self) -> str:
        """Return it as a sentence."""
        return (
            f"lips closed on {100 * self.closed:.1f} % of {self.contacts} p, b and m; "
            f"shut on {100 * self.vowels_shut:.1f} % of the open vowels"
        )


def score(takes: Sequence[Take]) -> VoiceScore:
    """Return the shares."""
    count = sum(phone.label in BILABIALS for take in takes for phone in take.phones)
    return VoiceScore(count, closure_rate(takes), false_closure_rate(takes))


def main() -> None:
    """Speak, and print the shares."""
    parser = make_parser(__doc__)
    parser.add_argument("text", nargs="*", help="what to say; by default built-in sentences")
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--voice", default="")
    parser.add_argument("--rate", type=whole_number(80, 450), default=175, help="words a minute")
    parser.add_argument("--frame-rate", type=frame_rate, default=Fraction(60))
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    voice = EspeakVoice(options.language, options.voice, options.rate)
    decoder = load_embedded().token_decoder()
    texts = options.text or sentences()
    found = score([speak(text, voice, decoder, options.frame_rate) for text in texts])
    print(found.line())
    if options.json:
        made = {"date": today(), "command": command_line()}
        write_report(options.json, made | asdict(found))


if __name__ == "__main__":
    run_command(main)
