"""The viewer page in a real browser: what it draws, and what it says when something is missing."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Draw = Callable[..., Any]
OpenPage = Callable[..., AbstractContextManager["Page"]]

DESKTOP = (1280, 800)
PHONE = (360, 740)


@pytest.fixture
def draw(browser: "Browser", server: str, open_page: OpenPage) -> Draw:
    """Draw a still pose, and return what the page says that it drew."""

    def draw(pose: str, size: tuple[int, int] = DESKTOP) -> Any:
        with open_page(browser, f"{server}/?pose={pose}", size) as page:
            return page.evaluate("facewire.drawn")

    return draw


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "pose",
    [
        "",
        "jawOpen:0.4,mouthClose:0.4",
        "jawOpen:0.15,mouthClose:0.15,mouthPress:0.5",
        "jawOpen:0.3,mouthClose:0.3,mouthPucker:0.6,headYaw:0.2,headPitch:-0.15",
    ],
    ids=["rest", "jaw open behind the lips", "pressed", "rounded and turned"],
)
def test_closed_lips_touch(draw: Draw, pose: str, size: tuple[int, int]) -> None:
    assert draw(pose, size)["mouthGapPx"] < 0.5


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_open_jaw_opens_the_mouth_and_lowers_the_chin(draw: Draw, size: tuple[int, int]) -> None:
    rest, half, wide = (draw(f"jawOpen:{weight}", size) for weight in (0, 0.5, 1))
    # The head is 200 units wide; at jawOpen 1 the lips are about 45 apart.
    assert wide["mouthGapPx"] == pytest.approx(45 * wide["scale"], rel=0.15)
    assert half["mouthGapPx"] == pytest.approx(wide["mouthGapPx"] / 2, rel=0.15)
    assert rest["chinYPx"] < half["chinYPx"] < wide["chinYPx"]


def test_lips_round_and_spread(draw: Draw) -> None:
    oo, rest, ee = (
        draw(pose)["mouthWidthPx"]
        for pose in ("mouthPucker:0.9", "", "mouthStretch:0.7,mouthSmile:0.3")
    )
    assert oo < 0.75 * rest
    assert ee > 1.15 * rest


def test_lids_close_one_by_one(draw: Draw) -> None:
    wink = draw("eyeBlinkLeft:1")
    assert wink["eyeOpenLeftPx"] < 1
    assert wink["eyeOpenRightPx"] > 10


def test_the_pixels_show_what_the_page_says(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    """The inside of the mouth is dark where the page says that the lips are apart, lips are not."""
    brightness = """() => {
        const canvas = document.getElementById("face");
        const [x, y] = facewire.drawn.mouthCenter;
        const ratio = canvas.width / canvas.clientWidth;
        const pixel = [x * ratio, (y - UP * facewire.drawn.scale) * ratio, 1, 1];
        return Math.max(...canvas.getContext("2d").getImageData(...pixel).data.slice(0, 3));
    }"""
    with open_page(browser, f"{server}/?pose=jawOpen:0.9") as page:
        assert page.evaluate(brightness.replace("UP", "1")) < 110
    with open_page(browser, f"{server}/?pose=jawOpen:0.9,mouthClose:0.9") as page:
        assert page.evaluate(brightness.replace("UP", "6")) > 140


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(
    browser: "Browser", server: str, open_page: OpenPage, scheme: Any
) -> None:
    with open_page(browser, f"{server}/", PHONE) as page:
        page.emulate_media(color_scheme=scheme)
        width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room
        assert page.get_by_role("button", name="Speak").is_visible()


def test_the_face_alone_fills_the_window(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/?view=face") as page:
        box = page.locator("#face").bounding_box()
        assert box == {"x": 0, "y": 0, "width": DESKTOP[0], "height": DESKTOP[1]}
        assert not page.get_by_role("button", name="Speak").is_visible()


def test_a_name_that_is_not_a_shape_is_said(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/?pose=jawOpne:1") as page:
        assert "jawOpne" in page.get_by_role("status").inner_text()


def test_a_server_without_a_stream_invites_to_speak(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.state === 'no-stream'")
        assert "Press Speak" in page.get_by_role("status").inner_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "There is no microphone"),
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "not allowed"),
    ],
    ids=["no microphone", "denied"],
)
def test_why_there_is_no_microphone_is_said_while_the_face_goes_on(
    launch: Callable[..., "Browser"],
    server: str,
    open_page: OpenPage,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    browser = launch(*arguments)
    with open_page(browser, f"{server}/") as page:
        page.wait_for_function("facewire.speech?.state === 'resting'")
        page.get_by_role("button", name="Speak").click()
        page.get_by_text(sentence).wait_for()
        drawn = page.evaluate("facewire.drawnFrames")
        page.wait_for_function(f"facewire.drawnFrames > {drawn + 30}")
        assert sentence in page.get_by_role("status").inner_text()
    browser.close()


OWN_PROGRAM = """
import asyncio
from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.server import Broadcaster, FaceServer
from facewire.stream.engines import load_engine

async def main():
    clock = SystemClock()
    stream = Broadcaster(clock=clock)
    engine = load_engine("energy")
    async with FaceServer(engine, make_face, clock=clock, port=0, broadcaster=stream) as server:
        print(server.page_urls[0], flush=True)
        await server.serve_forever()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-m", "facewire", "serve", "--port", "0"), "Start facewire serve again;"),
        (("-m", "facewire", "live", "--port", "0", "--input"), "Start facewire live again;"),
        (("-c", OWN_PROGRAM), "The program that shows this face has ended. Start it again;"),
    ],
    ids=["serve", "live", "own program"],
)
def test_a_server_that_is_gone_is_named_as_it_was_started(
    browser: "Browser",
    open_page: OpenPage,
    demo_again_and_again: str,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    files = [demo_again_and_again] if "live" in arguments else []
    process = subprocess.Popen(
        [sys.executable, *arguments, *files],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "it served nothing"
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
        with open_page(browser, f"{found[0]}/") as page:
            page.wait_for_function("facewire.about?.servedBy !== undefined")
            process.kill()
            page.wait_for_function("facewire.state === 'away'")
            assert sentence in page.get_by_role("status").inner_text()
    finally:
        process.kill()
        process.communicate()
