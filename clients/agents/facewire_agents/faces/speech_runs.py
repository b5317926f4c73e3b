"""The runs of speech of one agent: what comes of them, and which are not heard to their end."""

from collections.abc import Iterator

from facewire.clock import Clock
from facewire.frames import BlendshapeFrame, Samples
from facewire_agents.faces.heard import Heard, heard_of
from facewire_agents.faces.kept_stream import KeptStream
from facewire_agents.faces.speech_run import RATE, SpeechRun


class SpeechRuns:
    """Runs by their numbers, in their order, each a turn of the stream that makes their faces."""

    def __init__(self, kept: KeptStream, clock: Clock) -> None:
        """Begin with none.

        Args:
            kept: makes the faces, and knows which sample of the stream is heard.
            clock: keeps time.
        """
        self.newest = 0
        """Number of the run that began last."""
        self._kept = kept
        self._clock = clock
        self._playout = kept.playout
        self._runs: dict[int, SpeechRun] = {}

    def __iter__(self) -> Iterator[SpeechRun]:
        return iter(self._runs.values())

    def begin(
        self,
        context: str,
        sample_rate: int,
        channels: int = 1,
        *,
        offset: int = 0,
        after: SpeechRun | None = None,
    ) -> SpeechRun:
        """Begin a run of speech, behind those before it.

        Args:
            context: what the framework calls the speech.
            sample_rate: Hz, of its audio.
            channels: of its audio, interleaved.
            offset: source samples of the same speech in runs before this one.
            after: the one before this one, of the same speech; None if there is none.

        Raises:
            ConfigError: there is no such audio.
        """
        run = SpeechRun(self.newest + 1, context, sample_rate, channels, offset=offset)
        self.newest = run.number
        run.over = self._kept.faceless
        self.forget(self._clock.now())
        self._runs[run.number] = run
        self._kept.stream.begin(run.number)
        if after is not None:
            run.go_on_with(after)
            for word in run.words:
                self._align(run, word.word, word.start)
        return run

    def push(self, run: SpeechRun, pcm: bytes) -> None:
        """Take the next audio of a run, 16-bit and interleaved."""
        self._send(run, run.resample(pcm))

    def note(self, run: SpeechRun, text: str, start: int) -> None:
        """Take a word of a run that begins at a position, before or after its audio.

        Of several words at once, which one is spoken is not known: they help to make the faces, and
        are no word that was heard.
        """
        run.note(text, start)
        if not run.ended:
            self._align(run, text, start)

    def end(self, run: SpeechRun) -> None:
        """Take no more of a run; twice is once."""
        if not run.ended:
            self._send(run, run.flush())
            run.ended, run.ended_at = True, self._clock.now()
            self._kept.stream.end(run.number)

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
        return max(0, min(run.own(self._playout.position(now)), run.played, run.sent))

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

    def lose_faces(self, sample: int) -> int:
        """Let no more faces come, of runs that go on behind a sample; return where they end."""
        for run in self:
            if run.stream(0) is None:
                run.place(0, sample)
            sample = max(sample, run.stream(run.sent) or 0)
            run.over = True
        return sample

    def clear(self) -> None:
        """Forget all."""
        for run in self._runs.values():
            run.ended = run.over = True
        self._runs.clear()

    def _is_over(self, run: SpeechRun, now: int) -> bool:
        return run.ended and run.played >= run.sent and self.heard_of(run, now) >= run.sent

    def _send(self, run: SpeechRun, samples: Samples) -> None:
        if len(samples) and not run.ended:
            run.sent += len(samples)
            self._kept.stream.push(run.number, samples)

    def _align(self, run: SpeechRun, text: str, start: int) -> None:
        if start >= 0:
            self._kept.stream.align(run.number, text, start / RATE)
