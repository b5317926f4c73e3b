"""Own avatars in a real browser that keeps to the page's policy: shown, or said why not."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.web.avatar.avatar_page import (
    HINT,
    READY,
    ROOT,
    SMALL,
    STILL,
    WARNED,
    drop,
    lawful,
    wait,
)
from tests.clients.web.tiny_glb import tiny_glb, tiny_vrm

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
Launch = Callable[..., "Browser"]

pytestmark = pytest.mark.slow

HUGE = """() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new ArrayBuffer(200e6)], "huge.glb"));
    dispatchEvent(new DragEvent("drop", { cancelable: true, dataTransfer }));
}"""
FOLLOW = """(seconds) => new Promise((resolve) => {
    const rows = [];
    const endMs = performance.now() + 1000 * seconds;
    requestAnimationFrame(function look(nowMs) {
        rows.push([facewire.pose.jawOpen, facewire.drawn.weights.jawOpen]);
        if (nowMs < endMs) requestAnimationFrame(look);
        else resolve(rows);
    });
})"""


@pytest.fixture(scope="session")
def heads() -> Path:
    folder = ROOT.parent / "shared" / "assets" / "head"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: nobody can look at a whole head")
    return folder


def test_a_dropped_vrm_speaks_the_demo_clip(
    drawing: "Browser", daemon: Daemon, heads: Path, demo_again_and_again: str
) -> None:
    with (
        daemon("live", "--input", demo_again_and_again, "--port", "0") as (url, _),
        lawful(drawing, f"{url}/?view=face") as page,
    ):
        wait(page, "facewire.state === 'live'")
        drop(page, "head.vrm", (heads / "ict-head-test.vrm").read_bytes())
        about = wait(page, "facewire.avatar")
        assert (about["kind"], about["by"], len(about["names"])) == ("vrm1", "shapes", 51)
        rows = page.evaluate(FOLLOW, 6)
        assert max(abs(ours - theirs) for ours, theirs in rows) <= 1e-3
        jaws = [theirs for _, theirs in rows]
        assert max(jaws) - min(jaws) > 0.1
        assert page.evaluate(HINT).startswith("“head.vrm” moves by 51 of ARKit’s 52 shapes.")
        assert not page.evaluate(WARNED)


@pytest.mark.parametrize("file", ["ict-head-9k.meshopt.glb", "ict-head-9k.quant.glb"])
def test_a_glb_shows_the_pose(drawing: "Browser", server: str, heads: Path, file: str) -> None:
    with lawful(drawing, f"{server}{STILL},headYaw:0.3&view=face") as page:
        drop(page, file, (heads / file).read_bytes())
        wait(page, "facewire.avatar")
        weights = page.evaluate("facewire.drawn.weights")
        assert weights["jawOpen"] == pytest.approx(0.6)
        assert weights["mouthSmileLeft"] == pytest.approx(0.4)
        assert weights["eyeBlinkLeft"] == pytest.approx(0.8)
        assert weights["eyeBlinkRight"] == 0
        canvas = page.locator(".avatar-canvas")
        # Fingers still scroll the page.
        assert canvas.evaluate("one => one.style.touchAction") == "pan-y"
        ahead = canvas.screenshot()
        page.mouse.move(320, 180)
        page.mouse.down()
        page.mouse.move(220, 160, steps=4)
        page.mouse.up()
        assert canvas.screenshot() != ahead
        canvas.dblclick()
        assert canvas.screenshot() == ahead


def test_names_are_understood_in_any_case(drawing: "Browser", server: str) -> None:
    sided = [arkit.NAMES[0].upper(), *(f"Head.{name}" for name in arkit.NAMES[1:])]
    sided = [name.replace("Left", "_L").replace("Right", "_R") for name in sided]
    with lawful(drawing, f"{server}{STILL}") as page:
        drop(page, "any.glb", tiny_glb(sided))
        assert wait(page, "facewire.avatar?.by") == "shapes"
        assert set(page.evaluate("facewire.avatar.names")) == set(arkit.NAMES)
        assert page.evaluate("facewire.drawn.weights.mouthSmileRight") == pytest.approx(0.4)
        drop(page, "visemes.glb", tiny_glb(["viseme_aa", "viseme_O", "viseme_PP", "Blink_L"]))
        assert (
            wait(page, "facewire.avatar.name === 'visemes.glb' && facewire.avatar.by") == "visemes"
        )
        weights = page.evaluate("facewire.drawn.weights")
        assert weights["aa"] > 0.3
        assert weights["blinkLeft"] == pytest.approx(0.8)


VOWELS = ["A", "I", "U", "E", "O", "Blink_L", "Blink_R"]
VROID = ["Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Close_L", "Close_R"]
PERFECT = [name[0].upper() + name[1:] for name in arkit.NAMES]


@pytest.mark.parametrize(
    ("data", "kind", "by", "moved"),
    [
        (tiny_vrm(0, VOWELS, VROID), "vrm0", "visemes", "aa"),
        (tiny_vrm(1, ["aa", "ih", "ou", "ee", "oh", "blink"], VROID), "vrm1", "visemes", "aa"),
        (tiny_vrm(1, PERFECT, arkit.NAMES), "vrm1", "shapes", "jawOpen"),
        (tiny_vrm(0, VOWELS, arkit.NAMES), "vrm0", "shapes", "jawOpen"),
        (tiny_vrm(1, [], arkit.NAMES), "vrm1", "shapes", "jawOpen"),
    ],
    ids=["0, vowels", "1, vowels", "1, perfect sync", "0, shapes of meshes", "1, no expressions"],
)
def test_vrms_speak_by_what_they_have(
    drawing: "Browser", server: str, data: bytes, kind: str, by: str, moved: str
) -> None:
    with lawful(drawing, f"{server}{STILL},headYaw:0.2&view=face") as page:
        drop(page, "tiny.vrm", data)
        about = wait(page, "facewire.avatar")
        assert (about["kind"], about["by"]) == (kind, by)
        weight = page.evaluate(f"facewire.drawn.weights.{moved}")
        assert weight == pytest.approx(0.6) if by == "shapes" else weight > 0.3


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("me.png", b"\x89PNG\r\n\x1a\n" + bytes(80), "“me.png” is no GLB or VRM file;"),
        ("me.gltf", json.dumps({"asset": {"version": "2.0"}}).encode(), "is glTF as text,"),
        ("cut.glb", tiny_glb(arkit.NAMES)[:-8], "“cut.glb” is cut short:"),
        ("stone.glb", tiny_glb([]), "“stone.glb” has no morph targets,"),
        ("odd.glb", tiny_glb(["Bob", "Kasimir"]), "it has “Bob”, “Kasimir”;"),
        ("nameless.glb", tiny_glb([], targets=3), "its own have no names;"),
        ("broken.glb", b"glTF" + (2).to_bytes(4, "little") + bytes(40), "is broken:"),
        ("empty.vrm", b"", "“empty.vrm” is no GLB or VRM file;"),
        (
            "small.glb",
            tiny_glb(arkit.NAMES, extensionsRequired=["KHR_draco_mesh_compression"]),
            "is compressed by Draco,",
        ),
        ("lies.glb", tiny_glb(arkit.NAMES, nodes=[{"mesh": 7}]), "“lies.glb” cannot be read ("),
        ("huge.glb", None, "“huge.glb” has 200 MB, and the page takes 100;"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 14 else "",
)
def test_what_cannot_be_shown_is_said_and_the_face_goes_on(
    drawing: "Browser", server: str, name: str, data: bytes | None, sentence: str
) -> None:
    with lawful(drawing, f"{server}{STILL}") as page:
        if data is None:
            page.evaluate(HUGE)
        else:
            drop(page, name, data)
        wait(page, WARNED)
        said = page.evaluate(HINT)
        assert sentence in said
        assert page.locator("#notice").inner_text() == said
        assert page.evaluate("facewire.avatar") is None
        assert page.evaluate("facewire.drawn.mouthGapPx") > 1


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ELSEWHERE/gone.glb", "could not be fetched: the server says 404;"),
        ("ELSEWHERE/secret.glb", "or that server does not let other pages read it (CORS);"),
        ("ELSEWHERE/huge.glb", "“huge.glb” has 200 MB, and the page takes 100;"),
        ("http://127.0.0.1:9/a.glb", "could not be fetched: nobody answers,"),
        ("ftp://127.0.0.1/a.glb", "is no address of an avatar;"),
        ("nothing.glb", "could not be fetched: the server says 404;"),
    ],
)
def test_an_address_that_gives_nothing_is_said(
    drawing: "Browser", server: str, elsewhere: str, address: str, sentence: str
) -> None:
    address = address.replace("ELSEWHERE", elsewhere)
    with lawful(drawing, f"{server}{STILL}&avatar={address}") as page:
        wait(page, WARNED)
        assert sentence in page.evaluate(HINT)
        assert page.evaluate("facewire.drawn.mouthGapPx") > 1


def test_a_checkout_without_the_bundle_says_what_to_run(drawing: "Browser", server: str) -> None:
    context = drawing.new_context(viewport={"width": SMALL[0], "height": SMALL[1]})
    page = context.new_page()
    page.route("**/bundle/avatar.js", lambda route: route.fulfill(status=404, body="there is none"))
    page.goto(f"{server}{STILL}")
    wait(page, READY)
    drop(page, "mine.glb", tiny_glb(arkit.NAMES))
    wait(page, WARNED)
    assert "run make web in it" in page.evaluate(HINT)
    assert page.evaluate("facewire.drawn.mouthGapPx") > 1
    context.close()


def test_a_browser_without_3d_says_so(launch: Launch, server: str) -> None:
    browser = launch("--disable-3d-apis")
    page = browser.new_page()
    page.goto(f"{server}{STILL}")
    wait(page, READY)
    drop(page, "mine.glb", tiny_glb(arkit.NAMES))
    wait(page, WARNED)
    assert page.evaluate(HINT).startswith("This browser draws no 3D (WebGL 2), which avatars need;")
    assert page.evaluate("facewire.drawn.mouthGapPx") > 1
    assert page.locator(".avatar-canvas").count() == 0
    browser.close()


def test_a_page_without_an_avatar_loads_nothing_of_it(drawing: "Browser", server: str) -> None:
    asked: list[str] = []
    page = drawing.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}{STILL}")
    wait(page, READY)
    page.wait_for_load_state("networkidle")
    assert any(url.endswith("/page/own_avatar.js") for url in asked)
    assert not [url for url in asked if "/bundle/" in url or url.endswith("avatar_view.js")]
    page.close()
