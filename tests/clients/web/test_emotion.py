"""The page's card of emotions: what is typed, and what is said into the microphone, is felt."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from facewire_cli.demo import demo_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
OpenPage = Callable[..., AbstractContextManager["Page"]]

SMILE = "facewire.pose.mouthSmileLeft"


def choose(page: "Page", name: str) -> None:
    page.get_by_label("feels").select_option(name)


def test_a_face_that_rests_feels_what_is_chosen_as_far_as_the_slider_says(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.speech?.state === 'resting'")
        assert page.evaluate(SMILE) < 0.1
        choose(page, "happy")
        page.wait_for_function(f"{SMILE} > 0.4")
        page.locator("#emotion-share").fill("0.3")
        page.wait_for_function(f"{SMILE} < 0.25 && {SMILE} > 0.1")
        assert page.locator("#emotion-share-now").text_content() == "30 %"
        choose(page, "surprised")
        page.locator("#emotion-share").fill("1")
        page.wait_for_function(f"facewire.pose.browOuterUpLeft > 0.7 && {SMILE} < 0.1")
        choose(page, "nothing in particular")
        page.wait_for_function("facewire.pose.browOuterUpLeft < 0.3")
        choose(page, "sad")
        page.wait_for_function("facewire.pose.mouthFrownLeft > 0.3")
        choose(page, "nothing at all")
        page.wait_for_function("facewire.pose.mouthFrownLeft < 0.1")
        assert page.locator("#emotion-share").is_disabled()


def test_what_is_typed_is_felt_and_the_lips_meet(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        choose(page, "angry")
        page.wait_for_function("facewire.speech?.state === 'resting'")
        page.evaluate(
            """() => {
                window.seen = [];
                const { client } = facewire.speech, { onframe } = client;
                client.onframe = (frame) => {
                    const { jawOpen, mouthClose, browDownLeft } = frame.pose;
                    if (frame.turn) seen.push([jawOpen - mouthClose, browDownLeft]);
                    onframe(frame);
                };
            }"""
        )
        page.get_by_label("What the face says").fill("Bob bought my puppy a map.")
        page.get_by_role("button", name="Say", exact=True).click()
        page.wait_for_function("facewire.speech.hearing === 1")
        page.wait_for_function("facewire.speech.pending === 0")
        gaps, brows = zip(*page.evaluate("seen"), strict=True)
        assert min(brows) > 0.4
        assert min(gaps) < 0.05
        assert max(gaps) > 0.2


def test_what_is_said_into_the_microphone_is_felt(
    launch: Launch, server: str, open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clip = demo_clip()
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={clip}",
    )
    browser = launch(*microphone)
    try:
        with open_page(browser, f"{server}/") as page:
            choose(page, "sad")
            page.locator("#speak").click()
            page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 30")
            page.wait_for_function("facewire.pose.browInnerUp > 0.45")
            choose(page, "happy")
            page.wait_for_function(f"{SMILE} > 0.35 && facewire.pose.browInnerUp < 0.4")
            choose(page, "what the voice tells")
            page.wait_for_function(f"facewire.state === 'speaking' && {SMILE} < 0.3")
    finally:
        browser.close()


def test_marks_in_what_is_typed_are_felt_and_neither_said_nor_written(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.speech?.state === 'resting'")
        said = page.evaluate("""() => {
            const words = [];
            const { client } = facewire.speech, { onwords } = client;
            client.onwords = (message) => (words.push(...message.words), onwords?.(message));
            window.said = words;
        }""")
        assert said is None
        page.get_by_label("What the face says").fill("<happy>We won!</happy> <sad>They lost.</sad>")
        page.get_by_role("button", name="Say", exact=True).click()
        page.wait_for_function(f"facewire.speech.hearing === 1 && {SMILE} > 0.4")
        page.wait_for_function(f"facewire.pose.mouthFrownLeft > 0.3 && {SMILE} < 0.3")
        page.wait_for_function("facewire.speech.pending === 0")
        assert page.evaluate("said.map(({ word }) => word)") == ["We", "won!", "They", "lost."]
        assert page.locator("#say-hint").text_content() == ""
