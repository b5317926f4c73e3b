"""The viewer page and the JavaScript client with a live daemon: speaking, watching, coming back."""

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "runtime" / "facewire" / "assets" / "demo.flac"
README = ROOT / "clients" / "web" / "README.md"

LEAD_IN_S = 0.5
SPEECH_S = 6.0
FAKE_RATE = 48_000

Curve = NDArray[np.float64]
"""[points, 2]: seconds, and a value then."""

pytestmark = pytest.mark.slow


def test_the_page_finds_a_daemon_that_comes_back(
    browser: "Browser", daemon: Daemon, open_page: OpenPage
) -> None:
    with daemon("live", "--demo", "--port", "0") as (url, process), open_page(browser, url) as page:
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 30")
        assert page.evaluate("facewire.hello.names.length") == 52
        process.send_signal(signal.SIGTERM)
        process.wait()
        page.wait_for_function("facewire.state === 'away'")
        assert "facewire live" in page.get_by_role("status").inner_text()
        with daemon("live", "--demo", "--port", url.rpartition(":")[2]):
            page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")


def test_the_example_of_the_readme_shows_the_stream(browser: "Browser", daemon: Daemon) -> None:
    (example,) = re.findall(r"```html\n(.*?)```", README.read_text(), flags=re.DOTALL)
    with daemon("live", "--demo", "--port", "0") as (url, _):
        page = browser.new_page()
        page.goto(f"{url}/healthz")
        page.set_content(example)
        page.wait_for_function("Number(document.getElementById('jaw').value) > 0")
        page.close()


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Curve]:
    """A file for the browser's microphone, speech between silences, and how loud it is."""
    samples, rate = soundfile.read(DEMO, frames=int(SPEECH_S * 16_000), dtype="float32")
    silence = np.zeros(int(LEAD_IN_S * rate), np.float32), np.zeros(4 * rate, np.float32)
    padded = np.concatenate((silence[0], samples, silence[1]))
    path = tmp_path_factory.mktemp("speech") / "microphone.wav"
    soundfile.write(path, soxr.resample(padded, rate, FAKE_RATE), FAKE_RATE, subtype="PCM_16")
    blocks = padded[: len(padded) // 800 * 800].reshape(-1, 800)
    loudness = 20 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-3)
    times = (np.arange(len(loudness)) + 0.5) * 800 / rate
    return path, np.column_stack((times, np.clip((loudness + 50) / 40, 0, 1)))


def microphone_arguments(path: Path) -> tuple[str, ...]:
    fake_file = f"--use-file-for-fake-audio-capture={path}%noloop"
    return ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", fake_file)


RECORD = """() => {
    window.recorded = [];
    requestAnimationFrame(function tick() {
        const { lastFrame, drawn, hello } = facewire;
        if (lastFrame) recorded.push([lastFrame.timestamp / hello.sample_rate, drawn.mouthGapPx]);
        requestAnimationFrame(tick);
    });
}"""


def test_the_drawn_mouth_moves_with_the_speech(
    launch: Launch, server: str, open_page: OpenPage, speech: tuple[Path, Curve]
) -> None:
    path, loudness = speech
    browser = launch(*microphone_arguments(path))
    with open_page(browser, f"{server}/") as page:
        page.evaluate(RECORD)
        page.get_by_role("button", name="Speak").click()
        seconds = LEAD_IN_S + SPEECH_S + 2
        page.wait_for_function(
            f"facewire.lastFrame?.timestamp > {seconds} * facewire.hello?.sample_rate"
        )
        gaps = np.array(page.evaluate("recorded"))
        scale = page.evaluate("facewire.drawn.scale")
        page.get_by_role("button", name="Stop listening").click()
        page.wait_for_function("facewire.state === 'no-stream'")
    browser.close()
    said = gaps[(gaps[:, 0] > LEAD_IN_S) & (gaps[:, 0] < LEAD_IN_S + SPEECH_S), 1]
    after = gaps[gaps[:, 0] > LEAD_IN_S + SPEECH_S + 1.2, 1]
    assert np.quantile(said, 0.9) > 8 * scale
    assert np.median(after) < 2 * scale
    assert best_correlation(gaps, loudness) > 0.4


def best_correlation(gaps: Curve, loudness: Curve) -> float:
    """Correlate, wherever the recording of the page began in the file."""
    correlations = []
    for lag in np.arange(-0.6, 0.6, 0.02):
        heard = np.interp(gaps[:, 0] + lag, loudness[:, 0], loudness[:, 1], right=0.0)
        correlations.append(np.corrcoef(heard, gaps[:, 1])[0, 1])
    return float(max(correlations))


def test_a_killed_browser_leaves_the_server_healthy(
    launch: Launch, server: str, open_page: OpenPage, speech: tuple[Path, Curve]
) -> None:
    arguments = microphone_arguments(speech[0])
    victim = launch(*arguments)
    page = victim.new_page(bypass_csp=True)
    page.goto(f"{server}/")
    page.get_by_role("button", name="Speak").click()
    page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 30")
    processes = victim.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    (main,) = (process for process in processes["processInfo"] if process["type"] == "browser")
    os.kill(main["id"], signal.SIGKILL)
    with urllib.request.urlopen(f"{server}/healthz") as answer:
        assert answer.read() == b"ok\n"
    survivor = launch(*arguments)
    with open_page(survivor, f"{server}/") as page:
        page.get_by_role("button", name="Speak").click()
        page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 30")
    survivor.close()


def test_the_look_ahead_is_turned_while_somebody_speaks(
    launch: Launch, server: str, open_page: OpenPage, speech: tuple[Path, Curve]
) -> None:
    browser = launch(*microphone_arguments(speech[0]))
    with open_page(browser, server) as page:
        page.get_by_role("button", name="Speak").click()
        page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 30")
        session = page.evaluate("facewire.hello.session")
        for ms in (0, 160, 40):
            page.get_by_label("Look-ahead").fill(str(ms))
            page.wait_for_function(f"facewire.hello.lookahead === {ms * 16}")
            assert page.locator("#lookahead-ms").inner_text() == f"{ms} ms"
            shown = page.evaluate("facewire.frames")
            page.wait_for_function(f"facewire.frames > {shown + 30}")
        assert page.evaluate("facewire.hello.session") == session
        assert page.evaluate("facewire.dropped") == 0
        page.get_by_role("button", name="Stop listening").click()
    browser.close()
