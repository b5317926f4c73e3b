"""Own avatars in a real browser that keeps to the page's policy: dropped, fetched, remembered."""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.web.tiny_glb import tiny_glb, tiny_vrm
from tests.conftest import skip_unless_ci

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
Launch = Callable[..., "Browser"]

ROOT = Path(__file__).parents[3]
BUNDLE = ROOT / "clients" / "web" / "facewire_web" / "bundle" / "avatar.js"
PATIENCE_S = 60
SMALL = (640, 360)
"""Software draws 3D slowly."""
NOISE = ("GPU stall", "WebSocket connection", "Failed to load resource", "net::", "CORS policy")
"""What browsers say of slow drawing, and of what a test takes away."""
STILL = "/?pose=jawOpen:0.6,mouthSmile:0.4,eyeBlinkLeft:0.8"

DROP = """([name, data]) => {
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    const place = document.querySelector(".stage");
    for (const type of ["dragenter", "dragover", "drop"]) {
        place.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    }
}"""
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
BUSY = """(ms) => new Promise((resolve) => {
    indexedDB.open("facewire", 1).onsuccess = ({ target }) => {
        const store = target.result.transaction("avatar", "readwrite").objectStore("avatar");
        const endMs = performance.now() + ms;
        (function ask() {
            store.get("chosen").onsuccess = () => {
                if (performance.now() < endMs) ask();
                else target.result.close();
            };
        })();
        resolve();
    };
})"""
"""What is kept can be neither read nor written for a while, as when the disk has much to do."""
KEPT = """() => new Promise((resolve) => {
    indexedDB.open("facewire", 1).onsuccess = ({ target }) => {
        const request = target.result.transaction("avatar").objectStore("avatar").get("chosen");
        request.onsuccess = () => {
            resolve(request.result?.name ?? null);
            target.result.close();
        };
    };
})"""
BUSY_MS = 3000
HINT = "document.getElementById('avatar-hint').textContent"
READY = "document.getElementById('avatar').dataset.ready && facewire.drawn.scale > 0"
WARNED = "document.getElementById('avatar-hint').dataset.tone === 'warn'"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def bundle() -> None:
    if not BUNDLE.is_file():
        skip_unless_ci("no bundle of avatars: make web, which needs npm")


@pytest.fixture(scope="module")
def drawing(launch: Launch) -> "Iterator[Browser]":
    browser = launch("--enable-unsafe-swiftshader")
    yield browser
    browser.close()


@contextmanager
def lawful(browser: "Browser", url: str) -> "Iterator[Page]":
    """Open a page as everybody does, and insist that it breaks no policy and throws nothing."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": SMALL[0], "height": SMALL[1]})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    wait(page, READY)
    yield page
    context.close()
    assert [text for text in complaints if not any(noise in text for noise in NOISE)] == []


def wait(page: "Page", expression: str) -> Any:
    """Wait without eval(), which the page forbids."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < deadline, f"{expression}: {page.evaluate(HINT)}"
        page.wait_for_timeout(50)
    return value


def drop(page: "Page", name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(data).decode()])


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


def test_what_was_chosen_is_remembered_until_it_is_not_wanted(
    drawing: "Browser", server: str
) -> None:
    with lawful(drawing, f"{server}{STILL}") as page:
        page.set_input_files(
            "#avatar-file", {"name": "mine.glb", "mimeType": "", "buffer": tiny_glb(arkit.NAMES)}
        )
        wait(page, "facewire.avatar")
        page.reload()
        assert wait(page, "window.facewire?.avatar")["name"] == "mine.glb"
        page.get_by_role("button", name="Drawn face").click()
        wait(page, "facewire.avatar === null")
        assert page.evaluate("facewire.drawn.mouthGapPx") > 1
        page.reload()
        wait(page, "window.facewire?.drawn.mouthGapPx > 1")
        page.wait_for_timeout(500)
        assert page.evaluate("facewire.avatar") is None


@pytest.fixture
def keeping(drawing: "Browser", server: str) -> "Iterator[Page]":
    """A page that has an avatar and remembers it."""
    with lawful(drawing, f"{server}{STILL}") as page:
        drop(page, "first.glb", tiny_glb(arkit.NAMES))
        wait(page, "facewire.avatar")
        yield page


def reload(page: "Page") -> None:
    page.reload()
    wait(page, f"window.facewire && {READY}")


