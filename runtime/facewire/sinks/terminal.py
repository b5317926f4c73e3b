"""Shows a live stream in the terminal: frame rate, latency, and how the jaw moves."""

from collections import deque

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from facewire import arkit
from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.frames import BlendshapeFrame, StreamSpec

_JAW = arkit.INDEX["jawOpen"]
_BARS = " ▁▂▃▄▅▆▇█"
_HISTORY = 40
"""Characters of the jaw's curve."""
_REDRAW = SECOND // 10
_LINE = SECOND
"""How often a line is printed where nothing can be redrawn."""


class TerminalSink:
    """A sink that draws itself; where the output is no terminal it prints a line each second."""

    lossless = False

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._live: Live | None = None
        self._arrivals: deque[int] = deque(maxlen=240)
        self._latencies: deque[int] = deque(maxlen=240)
        self._jaw: deque[float] = deque(maxlen=_HISTORY)
        self._drawn = 0
        self._spec = StreamSpec()

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Start to draw."""
        self._spec = spec
        self._drawn = self._clock.now()
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    async def send(self, frame: BlendshapeFrame) -> None:
        """Count a frame, and redraw if it is time."""
        now = self._clock.now()
        self._arrivals.append(now)
        self._jaw.append(float(frame.weights[_JAW]))
        if frame.stamps.captured:
            self._latencies.append(frame.stamps.faced - frame.stamps.captured)
        if now - self._drawn < (_REDRAW if self._live else _LINE):
            return
        self._drawn = now
        line = self._line(frame)
        if self._live:
            self._live.update(line, refresh=True)
        else:
            self._console.print(line, soft_wrap=True)

    async def aclose(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None

    def frames_per_second(self) -> float:
        """Return the rate at which the most recent frames came; 0 before the second one."""
        if len(self._arrivals) < 2 or self._arrivals[-1] == self._arrivals[0]:
            return 0.0
        return (len(self._arrivals) - 1) * SECOND / (self._arrivals[-1] - self._arrivals[0])

    def _line(self, frame: BlendshapeFrame) -> Text:
        seconds = frame.timestamp / self._spec.sample_rate
        line = Text(f"{seconds:7.1f} s  {self.frames_per_second():5.1f} frames/s")
        if self._latencies:
            p50, p99 = np.percentile(self._latencies, (50, 99)) / MILLISECOND
            line.append(f"  latency {p50:.1f} ms (p99 {p99:.1f})")
            line.append(f" + {self._spec.lookahead_ms:g} ms look-ahead", style="dim")
        curve = "".join(_BARS[min(int(value * 2 * 8), 8)] for value in self._jaw)
        line.append(f"  {curve}", style="cyan")
        return line
