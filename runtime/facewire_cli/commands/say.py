"""`facewire say`: text to speech and a face in step, or to a silent mouth."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.speaking.voice import FaceSource, SelectiveVoice, Voice
from facewire.speaking.voices import holding, load_local_voice
from facewire_cli import options
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.speaking.outputs import sort_outputs
from facewire_cli.speaking.run import Speaking
from facewire_cli.summary import raise_failures
from facewire_cli.usage import finite
from facewire_engines.voices.mouthing.gloss_file import Sign, read_gloss_file
from facewire_engines.voices.mouthing.voice import MouthingVoice

EXAMPLES = """
Examples:

    facewire say "Bob bought my puppy a map."         # open the page it names

    facewire say "Hello." -o hello.wav -o face.csv    # to files, as fast as the machine can

    facewire say - --out osc://127.0.0.1:9000         # text as it arrives, word by word

    facewire say "Hello." --mute -o face.csv          # a silent mouth, and word times

    facewire say --mute --gloss signs.tsv --language de -o face.csv   # words mouthed with signs
"""

NAMED = 40
"""Characters of a word that could not be said, at most."""


@options.choosing(
    *options.ADDRESS, "frame_rate", *options.ENGINE, "articulation", "emotion", "idle", "seed"
)
def say(
    chosen: options.Chosen,
    text: Annotated[
        str, typer.Argument(metavar="[TEXT|-]", help="What to say; - reads standard input.")
    ] = "",
    out: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "--out",
            "-o",
            metavar="OUT",
            help="FILE.wav, FILE.csv, FILE.npz, FILE.jsonl, words.tsv, osc://HOST:PORT. "
            "May be repeated; with files alone, they are made as fast as the machine can.",
        ),
    ] = None,
    voice: Annotated[
        str,
        typer.Option(
            help="hibari, espeak or a variant of it such as f2 (`facewire voices`), "
            "piper:MODEL.onnx, kokoro:VOICE.pt, cosyvoice:FILE.toml, or a package's."
        ),
    ] = "",
    language: Annotated[
        str, typer.Option(help="Such as en-us, de, fr-fr (`facewire voices`).")
    ] = "en-us",
    rate: Annotated[int, typer.Option(help="Words a minute, 80 to 450.")] = 175,
    pitch: Annotated[int, typer.Option(help="0 to 100.")] = 50,
    face: Annotated[
        FaceSource,
        typer.Option(help="What of the voice the face is made from; latents: hibari's only."),
    ] = "phones",
    mute: Annotated[
        bool, typer.Option("--mute", help="Only mouth the words; print when each is said.")
    ] = False,
    gloss: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --mute, instead of a text: lines of word, start, end and mouthing with "
            "tabs between, for avatars that sign.",
        ),
    ] = None,
    lead_ms: Annotated[
        float,
        typer.Option(
            min=0, max=1000, callback=finite, help="How long before its sound a face leaves."
        ),
    ] = 100.0,
    page: Annotated[
        bool | None,
        typer.Option("--page/--no-page", help="Serve the viewer page; the default without -o."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Play nothing through this machine's sound device.")
    ] = False,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Speak a text, or text as it arrives, with a face in step.

    Where somebody watches it is heard from the default sound device, too; --no-page without any
    -o is for that alone.

    A file that exists is not replaced without --overwrite.
    """
    signs = _signs(gloss, text, mute=mute)
    # What is mouthed is no text: its words are counted, but neither marks nor `-` are read in it.
    text = " ".join(["sign"] * len(signs)) or _utf8(text)
    outputs = sort_outputs(
        [*chosen.settings.outputs, *(out or [])],
        mute=mute,
        inputs=(0 if text == "-" else None, gloss, *chosen.files),
        overwrite=overwrite,
    )
    loaded = load_local_voice(language=language, voice=voice, rate=rate, pitch=pitch, face=face)
    speaking = Speaking(
        chosen.settings,
        outputs,
        _mouthing(loaded, signs, gloss) if gloss else loaded,
        SystemClock(),
        lead_ms=lead_ms,
        page=page,
        mute=mute,
        quiet=quiet,
    )
    console = Console(stderr=speaking.prints_words)
    try:
        with holding(loaded):
            run(speaking.run(text))
    except Ended:
        speaking.print_summary(console)
        raise_failures(speaking.report)
        if not speaking.live and speaking.report.samples:
            console.print("interrupted; the files hold what was made until then")
        raise
    left_out = _left_out(loaded)
    if not speaking.report.samples:
        if text == "-" and not speaking.has_read:
            raise ConfigError("standard input ended without any text; send some words into it")
        if left_out:
            raise ConfigError(f"nothing in the text can be spoken; {left_out}")
        raise ConfigError(
            "the voice can speak nothing of the text; give some words of its language (--language)"
        )
    speaking.print_summary(console)
    if left_out:
        console.print(left_out, style="yellow", soft_wrap=True, markup=False, highlight=False)
    raise_failures(speaking.report)


def _signs(gloss: Path | None, text: str, *, mute: bool) -> list[Sign]:
    """Return what is to be mouthed, if that is what is asked for.

    Raises:
        ConfigError: neither a text nor a file is given, or both are, or the file is wrong.
    """
    if gloss is None:
        if not text.strip():
            raise ConfigError("there is nothing to say; give a text, or - to read standard input")
        return []
    if text.strip():
        raise ConfigError("--gloss says what is mouthed; leave out the text")
    if not mute:
        raise ConfigError("--gloss makes a silent mouth; add --mute")
    return read_gloss_file(gloss)


def _mouthing(voice: Voice, signs: Sequence[Sign], gloss: Path | None) -> Voice:
    """Return a voice that mouths signs; what is too fast to be seen is told."""

    def tell(problem: str) -> None:
        Console(stderr=True).print(
            f"warning: {problem}", soft_wrap=True, highlight=False, markup=False
        )

    return MouthingVoice(voice, signs, name=str(gloss), on_problem=tell)


def _utf8(text: str) -> str:
    """Return a text as it was typed, where Python has read it in a locale without its letters.

    Raises:
        ConfigError: it was not typed in UTF-8.
    """
    try:
        return os.fsencode(text).decode() if any(map(_is_escaped, text)) else text
    except UnicodeError as error:
        raise ConfigError(
            "the text is not written in UTF-8; set the terminal to UTF-8, or send it as a file: "
            "iconv -f LATIN1 -t UTF-8 FILE | facewire say -"
        ) from error


def _is_escaped(character: str) -> bool:
    """Tell whether a character is a byte that Python could not read, by PEP 383."""
    return "\udc80" <= character <= "\udcff"


def _left_out(voice: Voice) -> str:
    """Name the words that a voice could not say; empty if there are none."""
    if not isinstance(voice, SelectiveVoice) or not voice.left_out:
        return ""
    words = ", ".join(repr(word[:NAMED]) for word in voice.left_out)
    return f"this voice cannot say {words}; choose another --voice or --language for that"
