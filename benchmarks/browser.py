"""The viewer page in a browser of its own, for as long as somebody photographs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

Scheme = Literal["light", "dark"]


@contextmanager
def opened(
    url: str, size: tuple[int, int], scheme: Scheme = "light", scale: float = 1
) -> "Iterator[Page]":
    """Open a page in Chromium, without a window, that may play sound at once.

    Pictures of it have `scale` pixels for each of `size`.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--headless", "--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
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
