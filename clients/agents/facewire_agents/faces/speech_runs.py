"""The runs of speech of one agent that are not heard to their end."""

from collections.abc import Iterator

from facewire.frames import BlendshapeFrame
from facewire.speaking.playout_clock import PlayoutClock
from facewire_agents.faces.heard import Heard, heard_of
from facewire_agents.faces.speech_run import SpeechRun


class SpeechRuns:
    """Runs by their numbers, in their order. Every method is told the time in ns."""

    def __init__(self, clock: PlayoutClock) -> None:
        """Begin with none; the clock knows which sample of the stream is heard."""
        self._clock = clock
        self._runs: dict[int, SpeechRun] = {}

    def __iter__(self) -> Iterator[SpeechRun]:
        return iter(self._runs.values())

    def add(self, run: SpeechRun) -> None:
        """Take a run that is behind all others."""
        self._runs[run.number] = run

    def get(self, number: int) -> SpeechRun | None:
        """Return the run of a turn; None if it is over, or was interrupted."""
        return self._runs.get(number)

    def alive(self, now: int) -> list[SpeechRun]:
        """Return those that are not heard to their end."""
        return [run for run in self._runs.values() if not self._is_over(run, now)]

    def heard_of(self, run: SpeechRun, now: int) -> int:
        """Return the position up to which a run was heard."""
        if run.stream(0) is None:
            return 0
        return max(0, min(run.own(self._clock.position(now)), run.played, run.sent))

    def what_was_heard(self, run: SpeechRun, now: int) -> Heard:
        """Return how much of a run's speech was heard."""
        position = self.heard_of(run, now)
        source = run.offset + run.source(position)
        last = source - 1 if source else None
        return heard_of(run.context, last, run.sample_rate, run.words_before(position))

    def may_show(self, frame: BlendshapeFrame) -> bool:
        """Tell whether a transport has taken the sound of a frame."""
        run = self._runs.get(frame.turn)
        if run is None:
            return True
        own = run.own(frame.timestamp)
        return own < run.played or (run.ended and own >= run.sent)

    def forget(self, now: int) -> None:
        """Forget those that are heard to their end, and have no more faces."""
        for number, run in list(self._runs.items()):
            if not (run.over and self._is_over(run, now)):
                break
            del self._runs[number]

    def clear(self) -> None:
        """Forget all."""
        for run in self._runs.values():
            run.ended = run.over = True
        self._runs.clear()

    def _is_over(self, run: SpeechRun, now: int) -> bool:
        return run.ended and run.played >= run.sent and self.heard_of(run, now) >= run.sent
