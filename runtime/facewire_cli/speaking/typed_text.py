"""Text that arrives bit by bit, such as words typed or piped into standard input."""

import asyncio
import codecs
import os
from collections.abc import AsyncGenerator, Callable
from functools import partial

from facewire.daemon_thread import call_in_daemon
from facewire.speaking.text.clauses import ClauseSplitter, SentenceJoiner
from facewire.speaking.text.emotion_marks import MarkReader

PAUSE_S = 0.7
"""Where no more text has come for so long, what is there is said."""

_READ_BYTES = 65_536


def whole_clause(text: str, on_problem: Callable[[str], None]) -> str:
    """Return a text that is spoken as a whole, its marks read; what is wrong with them is told."""
    marks = MarkReader()
    clause = marks.push(text) + marks.flush()
    for problem in marks.problems:
        on_problem(problem)
    return clause


async def clauses_from(
    descriptor: int,
    pause_s: float | None = PAUSE_S,
    *,
    on_problem: Callable[[str], None] = lambda problem: None,
) -> AsyncGenerator[str, None]:
    """Yield the clauses of UTF-8 text from a file descriptor, each as soon as it is complete.

    Where an incomplete clause never counts as complete, they are joined to sentences.

    Args:
        descriptor: stays open; a read that is under way when this is closed may still take bytes.
        pause_s: after how long without text an incomplete clause counts as complete; None is never.
        on_problem: is told what is wrong with marks in the text.
    """
    splitter = ClauseSplitter(marks=True)
    # Who does not wait gets whole sentences, as from a text that is there at once.
    joiner = SentenceJoiner() if pause_s is None else None
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    reading: asyncio.Future[bytes] | None = None
    while True:
        # A read cannot be taken back, so the same one is waited for again after a pause.
        reading = reading or call_in_daemon(partial(os.read, descriptor, _READ_BYTES), "read text")
        done, _ = await asyncio.wait([reading], timeout=pause_s if splitter.pending else None)
        if not done:
            for clause in splitter.flush(ended=False):
                yield clause
            continue
        data, reading = reading.result(), None
        clauses = splitter.push(decoder.decode(data, final=not data))
        if not data:
            clauses += splitter.flush()
        if joiner is not None:
            clauses = [sentence for clause in clauses for sentence in joiner.push(clause)]
            clauses += [] if data else joiner.flush()
        for problem in splitter.take_problems():
            on_problem(problem)
        for clause in clauses:
            yield clause
        if not data:
            return