def test_who_sees_an_avatar_and_leaves_at_once_finds_it_again(keeping: "Page") -> None:
    keeping.evaluate(BUSY, BUSY_MS)
    drop(keeping, "second.glb", tiny_glb(arkit.NAMES))
    wait(keeping, "facewire.avatar.name === 'second.glb'")
    reload(keeping)
    assert wait(keeping, "facewire.avatar")["name"] == "second.glb"


def test_who_sees_the_drawn_face_and_leaves_at_once_finds_it_again(keeping: "Page") -> None:
    keeping.evaluate(BUSY, BUSY_MS)
    keeping.get_by_role("button", name="Drawn face").click()
    wait(keeping, "facewire.avatar === null")
    reload(keeping)
    assert keeping.evaluate(KEPT) is None


def test_of_choices_in_a_row_the_last_that_can_be_shown_is_kept(keeping: "Page") -> None:
    keeping.evaluate(BUSY, BUSY_MS)
    for name in ("second.glb", "third.glb"):
        drop(keeping, name, tiny_glb(arkit.NAMES))
        keeping.wait_for_timeout(BUSY_MS / 6)
    drop(keeping, "fourth.glb", b"broken")
    wait(keeping, WARNED)
    keeping.wait_for_timeout(BUSY_MS)
    shown = keeping.evaluate("facewire.avatar.name")
    assert keeping.evaluate(KEPT) == shown
    assert keeping.locator(".avatar-canvas").count() == 1
    assert "“fourth.glb”" in keeping.evaluate(HINT)
    drop(keeping, "fifth.glb", tiny_glb(arkit.NAMES))
    keeping.get_by_role("button", name="Drawn face").click()
    wait(keeping, "facewire.avatar === null")
    assert keeping.evaluate(KEPT) is None


def test_a_choice_is_not_undone_by_what_was_kept_before(keeping: "Page") -> None:
    keeping.context.add_init_script(f"({BUSY})({BUSY_MS})")
    reload(keeping)
    drop(keeping, "second.glb", tiny_glb(arkit.NAMES))
    wait(keeping, "facewire.avatar")
    keeping.wait_for_timeout(BUSY_MS)
    assert keeping.evaluate("facewire.avatar.name") == "second.glb"
    assert keeping.evaluate(KEPT) == "second.glb"


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


class Files(BaseHTTPRequestHandler):
    """A server of somebody else's: an avatar for others, one that is not for them, and none."""

    def do_GET(self) -> None:
        data = tiny_glb(arkit.NAMES)
        self.send_response(404 if "gone" in self.path else 200)
        if "secret" not in self.path:
            self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(200_000_000 if "huge" in self.path else len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{files.server_address[1]}"
        files.shutdown()


def test_an_address_is_fetched(drawing: "Browser", server: str, elsewhere: str) -> None:
    with lawful(drawing, f"{server}{STILL}") as page:
        page.get_by_label("Address of a GLB or VRM file").fill(f"{elsewhere}/my%20face.glb")
        page.get_by_role("button", name="Show", exact=True).click()
        assert wait(page, "window.facewire?.avatar")["name"] == "my face.glb"
        assert page.evaluate("facewire.drawn.weights.jawOpen") == pytest.approx(0.6)
        # It is kept, so that it needs nobody the next time.
        page.goto(f"{server}{STILL}")
        assert wait(page, "window.facewire?.avatar")["name"] == "my face.glb"


def test_an_address_does_not_bring_back_what_was_left(
    drawing: "Browser", server: str, elsewhere: str
) -> None:
    with lawful(drawing, f"{server}{STILL}&avatar={elsewhere}/theirs.glb") as page:
        wait(page, "facewire.avatar")
        drop(page, "mine.glb", tiny_glb(arkit.NAMES))
        wait(page, "facewire.avatar.name === 'mine.glb'")
        reload(page)
        assert wait(page, "facewire.avatar")["name"] == "mine.glb"
        assert page.evaluate("facewire.drawn.weights.jawOpen") == pytest.approx(0.6)
        page.goto(f"{server}{STILL}&avatar={elsewhere}/theirs.glb")
        assert wait(page, "window.facewire?.avatar")["name"] == "theirs.glb"
        page.get_by_role("button", name="Drawn face").click()
        wait(page, "facewire.avatar === null")
        assert "avatar" not in page.evaluate("location.search")
        assert page.evaluate(KEPT) is None


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
