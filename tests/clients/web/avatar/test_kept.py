"""Avatars that a browser remembers: what was shown, fetched or not, until it is not wanted."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.clients.web.avatar.avatar_page import (
    HINT,
    STILL,
    WARNED,
    drop,
    lawful,
    reload,
    wait,
)
from tests.clients.web.tiny_glb import tiny_glb

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

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


@pytest.fixture
def keeping(drawing: "Browser", server: str) -> "Iterator[Page]":
    """A page that has an avatar and remembers it."""
    with lawful(drawing, f"{server}{STILL}") as page:
        drop(page, "first.glb", tiny_glb(arkit.NAMES))
        wait(page, "facewire.avatar")
        yield page


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
