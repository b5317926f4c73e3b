"""The page with an avatar of one's own, as a test sees and uses it."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[4]
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
HINT = "document.getElementById('avatar-hint').textContent"
READY = "document.getElementById('avatar').dataset.ready && facewire.drawn.scale > 0"
WARNED = "document.getElementById('avatar-hint').dataset.tone === 'warn'"


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


def reload(page: "Page") -> None:
    page.reload()
    wait(page, f"window.facewire && {READY}")
