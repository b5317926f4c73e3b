"""A voice that speaks in a process of its own, and is started again when that has ended."""

from collections.abc import Callable, Iterator
from typing import Self

from facewire.errors import EngineError
from facewire.speaking.text.clauses import ClauseSplitter, SentenceJoiner
from facewire.speaking.voice import Speech
from facewire.tokens import TokenSpace
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.own_process.process import Sentence, Worker, WorkerProcess


class WorkerVoice:
    """Speaks sentence by sentence. Used by one thread at a time, save for `cancel`."""

    def __init__(
        self, worker: Worker, speed: float, speech_of: Callable[[Sentence, str], Speech | None]
    ) -> None:
        """Start the worker.

        Args:
            worker: what speaks.
            speed: 1 is that of its model.
            speech_of: puts what it said on the clock of the tokens, if anything is heard of it; it
                is given the text too, if that is all of it.

        Raises:
            ConfigError: it cannot be started, or does not load the model.
        """
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]
        self.whole_sentences = not worker.slow
        self._worker = worker
        self._speed = speed
        self._speech_of = speech_of
        self._turn = 0
        self._busy = False
        self._process = WorkerProcess(self._worker)
        self.timed = self._process.timed
        """Whether it tells times; otherwise its tokens all say silence."""

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of each sentence; text without anything to be spoken gives nothing.

        Raises:
            ConfigError: the worker ended, and does not start again.
            EngineError: it fails at a text.
        """
        turn = self._turn
        splitter, joiner = ClauseSplitter(), SentenceJoiner()
        clauses = (*splitter.push(text), *splitter.flush())
        for piece in (*(p for c in clauses for p in joiner.push(c)), *joiner.flush()):
            if self._turn != turn:
                return
            if any(character.isalnum() for character in piece):
                yield from self._say(piece, turn)

    def cancel(self) -> None:
        """End what is spoken, from any thread; the next turn works."""
        self._turn += 1
        if self._busy and not self._worker.slow:
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.close()

    def _say(self, piece: str, turn: int) -> Iterator[Speech]:
        self._busy = True
        try:
            # All of a sentence is taken at once: who leaves in the middle leaves nothing behind.
            sentences = self._spoken(piece)
        except EngineError:
            if self._turn != turn:
                return
            if not self._process.killed:
                raise
            # It was killed for the turn before this one.
            sentences = self._spoken(piece)
        finally:
            self._busy = False
        for sentence in sentences:
            if self._turn != turn:
                return
            whole = piece if len(sentences) == 1 else ""
            if len(sentence.samples) and (speech := self._speech_of(sentence, whole)):
                yield speech

    def _spoken(self, piece: str) -> list[Sentence]:
        """Have a piece spoken, by a new process if the last one ended."""
        if not self._process.running:
            self._process.close()
            self._process = WorkerProcess(self._worker)
        return list(self._process.speak(piece, self._speed))
