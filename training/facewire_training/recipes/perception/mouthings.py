"""Can mouthings be read, of words that signers mouth, in ten languages, at 25 frames a second?

    python -m facewire_training.recipes.perception.mouthings --judge runs/judge --json OUT

Each word is mouthed with a sign of a given length as `facewire say --mute --gloss` does it, with
espeak-ng's pronunciation, and the lip reader tells the viseme of each frame of each sign. `as
spoken` is the same words said one after the other. The languages are among those whose sign
languages' mouthings have been studied: NGT, BSL and SSL (Crasborn et al. 2008, "Frequency
distribution and spreading behavior of different types of mouth actions in three sign languages"),
RSL (Bauer & Kyuseva 2022, Frontiers in Psychology 12:779958), and, in Boyes Braem & Sutton-Spence
2001, "The Hands are the Head of the Mouth", those of German, Italian, Finnish and Norwegian
signers; Danish and French are here besides.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from facewire.report_file import command_line, today, write_report
from facewire.speaking.voices import load_local_voice
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.token_session import PhonesTokenDecoder
from facewire_engines.voices.mouthing.gloss_file import Sign
from facewire_engines.voices.mouthing.voice import MouthingVoice
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.voice import speak
from facewire_training.recipes.perception.reader import FILE, LipReader, load_reader
from facewire_training.recipes.perception.seen_speech import FRAME_RATE, seen_take
from facewire_training.recipes.perception.train_reader import recognition
from facewire_training.take import Take

SIGNS_S = (0.3, 0.5, 0.8)
"""How long the signs last."""
GAP_S = 0.3
WORDS: dict[str, tuple[str, ...]] = {
    "de": ("Haus", "Mutter", "Arbeit", "Montag", "Wasser", "Schule", "Name", "Familie"),
    "nl": ("huis", "moeder", "werk", "maandag", "water", "school", "naam", "familie"),
    "en-gb": ("house", "mother", "work", "Monday", "water", "school", "name", "family"),
    "sv": ("hus", "mamma", "arbete", "måndag", "vatten", "skola", "namn", "familj"),
    "nb": ("hus", "mamma", "arbeid", "mandag", "vann", "skole", "navn", "familie"),
    "da": ("hus", "mor", "arbejde", "mandag", "vand", "skole", "navn", "familie"),
    "fi": ("talo", "äiti", "työ", "maanantai", "vesi", "koulu", "nimi", "perhe"),
    "it": ("casa", "mamma", "lavoro", "lunedì", "acqua", "scuola", "nome", "famiglia"),
    "fr-fr": ("maison", "maman", "travail", "lundi", "eau", "école", "nom", "famille"),
    "ru": ("дом", "мама", "работа", "понедельник", "вода", "школа", "имя", "семья"),
}

Row = dict[str, float]


def signs(words: Sequence[str], lasts_s: float) -> list[Sign]:
    """Return words as signs of a length, with rest before each."""
    starts = [GAP_S + place * (lasts_s + GAP_S) for place in range(len(words))]
    return [
        Sign(word.upper(), start, start + lasts_s, word, place)
        for place, (word, start) in enumerate(zip(words, starts, strict=True), start=1)
    ]


def mouthed(
    language: str, lasts_s: float, decoder: PhonesTokenDecoder, problems: list[str]
) -> Take:
    """Return the face that mouths a language's words; what is too fast is added to `problems`."""
    voice = load_local_voice(language=language, voice="espeak", rate=175, pitch=50)
    mouthing = MouthingVoice(
        voice, signs(WORDS[language], lasts_s), name=language, on_problem=problems.append
    )
    return speak("", mouthing, decoder, FRAME_RATE)


def language_row(language: str, decoder: PhonesTokenDecoder, judge: LipReader) -> Row:
    """Return what is read of a language: shares of frames within signs."""
    voice = load_local_voice(language=language, voice="espeak", rate=175, pitch=50)
    spoken = speak(". ".join(WORDS[language]), voice, decoder, FRAME_RATE)
    row: Row = {"as spoken": recognition(judge, [seen_take(spoken)])["recognised in speech"]}
    for lasts_s in SIGNS_S:
        problems: list[str] = []
        found = recognition(judge, [seen_take(mouthed(language, lasts_s, decoder, problems))])
        row[f"{lasts_s:g} s"] = found["recognised in speech"]
        row[f"guessed, {lasts_s:g} s"] = found["guessed in speech"]
        row[f"too fast, {lasts_s:g} s"] = len(problems)
    return row


def main() -> None:
    """Read every language, print, and write if it is asked for."""
    parser = make_parser(__doc__)
    parser.add_argument("--judge", type=Path, required=True, help="folder of a lip reader")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    judge, decoder = load_reader(options.judge / FILE), load_embedded().token_decoder()
    rows = {
        language: language_row(language, decoder, judge)
        for language in track(WORDS, description="reading")
    }
    _print(rows)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "words": len(WORDS["de"])}
        write_report(options.json, {**about, "languages": rows})


def _print(rows: Mapping[str, Row]) -> None:
    table = Table("language")
    for name in next(iter(rows.values())):
        table.add_column(name, justify="right")
    for language, row in rows.items():
        table.add_row(language, *(f"{value:.2f}" for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    run_command(main)
