"""The page's figures of a live stream, while it is busy with loading an avatar."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest
from tests.clients.web.avatar.avatar_page import drop, lawful, wait
from tests.clients.web.tiny_glb import tiny_glb

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]

pytestmark = pytest.mark.slow

BUSY_MS = 2_500
SLOW_DRIVER = """(ms) => {
    const { getContext } = HTMLCanvasElement.prototype;
    window.paused = 0;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        const context = getContext.call(this, kind, ...more);
        const began = performance.now();
        if (kind.startsWith("webgl")) while (performance.now() < began + ms);
        window.paused = Math.max(window.paused, performance.now() - began);
        return context;
    };
}"""
"""A machine whose graphics take so long to begin, as the first ones of a day may."""
FOLLOW = """(seconds) => new Promise((resolve) => {
    const worst = [];
    const endMs = performance.now() + 1000 * seconds;
    requestAnimationFrame(function look(nowMs) {
        if (facewire.latency) worst.push(facewire.latency.total.p99);
        if (nowMs < endMs) requestAnimationFrame(look);
        else resolve(worst);
    });
})"""


def test_the_pause_of_loading_is_no_latency_of_the_stream(
    drawing: "Browser", daemon: Daemon, demo_again_and_again: str
) -> None:
    with (
        daemon("live", "--input", demo_again_and_again, "--port", "0") as (url, _),
        lawful(drawing, f"{url}/") as page,
    ):
        wait(page, "facewire.latency?.total.p99 > 0")
        page.evaluate(SLOW_DRIVER, BUSY_MS)
        drop(page, "mine.glb", tiny_glb(arkit.NAMES))
        wait(page, "facewire.avatar")
        # Longer than the window of the figures, which begin again behind it.
        shown = page.evaluate(FOLLOW, 6)
        assert page.evaluate("window.paused") >= BUSY_MS
        assert len(shown) > 20
        assert max(shown) < BUSY_MS
        drawn = page.evaluate("facewire.drawnFrames")
        wait(page, f"facewire.drawnFrames > {drawn} && facewire.latency.total.p50 > 0")
