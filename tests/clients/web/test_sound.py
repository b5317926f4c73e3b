"""The sound of a live stream in a real browser: in step with its sender, whatever comes between.

Each sender is a real `facewire live` that gets its audio as fast as the test's clock says, and each
page is disturbed in its own way, all at the same time.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest
import soundfile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RATE = 16_000
BLOCK = 320
DEMO = Path(__file__).parents[3] / "runtime" / "facewire" / "assets" / "demo.flac"
SMALL = (360, 400)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class OpenPage(Protocol):
    @contextmanager
    def __call__(
        self, browser: "Browser", url: str, size: tuple[int, int] = ...
    ) -> "Iterator[Page]": ...


@contextmanager
def sender(drift: float) -> Iterator[str]:
    """Speak into a daemon with a clock that is so much faster than it says; return the address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "facewire", "live", "--input", "-", "--port", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    speech = soundfile.read(DEMO, dtype="int16")[0]
    ended = threading.Event()
    rate = RATE * (1 + drift)
    url = next(
        word.decode().rstrip("/.")
        for line in process.stdout
        for word in line.split()
        if word.startswith(b"http://")
    )
    start = time.monotonic()

    def speak(pipe: Any) -> None:
        sent = 0
        while not ended.is_set():
            ended.wait(max(0.0, start + (sent + BLOCK) / rate - time.monotonic()))
            block = np.take(speech, np.arange(sent, sent + BLOCK), mode="wrap")
            pipe.write(block.tobytes())
            pipe.flush()
            sent += BLOCK

    thread = threading.Thread(target=speak, args=(process.stdin,))
    thread.start()
    try:
        yield url
    finally:
        ended.set()
        thread.join()
        process.terminate()
        process.communicate()


NOTE = """() => {
    const { sound } = facewire;
    const push = sound.push.bind(sound);
    window.blocks = [];
    sound.push = (start, samples) => {
        blocks.push([Date.now() / 1000, start + samples.length]);
        push(start, samples);
    };
    window.notes = [];
    setInterval(() => {
        const { state, heard, delay } = sound;
        const known = state === "running" && heard !== null && delay;
        const [sample, wanted] = known ? [heard, delay.wanted] : [null, null];
        notes.push([Date.now() / 1000, sample, wanted, facewire.drawnFrames]);
    }, 50);
}"""
"""When which block came; which sample was heard, how late it was to be, how many faces drawn."""


class Notes:
    """What a page noted, by time.time()."""

    def __init__(self, page: "Page", drift: float) -> None:
        self._rate = RATE * (1 + drift)
        self._came = np.array(page.evaluate("blocks"), np.float64).T
        self._at, self._heard, self._wanted, self._drawn = np.array(
            page.evaluate("notes"), np.float64
        ).T

    def lag(self, after: float) -> float:
        """How far what is heard since then is behind the quickest block, beyond what is wanted, s.

        Both are laid on the sender's clock, so that a busy page, which learns of its blocks late
        and in bunches, does not count as sound that plays too early. The lower quartile: where the
        machine is so busy that all blocks of a second come late, sound waits for them, rightly.
        Without end where nothing came, or nothing was heard.
        """
        rows = (self._at > after) & np.isfinite(self._heard)
        blocks = self._came[0] > after
        if not blocks.any() or rows.sum() <= 5:
            return float("inf")
        quickest = np.min(self._came[0, blocks] - self._came[1, blocks] / self._rate)
        behind = self._at[rows] - self._heard[rows] / self._rate - quickest
        return float(np.quantile(behind - self._wanted[rows], 0.25))

    def faces(self, after: float) -> float:
        """How many faces were drawn since then."""
        return float(np.ptp(self._drawn[self._at > after]))


def listen(page: "Page") -> None:
    """Switch the sound on, and wait until it is heard."""
    page.wait_for_function("facewire.state === 'live'")
    page.get_by_role("button", name="Sound").click()
    page.wait_for_function("facewire.sound?.state === 'running' && facewire.sound.delay !== null")
    page.evaluate(NOTE)


DRIFT = 0.005
BUSY_S, FROZEN_S, SUSPENDED_S = 6, 12, 8
IN_STEP_S = 1.0
"""What comes between takes many seconds, and sound that it left behind would stay as far behind.

How exactly sound stays in step is tested where no other program can disturb it, by the clock of
node/sound_live.test.mjs.
"""
PATIENCE_S = 30
"""A busy machine takes its time; sound that is left behind stays so for ever."""


def wait_until(
    page: "Page", drift: float, what: str, found: Callable[[Notes, float], bool]
) -> None:
    """Wait until something can be told of the last two seconds of a page."""
    until = time.time() + PATIENCE_S
    while not found(Notes(page, drift), time.time() - 2):
        assert time.time() < until, what
        page.wait_for_timeout(500)


def is_in_step(page: "Page", drift: float, what: str) -> None:
    """Wait until sound is in step and faces are drawn."""
    # Sound that plays too soon is about to be held back: a busy machine wants more delay.
    wait_until(page, drift, what, lambda notes, after: notes.lag(after) < IN_STEP_S)
    wait_until(page, drift, what, lambda notes, after: notes.faces(after) > 10)


def test_the_sound_stays_with_its_sender(browser: "Browser", open_page: OpenPage) -> None:
    with ExitStack() as stack:
        fast, slow = (stack.enter_context(sender(drift)) for drift in (DRIFT, -DRIFT))
        calm, frozen, disturbed = (
            stack.enter_context(open_page(browser, url, SMALL)) for url in (fast, fast, slow)
        )
        for page in (calm, frozen, disturbed):
            listen(page)
        calm.wait_for_timeout(4000)
        is_in_step(calm, DRIFT, "undisturbed")
        cdp = frozen.context.new_cdp_session(frozen)
        cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
        disturbed.evaluate(
            f"setTimeout(() => {{ const end = Date.now() + {BUSY_S * 1000};"
            "while (Date.now() < end); })"
        )
        calm.wait_for_timeout(FROZEN_S * 1000)
        cdp.send("Page.setWebLifecycleState", {"state": "active"})
        is_in_step(frozen, DRIFT, "frozen")
        is_in_step(disturbed, -DRIFT, "busy")
        disturbed.evaluate("facewire.sound.output.context.suspend()")
        calm.wait_for_timeout(SUSPENDED_S * 1000)
        # Meanwhile the face goes by what comes.
        wait_until(disturbed, -DRIFT, "suspended", lambda notes, after: notes.faces(after) > 10)
        disturbed.evaluate("facewire.sound.output.context.resume()")
        is_in_step(disturbed, -DRIFT, "resumed")
        is_in_step(frozen, DRIFT, "frozen, at last")
        is_in_step(calm, DRIFT, "undisturbed, at last")
