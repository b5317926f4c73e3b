"""At which pace is a voice hard to understand?

`python -m facewire_training.evaluation.spoken.paces` has voices speak some of the sentences that
`facewire_training.evaluation.voice` speaks, slower and faster, and counts the words that Whisper
tiny.en hears rightly.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from facewire.report_file import command_line, today, write_report
from facewire.speaking.voices import load_local_voice
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.voice import sentences, words_heard
from facewire_training.option_ranges import whole_number

PACES = {"hibari": (80, 175, 250, 300, 350, 450), "espeak": (175, 300)}
"""Words a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many words of a voice were heard rightly."""

    voice: str
    rate: int
    """Words a minute."""
    words: int
    right: int


def heard_at(voice: str, rate: int, texts: list[str]) -> Pace:
    """Return how well texts are understood.

    Raises:
        ConfigError: the voice, or what hears the words, is not installed.
    """
    speaker = load_local_voice(language="en-us", voice=voice, rate=rate, pitch=50)
    heard = words_heard(texts, speaker)
    return Pace(voice, rate, heard.words, heard.right)


def main() -> None:
    """Speak, listen, and print the shares."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--sentences", type=whole_number(1, 101), default=12, metavar="N", help="how many"
    )
    parser.add_argument("--jobs", type=whole_number(1, 64), default=1, help="processes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    every = sentences()
    texts = every[:: len(every) // options.sentences][: options.sentences]
    asked = [(voice, rate) for voice, rates in PACES.items() for rate in rates]
    found = list[Pace]()
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as processes:
        for pace in processes.map(heard_at, *zip(*asked, strict=True), repeat(texts)):
            found.append(pace)
            print(f"{pace.voice} at {pace.rate}: {pace.right} of {pace.words} words", flush=True)
    report = {"date": today(), "command": command_line(), "sentences": len(texts)}
    if options.json:
        write_report(options.json, report | {"paces": [asdict(pace) for pace in found]})


if __name__ == "__main__":
    run_command(main)
