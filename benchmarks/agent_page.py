"""How long the page takes to answer, and to fall silent: the canned agent, in a real browser.

    python benchmarks/agent_page.py --json benchmarks/results/agent-page-cpu.json

Chromium's microphone hears a file: the same question again and again, each into the answer to the
one before. When speech ended is what the server says of it, in steps of 32 ms.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile
import soxr
from rich.console import Console
from rich.table import Table

from browser import listening_to, opened
from docs_sections import how, table
from facewire.listening.activity import has_silero
from facewire.listening.utterances import PAUSE_S
from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.server_process import serving
from facewire_cli.bench.throughput_load import clip_samples

SIZE = (1280, 800)
RATE = 16_000
BROWSER_RATE = 48_000
LEAD_IN_S, QUESTION_S, ANSWERING_S, LEAD_OUT_S = 3.0, 2.5, 3.5, 20.0
SHUT_PX = 2.0
"""A gap between the drawn lips that is none, at the page's scale of 1."""
RECORD = """() => {
    window.seen = [];
    requestAnimationFrame(function tick(now) {
        seen.push([now, facewire.drawn.mouthGapPx / facewire.drawn.scale, facewire.speech.hearing]);
        requestAnimationFrame(tick);
    });
}"""


class AnsweredTurn(msgspec.Struct, frozen=True):
    """Milliseconds from the end of the question, but for the last two."""

    text: float
    """The answer's text is on the page."""
    face: float
    """Its first face is drawn."""
    sound: float
    """Its first sound is heard."""
    silent: float | None
    """From the server's word that somebody speaks to the last sound; None: nobody did."""
    shut: float | None
    """From there to shut lips, likewise."""


class AgentPage(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    silero: bool
    """Whether silero-vad's model listened."""
    pause_ms: float
    """Of each answer: how long the server waits for more words."""
    turns: list[AnsweredTurn]
    cut_short: int
    """Pieces of a question that was taken for more than one."""


def questions(path: Path, count: int) -> None:
    """Write what the browser's microphone hears: the questions, in a silent room."""
    question = clip_samples(RATE)[: round(QUESTION_S * RATE)]

    def silence(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.zeros(round(seconds * RATE), np.float32)

    parts = [silence(LEAD_IN_S), *[question, silence(ANSWERING_S)] * count, silence(LEAD_OUT_S)]
    sound = soxr.resample(np.concatenate(parts), RATE, BROWSER_RATE)
    soundfile.write(path, sound, BROWSER_RATE, subtype="PCM_16")


def measure(count: int) -> tuple[list[AnsweredTurn], int]:
    """Ask so many questions; return how each was answered, and how many were not heard whole.

    A page that is late hears a pause within a question, and goes on before there is an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.wav"
        questions(path, count)
        with (
            serving("serve", "--agent", "canned") as server,
            opened(f"http://{server.address}/", SIZE, arguments=listening_to(path)) as page,
        ):
            page.evaluate(RECORD)
            page.get_by_role("button", name="Talk").click()
            seconds = LEAD_IN_S + (count + 1) * (QUESTION_S + ANSWERING_S)
            page.wait_for_function(
                f"facewire.dialogue.turns[{count - 1}]?.soundMs", timeout=2_000 * seconds
            )
            turns, seen = page.evaluate("[facewire.dialogue.turns, window.seen]")
    heard = [turn for turn in turns if turn["soundMs"] is not None]
    return [_times(turn, np.array(seen, float)) for turn in heard], len(turns) - len(heard)


def _times(
    turn: dict[str, float | None], seen: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> AnsweredTurn:
    ended, cut = turn["endedMs"], turn["cutMs"]
    assert ended is not None
    text, face, sound = (_since(ended, turn[name]) for name in ("saidMs", "faceMs", "soundMs"))
    if cut is None:
        return AnsweredTurn(text, face, sound, None, None)
    later = seen[seen[:, 0] >= cut]
    silent = float(later[later[:, 2] == 0][0, 0] - cut)
    shut = float(later[later[:, 1] < SHUT_PX][0, 0] - cut)
    return AnsweredTurn(text, face, sound, silent, shut)


def _since(began: float, when: float | None) -> float:
    assert when is not None, "it was answered"
    return round(when - began, 1)


ROWS: tuple[tuple[str, Callable[[AnsweredTurn], float | None]], ...] = (
    ("end of speech to the answer's text", lambda turn: turn.text),
    ("end of speech to the first face", lambda turn: turn.face),
    ("end of speech to the first sound", lambda turn: turn.sound),
    ("interruption to silence", lambda turn: turn.silent),
    ("interruption to shut lips", lambda turn: turn.shut),
)
HEADER = ["", "median", "slowest"]


def rows(found: AgentPage) -> list[list[str]]:
    """Return the table's rows."""
    made = []
    for name, of in ROWS:
        times = [time for turn in found.turns if (time := of(turn)) is not None]
        made.append([name, *(f"{time:.0f} ms" for time in (np.median(times), max(times)))])
    return made


def answer_times(found: AgentPage) -> str:
    """Return what docs/agent-page.md says of it."""
    listener = "silero-vad's model" if found.silero else "loudness"
    made = how(found.command, found.date, found.machine)
    short = f" ({found.cut_short} more were the halves of one)" if found.cut_short else ""
    return (
        f"{made}\n\n{len(found.turns)} answers{short} to questions that were heard by "
        f"{listener}; the first three contain the pause of {found.pause_ms:.0f} ms that ends what "
        f"is said:\n\n{table(HEADER, rows(found))}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write the report if there is a place for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--questions", type=int, default=12, help="how many, 2 to 100")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    if not 2 <= chosen.questions <= 100:
        parser.error(f"--questions {chosen.questions} is out of range: give 2 to 100")
    machine = describe_machine()
    turns, short = measure(chosen.questions)
    found = AgentPage(today(), command_line(), machine, has_silero(), 1000 * PAUSE_S, turns, short)
    shown = Table(*HEADER)
    for row in rows(found):
        shown.add_row(*row)
    Console().print(shown)
    if chosen.json:
        write_report(chosen.json, found)


if __name__ == "__main__":
    main()
