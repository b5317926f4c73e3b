"""A real browser, and the real daemon that serves it the viewer page."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from facewire_cli.demo import demo_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

DESKTOP = (1280, 800)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AWAY = (
    "WebSocket connection",
    "net::ERR_CONNECTION_REFUSED",
    "net::ERR_CONNECTION_RESET",
    "net::ERR_EMPTY_RESPONSE",
)
"""What browsers say of a server that is away, whatever a page does about it."""

QUIET_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)


def skip_unless_ci(reason: str) -> None:
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def require_node() -> str:
    """The path of Node, which runs the page's modules without a page."""
    if path := shutil.which("node"):
        return path
    skip_unless_ci("no Node: apt install nodejs")
    raise AssertionError


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """Start a browser with more arguments than the usual ones."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        skip_unless_ci("no browser: apt install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_unless_ci("no playwright: pip install playwright")
    with sync_playwright() as playwright:

        def start(*arguments: str) -> "Browser":
            return playwright.chromium.launch(
                executable_path=path, args=[*QUIET_ARGUMENTS, *arguments]
            )

        yield start


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Iterator["Browser"]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def daemon() -> Daemon:
    """Run a command that serves the page, and say where."""
    return _daemon


@contextmanager
def _daemon(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "facewire", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            pytest.fail(f"facewire {' '.join(arguments)} served nothing: {said}")
        yield found[0], process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@pytest.fixture(scope="session")
def demo_again_and_again(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bundled clip, two minutes of it, so that a browser that takes its time misses nothing."""
    samples, rate = soundfile.read(demo_clip(), dtype="int16")
    path = tmp_path_factory.mktemp("demo") / "demo.wav"
    soundfile.write(path, np.tile(samples, 12), rate)
    return str(path)


@pytest.fixture(scope="module")
def server(daemon: Daemon) -> Iterator[str]:
    with daemon("serve", "--port", "0") as (url, _):
        yield url


@pytest.fixture(scope="session")
def open_page() -> OpenPage:
    """Open a page of a size, and insist that its console stays clean."""
    return _open_page


@contextmanager
def _open_page(browser: "Browser", url: str, size: tuple[int, int] = DESKTOP) -> Iterator["Page"]:
    complaints: list[str] = []
    # Playwright waits by eval(), which the page forbids; test_web_policy.py keeps to its policy.
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    page.wait_for_function("window.facewire?.drawn.scale > 0")
    yield page
    assert [text for text in complaints if not any(away in text for away in AWAY)] == []
    context.close()
