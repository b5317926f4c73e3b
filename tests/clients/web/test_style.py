"""The page's card of styles, and `openSession({ style })`, in front of a model that has some."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from facewire_cli.demo import demo_clip

if TYPE_CHECKING:
    import subprocess

    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
Daemon = Callable[..., AbstractContextManager[tuple[str, "subprocess.Popen[str]"]]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

# The first to ask has the model made.
pytestmark = pytest.mark.timeout(400)

ASKED = "JSON.parse(opened.at(-1)).style"


@pytest.fixture(scope="module")
def styled_server(daemon: Daemon, styled_folder: Path) -> Iterator[str]:
    engine = f"recipe:{styled_folder}"
    with daemon("serve", "--port", "0", "--engine", engine, "--style", "facegood=1") as (url, _):
        yield url


def faces(page: "Page", style: dict[str, float] | None) -> NDArray[np.float64]:
    """Return the faces `[F, 52]` of a second and a half, by the page's own client."""
    samples = soundfile.read(demo_clip(), frames=24_000, dtype="float32")[0]
    frames = page.evaluate(
        """async ({ samples, style }) => {
            const { FaceClient } = await import("./client/face_client.js");
            const client = new FaceClient(location.origin), frames = [];
            client.onframe = ({ pose }) => {
                frames.push(client.hello.names.map((name) => pose[name]));
            };
            await client.openSession({ sampleRate: 16000, idle: false, style });
            client.sendAudio(Float32Array.from(samples));
            await client.end();
            client.close();
            return frames;
        }""",
        {"samples": samples.tolist(), "style": style},
    )
    return np.array(frames)


def test_two_styles_differ_and_what_is_between_lies_between(
    browser: "Browser", styled_server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{styled_server}/") as page:
        rules, half, grid = (faces(page, {"grid": share}) for share in (0, 0.5, 1))
        usual, same = faces(page, None), faces(page, {"facegood": 1})
    apart = np.abs(rules - grid).mean()
    assert apart > 0.1
    assert 0 < np.abs(half - rules).mean() < apart
    assert 0 < np.abs(half - grid).mean() < apart
    np.testing.assert_array_equal(usual, same)
    assert np.abs(usual - rules).max() > 0.1


def test_the_card_offers_the_styles_of_the_server_and_a_change_begins_a_session(
    launch: Launch, styled_server: str, open_page: OpenPage
) -> None:
    browser = launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={demo_clip()}",
    )
    try:
        with open_page(browser, f"{styled_server}/") as page:
            page.set_default_timeout(100_000)
            # Whichever comes first tells of the styles: what is typed loads a voice before.
            page.locator("#speak").click()
            page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 5")
            assert page.locator("#style-card").is_visible()
            offered = page.locator("#style-name option").all_text_contents()
            assert offered == ["the usual one", "rules", "grid", "facegood"]
            # What the page's own client asks for, as it leaves the browser.
            page.evaluate("""() => {
                window.opened = [];
                const { send } = WebSocket.prototype;
                WebSocket.prototype.send = function (data) {
                    if (typeof data === "string" && data.includes("sample_format")) {
                        opened.push(data);
                    }
                    return send.call(this, data);
                };
            }""")
            page.get_by_label("moves like").select_option("grid")
            page.wait_for_function("opened.length === 1")
            page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 5")
            assert page.evaluate(ASKED) == {"grid": 1}
            page.locator("#style-share").fill("0.3")
            page.wait_for_function("opened.length === 2")
            assert page.evaluate(ASKED) == {"grid": 0.3}
            assert page.locator("#style-share-now").text_content() == "30 %"
            page.get_by_label("moves like").select_option("the usual one")
            page.wait_for_function("opened.length === 3")
            page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 5")
            assert page.evaluate(ASKED) is None
    finally:
        browser.close()


def test_a_server_without_styles_has_no_card(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.speech?.state === 'resting'")
        assert page.locator("#style-card").is_hidden()
