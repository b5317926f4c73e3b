"""The viewer page in a browser of its own, for as long as somebody photographs it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

Scheme = Literal["light", "dark"]


def listening_to(path: Path) -> tuple[str, ...]:
    """Return the arguments of a browser whose microphone hears a WAV file, once."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    )


@contextmanager
def opened(
    url: str,
    size: tuple[int, int],
    scheme: Scheme = "light",
    scale: float = 1,
    arguments: Sequence[str] = (),
) -> "Iterator[Page]":
    """Open a page in Chromium, without a window, that may play sound at once.

    Pictures of it have `scale` pixels for each of `size`; `arguments` are the browser's own.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--headless",
                "--no-sandbox",
                "--autoplay-policy=no-user-gesture-required",
                *arguments,
            ],
        )
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            color_scheme=scheme,
            bypass_csp=True,
        )
        page.goto(url)
        yield page
        browser.close()
