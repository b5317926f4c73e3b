"""The text box of the page: where it stands, what it says, and who has the face."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Daemon = Callable[..., AbstractContextManager[Any]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

PHONE = (360, 740)


def say(page: "Page", text: str) -> None:
    page.get_by_label("What the face says").fill(text)
    page.get_by_role("button", name="Say", exact=True).click()


def wait_for(page: "Page", condition: str) -> None:
    page.wait_for_function(f"(({{ speech }}) => {condition})(facewire)")


def test_nothing_jumps_while_it_speaks(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/", PHONE) as page:
        boxes = """["face", "say-text", "say-go", "say-stop", "speak"].map(
            (id) => JSON.stringify(document.getElementById(id).getBoundingClientRect())
        )"""
        wait_for(page, "speech?.state === 'resting'")
        before = page.evaluate(boxes)
        say(page, "Hello.")
        wait_for(page, "speech.hearing === 1")
        assert page.evaluate(boxes) == before
        width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room


def test_the_live_stream_comes_back_after_a_text(
    browser: "Browser", daemon: Daemon, open_page: OpenPage
) -> None:
    with daemon("live", "--demo", "--port", "0") as (url, _), open_page(browser, url) as page:
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")
        say(page, "Excuse me for a moment, there is something that I have to say to everybody.")
        wait_for(page, "speech.hearing === 1")
        assert page.evaluate("facewire.state") == "left"
        wait_for(page, "speech.pending === 0")
        # The clip may be over by now; then the page looks for the next one.
        page.wait_for_function("['live', 'waiting', 'ended', 'away'].includes(facewire.state)")


def test_a_server_without_a_voice_says_so_at_the_box(
    browser: "Browser",
    daemon: Daemon,
    open_page: OpenPage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Packages that do not load are the same to the server as none.
    (tmp_path / "espeakng_loader.py").write_text(
        "def get_library_path(): return '/gone.so'\n\ndef get_data_path(): return '/gone'\n"
    )
    (tmp_path / "hibari.py").write_text("raise ImportError('gone')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with daemon("serve", "--port", "0") as (url, _), open_page(browser, url) as page:
        page.get_by_text("pip install").wait_for()
        say(page, "Hello?")
        wait_for(page, "speech.state === 'failed'")
        assert page.get_by_label("What the face says").input_value() == "Hello?"


def test_a_language_that_is_not_there_is_said_and_another_one_speaks(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        page.get_by_label("language").fill("klingon")
        page.keyboard.press("Tab")
        page.get_by_text("does not speak 'klingon'").wait_for()
        page.get_by_label("language").fill("de")
        page.keyboard.press("Tab")
        wait_for(page, "speech.state === 'resting'")
        say(page, "Guten Morgen, wie geht es euch allen?")
        wait_for(page, "speech.hearing === 1")


def test_a_language_that_is_not_there_does_not_stop_the_face_for_good(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        page.get_by_label("language").fill("klingon")
        page.keyboard.press("Tab")
        wait_for(page, "speech.state === 'failed'")
        page.get_by_label("language").fill("de")
        page.keyboard.press("Tab")
        wait_for(page, "speech.state === 'resting'")
        drawn = page.evaluate("facewire.drawnFrames")
        page.wait_for_function(f"facewire.drawnFrames > {drawn + 30}")


COMPOSING = """(init) => {
    const box = document.getElementById("say-text");
    const event = { bubbles: true, cancelable: true, ...init };
    box.dispatchEvent(new KeyboardEvent("keydown", event));
}"""


@pytest.mark.parametrize(
    "composing",
    [{"isComposing": True}, {"keyCode": 229}],
    ids=["while composing", "as Safari ends it"],
)
def test_keys_of_an_input_method_neither_submit_nor_stop(
    browser: "Browser", server: str, open_page: OpenPage, composing: dict[str, Any]
) -> None:
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        page.get_by_label("What the face says").fill("日本語")
        page.evaluate(COMPOSING, {"key": "Enter", **composing})
        assert page.get_by_label("What the face says").input_value() == "日本語"
        assert page.evaluate("facewire.speech.pending") == 0
        say(page, "This is long enough to be stopped, if somebody really wanted to stop it.")
        wait_for(page, "speech.hearing === 1")
        page.evaluate(COMPOSING, {"key": "Escape", **composing})
        assert page.evaluate("facewire.speech.state") == "speaking"
        page.evaluate(COMPOSING, {"key": "Escape"})
        assert page.evaluate("facewire.speech.state") == "resting"


def test_a_long_text_grows_the_box_is_counted_and_shows_how_far_it_is(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        box = page.get_by_label("What the face says")
        height = "document.getElementById('say-text').clientHeight"
        small = page.evaluate(height)
        box.fill("One, two, three, four, five, six. " * 20)
        assert page.evaluate(height) > 2 * small
        assert page.locator("#say-count").inner_text() == "680 of 10,000 characters"
        page.keyboard.press("Enter")
        assert page.evaluate(height) == small
        progress = page.get_by_label("How much of the text has been said")
        progress.wait_for()
        page.wait_for_function("document.getElementById('say-progress').value > 0.02")
        assert page.evaluate("document.getElementById('say-progress').value") < 0.5
        box.fill("Next.")
        assert " % said" in page.locator("#say-count").inner_text()
        box.fill("")
        page.keyboard.press("Escape")
        progress.wait_for(state="hidden")


def test_a_word_shows_no_progress(browser: "Browser", server: str, open_page: OpenPage) -> None:
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        say(page, "Hello.")
        wait_for(page, "speech.hearing === 1")
        page.wait_for_timeout(500)
        assert page.get_by_label("How much of the text has been said").is_hidden()
