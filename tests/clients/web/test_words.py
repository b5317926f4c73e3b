"""What the page says in words: why something is off, where sound goes, what to start again."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class OpenPage(Protocol):
    def __call__(self, browser: "Browser", url: str) -> AbstractContextManager["Page"]: ...


class Daemon(Protocol):
    def __call__(
        self, *arguments: str
    ) -> AbstractContextManager[tuple[str, subprocess.Popen[str]]]: ...


Launch = Callable[..., "Browser"]
LENT = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def wait_for(page: "Page", condition: str) -> None:
    page.wait_for_function(f"(({{ speech }}) => {condition})(facewire)")


@pytest.mark.parametrize("command", ["serve", "live"])
def test_a_server_that_went_away_is_named_as_it_was_started(
    browser: "Browser", daemon: Daemon, open_page: OpenPage, command: str
) -> None:
    arguments = ["--demo"] if command == "live" else []
    with (
        daemon(command, *arguments, "--port", "0") as (url, process),
        open_page(browser, f"{url}/") as page,
    ):
        page.wait_for_function("['no-stream', 'live'].includes(facewire.state)")
        process.send_signal(signal.SIGTERM)
        process.wait()
        page.wait_for_function("facewire.state === 'away'")
        assert f"Start facewire {command} again" in page.get_by_role("status").inner_text()


def test_sound_that_cannot_be_switched_on_says_why(
    browser: "Browser", daemon: Daemon, server: str, open_page: OpenPage
) -> None:
    why = "document.getElementById('sound-why').textContent"
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.state === 'no-stream'")
        sound = page.get_by_role("button", name="Sound")
        assert sound.is_disabled()
        assert "is heard anyway" in page.evaluate(why)
    with daemon("live", "--demo", "--port", "0") as (url, _), open_page(browser, url) as page:
        page.wait_for_function("facewire.state === 'live'")
        assert page.get_by_role("button", name="Sound").is_enabled()
        assert page.evaluate(why) == ""
        page.get_by_label("What the face says").fill("Excuse me.")
        page.keyboard.press("Enter")
        page.wait_for_function("facewire.state === 'left'")
        assert page.get_by_role("button", name="Sound").is_disabled()
        assert "heard anyway" in page.evaluate(why)


def test_the_stream_card_and_the_dial_say_the_same(
    launch: Launch, server: str, open_page: OpenPage
) -> None:
    browser = launch(*LENT)
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        card = page.locator("#lookahead-now")
        assert card.inner_text() == "not needed for text"
        page.get_by_label("Look-ahead of your voice").fill("120")
        page.get_by_role("button", name="Speak").click()
        page.wait_for_function("facewire.state === 'speaking'")
        assert card.inner_text().startswith("120 ms, ")
        assert page.locator("#lookahead-ms").inner_text() == "120 ms"
        page.get_by_label("Look-ahead of your voice").fill("40")
        page.wait_for_function("document.getElementById('lookahead-now').textContent[0] === '4'")
        page.get_by_role("button", name="Stop listening").click()
        page.wait_for_function("facewire.state === 'no-stream'")
        page.get_by_text("not needed for text").wait_for()
    browser.close()


def test_where_the_sound_of_the_microphone_goes_is_said(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        sentence = page.locator("#privacy").inner_text()
        assert server.removeprefix("http://") in sentence
        assert "keeps none of it" in sentence
        described = page.get_by_role("button", name="Speak").get_attribute("aria-describedby")
        assert described == "privacy"


def test_somebody_who_types_while_the_browser_asks_is_heard(
    launch: Launch, server: str, open_page: OpenPage
) -> None:
    browser = launch("--use-fake-device-for-media-stream")
    with open_page(browser, f"{server}/") as page:
        # A prompt that nobody answers.
        page.evaluate(
            "() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }"
        )
        wait_for(page, "speech?.state === 'resting'")
        page.get_by_role("button", name="Speak").click()
        page.wait_for_function("facewire.state === 'asking'")
        drawn = page.evaluate("facewire.drawnFrames")
        page.wait_for_function(f"facewire.drawnFrames > {drawn + 30}")
        page.get_by_label("What the face says").fill("Never mind.")
        page.keyboard.press("Enter")
        wait_for(page, "speech.hearing === 1")
        assert page.evaluate("facewire.state") == "left"
        wait_for(page, "speech.pending === 0")
    browser.close()
