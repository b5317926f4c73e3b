# pyright: reportMissingImports=false
"""Words of a Pipecat TTS with their times, which come before the first sound of a speech, too.

Their pts count from when the TTS passes on the first sound of the speech, or from the pts of the
last word before it, whichever is later (`WordTimestampTracker` of Pipecat 1.14): a TTS is faster
than its sound, and words of the next speech shall not come before those of the last one.
"""

from collections.abc import Callable

from pipecat.frames.frames import TTSTextFrame

MOST = 1_000
"""Words that wait for their sound."""


class TimedWords:
    """Remembers where words count from. Times are in ns of the pipeline."""

    def __init__(self, time: Callable[[], int]) -> None:
        """Begin with none; `time` tells the time of the pipeline."""
        self._time = time
        self._last = 0
        """The pts of the last word."""
        self._lasting = 0
        """The same, of those that an interruption leaves."""
        self._held: list[TTSTextFrame] = []
        """Of speech that no sound has come of."""
        self._began = 0
        """What those count from."""

    def note(self, frame: TTSTextFrame) -> None:
        """Learn of a word that passes."""
        if frame.pts:
            self._last = frame.pts
            if not frame.interruptible:
                self._lasting = frame.pts

    def hold(self, frame: TTSTextFrame) -> None:
        """Keep a word of a speech of which no sound has come."""
        if not frame.pts:
            return
        if not self._held or self._held[-1].context_id != frame.context_id:
            self._held, self._began = [], self._begin()
        self._held = [*self._held, frame][-MOST:]
        self.note(frame)

    def take(self, context: str) -> tuple[int, list[TTSTextFrame]]:
        """Return what the words of a speech count from whose first sound comes, and those held."""
        held, self._held = self._held, []
        if held and held[0].context_id in (None, context):
            return self._began, held
        return self._begin(), []

    def forget(self) -> None:
        """Note that speech was interrupted."""
        self._held, self._last = [], self._lasting

    def _begin(self) -> int:
        return max(self._last, self._time())
