"""The page in a real browser that keeps to its policy, as everybody's does."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]

FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
PATIENCE_S = 60


def wait(page: "Page", expression: str) -> Any:
    """Wait without eval(), which the page forbids."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)
    return value


@contextmanager
def lawful(browser: "Browser", url: str) -> "Iterator[Page]":
    """Open a page, and insist that it breaks no policy."""
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    yield page
    page.close()
    assert [text for text in complaints if "WebSocket connection" not in text] == []


@pytest.fixture(scope="module")
def listener(launch: Launch) -> "Iterator[Browser]":
    browser = launch(*FAKE_MICROPHONE, "--autoplay-policy=no-user-gesture-required")
    yield browser
    browser.close()


def test_microphone_and_typed_text_work_within_the_policy(
    listener: "Browser", daemon: Daemon
) -> None:
    with daemon("serve", "--port", "0") as (url, _), lawful(listener, url) as page:
        page.get_by_role("button", name="Speak").click()
        wait(page, "facewire.state === 'speaking' && facewire.frames > 30")
        page.get_by_role("button", name="Stop listening").click()
        wait(page, "facewire.state === 'no-stream'")
        page.get_by_label("What the face says").fill("Bob.")
        page.get_by_role("button", name="Say", exact=True).click()
        wait(page, "facewire.speech.heard > 0")


def test_the_page_hears_its_own_server(listener: "Browser", daemon: Daemon) -> None:
    with daemon("live", "--demo", "--port", "0") as (url, _), lawful(listener, url) as page:
        wait(page, "facewire.state === 'live'")
        page.get_by_role("button", name="Sound").click()
        wait(page, "facewire.state === 'live' && facewire.frames > 30")


def test_a_page_of_another_port_does_not(listener: "Browser", daemon: Daemon) -> None:
    """Pages of this machine may watch, and not hear."""
    with daemon("live", "--demo", "--port", "0") as (url, _):
        page = listener.new_page()
        with daemon("serve", "--port", "0") as (elsewhere, _):
            page.goto(f"{elsewhere}/healthz")
        opens = """(url) => new Promise((resolve) => {
            const socket = new WebSocket(url);
            socket.onopen = () => resolve(true);
            socket.onerror = () => resolve(false);
        })"""
        stream = url.replace("http", "ws")
        assert page.evaluate(opens, f"{stream}/face")
        assert not page.evaluate(opens, f"{stream}/face?audio=1")
        page.close()


def test_a_page_with_the_token_needs_nothing_more(listener: "Browser", daemon: Daemon) -> None:
    arguments = ("live", "--demo", "--port", "0", "--token", "s3cret")
    with daemon(*arguments) as (url, _), lawful(listener, f"{url}/?token=s3cret") as page:
        wait(page, "facewire.state === 'live'")
        page.get_by_role("button", name="Sound").click()
        wait(page, "facewire.state === 'live' && facewire.frames > 30")
        # The browser knows it now, until it is closed.
        page.goto(url)
        wait(page, "facewire.state === 'live' && facewire.frames > 10")
        assert page.evaluate("document.cookie") == ""


@contextmanager
def stranger() -> Iterator[socket.socket]:
    """A port that notes who connects, and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def visited(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("scheme", ["ws:", "http:", ""])
def test_another_server_is_asked_about_first(
    listener: "Browser", daemon: Daemon, scheme: str
) -> None:
    with daemon("serve", "--port", "0") as (url, _), stranger() as elsewhere:
        host = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        with lawful(listener, f"{url}/?server={scheme}//{host}") as page:
            question = page.get_by_role("button", name=f"Connect to {host}")
            question.wait_for()
            page.get_by_role("button", name="Speak").click(force=True)
            page.wait_for_timeout(500)
            assert not visited(elsewhere)
            page.get_by_role("button", name="Use this page’s own server").click()
            wait(page, "facewire.state === 'no-stream'")
            assert not question.is_visible()
            assert not visited(elsewhere)


def test_another_server_is_used_after_a_click(listener: "Browser", daemon: Daemon) -> None:
    with (
        daemon("serve", "--port", "0") as (url, _),
        daemon("live", "--demo", "--port", "0") as (other, _),
        lawful(listener, f"{url}/?server={other.replace('http', 'ws')}&view=face") as page,
    ):
        page.get_by_role("button", name="Connect to").click()
        wait(page, "facewire.state === 'live' && facewire.frames > 30")
        # It was agreed to in this tab.
        page.reload()
        wait(page, "facewire.state === 'live' && facewire.frames > 30")


def test_the_pages_own_server_is_not_asked_about(listener: "Browser", daemon: Daemon) -> None:
    with daemon("serve", "--port", "0") as (url, _):
        named = url.replace("http", "ws")
        with lawful(listener, f"{url}/?server={named}") as page:
            wait(page, "facewire.state === 'no-stream'")
