"""What a page asked for and gets too late, or holds when it is disposed of, is given back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., AbstractContextManager["Page"]]
FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

SLOW_PROMPT = """() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    window.lent = [];
    mediaDevices.getUserMedia = async (wishes) => {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        lent.push(await ask(wishes));
        return lent.at(-1);
    };
}"""
TRACKS = "lent.map((stream) => stream.getTracks()[0].readyState)"

DISPOSED = """async () => {
    const { Feed } = await import("./page/feed.js");
    const { SpeechPlayer } = await import("./speech/speech_player.js");
    const nobody = new Proxy({}, { get: () => () => {} });
    const feed = new Feed(location.origin, nobody);
    await feed.speak({ lookaheadMs: 80 });
    const speech = new SpeechPlayer(location.origin, nobody);
    await speech.say("Hello.");
    const { client, microphone } = feed;
    const { context } = speech.sound.output;
    feed.dispose();
    speech.dispose();
    feed.watch();
    const refused = await speech.say("Again.").catch(({ code }) => code);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return [feed.client, feed.microphone, speech.client, speech.sound, refused, context.state];
}"""

pytestmark = pytest.mark.slow


def test_only_the_last_attempt_has_the_microphone(
    launch: "Callable[..., Browser]", server: str, open_page: OpenPage
) -> None:
    browser = launch(*FAKE_MICROPHONE)
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.state === 'no-stream'")
        page.evaluate(SLOW_PROMPT)
        speak = page.locator("#speak")
        for _ in range(3):
            speak.click()
        page.wait_for_function("facewire.state === 'speaking' && lent.length === 2")
        assert page.evaluate(TRACKS) == ["ended", "live"]
        speak.click()
        page.wait_for_function("facewire.state === 'no-stream'")
        assert page.evaluate(TRACKS) == ["ended", "ended"]
        seen = page.evaluate(DISPOSED)
        assert seen == [None, None, None, None, "left", "closed"]
    browser.close()


def test_a_text_that_cuts_in_ends_a_pause(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.speech?.state === 'resting'")
        box = page.get_by_label("What the face says")
        box.fill("This is a long sentence, which nobody is going to hear to its end.")
        page.keyboard.press("Enter")
        page.wait_for_function("facewire.speech.hearing === 1")
        page.locator("#say-pause").click()
        page.wait_for_function("facewire.speech.state === 'paused'")
        page.get_by_label("Cut in").check()
        box.fill("Go on.")
        page.keyboard.press("Enter")
        page.wait_for_function("facewire.speech.hearing === 2")
        assert page.evaluate("facewire.speech.state") == "speaking"
        page.wait_for_function("facewire.speech.state === 'resting'")
