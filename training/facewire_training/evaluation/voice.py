"""Do the lips close when a voice says p, b and m? And is it understood, and how soon is it there?

`python -m facewire_training.evaluation.voice` speaks sentences full of them, drives the face from
the voice's own phones, or its latents with `--face latents`, as `facewire say` does, and prints on
which of them the lips meet. With `--live N` it also speaks N of them in real time, and with
`--words` Whisper writes down what it hears.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.report_file import command_line, today, write_report
from facewire.speaking.voice import TokenDecoder, Voice
from facewire.speaking.voices import load_local_voice, voice_decoder
from facewire.tokens import TokenChunk
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import MAX_LOOKAHEAD_MS
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.synthesised.texts import read_resource
from facewire_training.evaluation.metrics.lips.closure import (
    BILABIALS,
    closure_rate,
    false_closure_rate,
)
from facewire_training.evaluation.spoken.times import real_time_factor, spoken_times
from facewire_training.option_ranges import frame_rate, whole_number
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

if TYPE_CHECKING:
    from facewire_training.evaluation.spoken.words import Understood

FIRST = "Bob bought my puppy a map."


def speak(text: str, voice: Voice, decoder: TokenDecoder, frame_rate: Fraction) -> Take:
    """Return the face of a text, and the phones that the voice said to have spoken."""
    session = decoder.session(frame_rate=frame_rate, lookahead_ms=MAX_LOOKAHEAD_MS)
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
    return [FIRST, *read_resource("sentences.txt").splitlines()]


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


def words_heard(texts: Sequence[str], voice: Voice) -> "Understood":
    """Return how many words of texts Whisper hears rightly.

    Raises:
        ConfigError: it is not installed.
    """
    # torch is imported for words only.
    from facewire_training.evaluation.spoken.words import Listener, Understood, understood

    listener, found = Listener(), list[Understood]()
    for text in texts:
        said = np.concatenate([speech.samples for speech in voice.speak(text)])
        found.append(understood(text, listener.write_down(said)))
    return Understood(sum(one.words for one in found), sum(one.right for one in found))


def main() -> None:
    """Speak, and print the shares."""
    parser = make_parser(__doc__)
    parser.add_argument("text", nargs="*", help="what to say; by default built-in sentences")
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--voice", default="espeak", help="as `facewire say` has it")
    parser.add_argument("--face", choices=("phones", "latents"), default="phones", help="likewise")
    parser.add_argument("--rate", type=whole_number(80, 450), default=175, help="words a minute")
    parser.add_argument("--frame-rate", type=frame_rate, default=Fraction(60))
    parser.add_argument(
        "--live", type=whole_number(0, 1000), default=0, metavar="N", help="sentences in real time"
    )
    parser.add_argument("--words", action="store_true", help="count the words that Whisper hears")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    voice = load_local_voice(
        language=options.language,
        voice=options.voice,
        rate=options.rate,
        pitch=50,
        face=options.face,
    )
    engine, clock = load_embedded(), SystemClock()
    decoder = voice_decoder(engine, voice)
    texts = options.text or sentences()
    found = score([speak(text, voice, decoder, options.frame_rate) for text in texts])
    print(found.line())
    report = {"date": today(), "command": command_line()} | asdict(found)
    if options.live:
        factor = real_time_factor(texts, voice, clock)
        few = texts[:: max(1, len(texts) // options.live)][: options.live]
        times = spoken_times(few, voice, engine, options.frame_rate, clock)
        report |= {"real_time_factor": round(factor, 4), "times": asdict(times)}
        print(
            f"real-time factor {factor:.4f}; in the median of {times.turns} the first face after "
            f"{times.first_face_ms:.1f} ms, the first sound after {times.first_sound_ms:.1f} ms; "
            f"its worst face left {times.face_lead_ms:.1f} ms before its sound, the worst of all "
            f"{times.worst_lead_ms:.1f} ms"
        )
    if options.words:
        heard = words_heard(texts, voice)
        report["words"] = asdict(heard)
        print(f"{heard.right} of {heard.words} words were heard rightly")
    if options.json:
        write_report(options.json, report)


if __name__ == "__main__":
    run_command(main)
