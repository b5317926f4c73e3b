"""The page by WCAG 2.2 AA: axe-core in the states of the page, and what axe cannot see."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class OpenPage(Protocol):
    def __call__(
        self, browser: "Browser", url: str, size: tuple[int, int] = ...
    ) -> AbstractContextManager["Page"]: ...


class Daemon(Protocol):
    def __call__(
        self, *arguments: str
    ) -> AbstractContextManager[tuple[str, subprocess.Popen[str]]]: ...


Launch = Callable[..., "Browser"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

FOLDER = Path(__file__).with_name("axe")
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
LONG = "This is said to its end, which is not near, and nobody has to wait for that. " * 12
RUN = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.map(({ id, impact, nodes }) =>
        `${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}"""
CONTRASTS = """() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (name) => {
        const hex = style.getPropertyValue(name).trim().slice(1);
        const [r, g, b] = [0, 2, 4].map((at) => {
            const value = parseInt(hex.slice(at, at + 2), 16) / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => {
        const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const inks = ["curve-1", "curve-2", "curve-3", "curve-4", "muted", "warn", "text", "accent"];
    return Object.fromEntries(inks.flatMap((ink) => ["card", "ground"].map(
        (paper) => [`${ink} on ${paper}`, contrast(`--${ink}`, `--${paper}`)],
    )));
}"""

FOCUS = """() => {
    const { activeElement: element } = document;
    const shown = element.closest("label:has(:focus-visible)") ?? element;
    const seen = (one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 1;
    return [element.id, [element, shown].map((one) => getComputedStyle(one)).some(seen)];
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip(f"run npm ci in {FOLDER}")
    return AXE.read_text("utf-8")


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return SIZES[request.param]


def check(page: "Page", axe: str) -> None:
    """Let axe look at what the page shows now, in the light and in the dark."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=axe)
    for scheme in SCHEMES:
        # Colours that are on their way from one scheme to the other are not looked at.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate(RUN) == [], scheme


def wait_for(page: "Page", condition: str) -> None:
    page.wait_for_function(f"(({{ speech }}) => {condition})(facewire)")


def say(page: "Page", text: str) -> None:
    page.get_by_label("What the face says").fill(text)
    page.keyboard.press("Enter")


@pytest.mark.slow
def test_axe_finds_nothing_while_the_face_rests_speaks_and_stands_still(
    browser: "Browser",
    server: str,
    open_page: OpenPage,
    axe: str,
    size: tuple[int, int],
) -> None:
    with open_page(browser, f"{server}/", size) as page:
        wait_for(page, "speech?.state === 'resting'")
        check(page, axe)
        say(page, LONG)
        wait_for(page, "speech.hearing === 1")
        page.locator("#say-progress:visible").wait_for()
        check(page, axe)
        page.get_by_label("Cut in").check()
        page.get_by_role("button", name="Pause").click()
        page.get_by_label("What the face says").fill(LONG)
        check(page, axe)


@pytest.mark.slow
def test_axe_finds_nothing_where_something_fails(
    browser: "Browser",
    daemon: Daemon,
    open_page: OpenPage,
    axe: str,
    size: tuple[int, int],
) -> None:
    with daemon("serve", "--port", "0") as (url, process), open_page(browser, url, size) as page:
        wait_for(page, "speech?.state === 'resting'")
        page.get_by_role("button", name="Speak").click()
        page.get_by_text("There is no microphone").wait_for()
        check(page, axe)
        page.get_by_label("language").fill("klingon")
        page.keyboard.press("Tab")
        page.get_by_text("does not speak 'klingon'").wait_for()
        check(page, axe)
        page.get_by_label("language").fill("en-us")
        page.keyboard.press("Tab")
        wait_for(page, "speech.state === 'resting'")
        process.send_signal(signal.SIGTERM)
        process.wait()
        page.wait_for_function("facewire.state === 'away'")
        check(page, axe)


def test_axe_finds_nothing_at_a_live_stream(
    browser: "Browser",
    daemon: Daemon,
    open_page: OpenPage,
    axe: str,
    size: tuple[int, int],
) -> None:
    with (
        daemon("live", "--demo", "--port", "0") as (url, _),
        open_page(browser, url, size) as page,
    ):
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 60")
        check(page, axe)


@pytest.mark.parametrize("address", ["?server=ws://elsewhere.example", "?pose=jawOpne:1"])
def test_axe_finds_nothing_where_the_address_is_odd(
    browser: "Browser", server: str, open_page: OpenPage, axe: str, address: str
) -> None:
    with open_page(browser, f"{server}/{address}") as page:
        check(page, axe)


def test_what_is_written_on_canvases_can_be_read(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/?pose=jawOpen:0") as page:
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            contrasts: dict[str, float] = page.evaluate(CONTRASTS)
            assert {what: value for what, value in contrasts.items() if value < 4.5} == {}, scheme


def test_everything_is_reached_by_the_tab_key_and_shows_it(
    launch: Launch, server: str, open_page: OpenPage
) -> None:
    with open_page(launch(), f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting'")
        say(page, LONG)
        wait_for(page, "speech.hearing === 1")
        page.evaluate("document.activeElement.blur()")
        reached: dict[str, Any] = {}
        for _ in range(20):
            page.keyboard.press("Tab")
            here = page.evaluate(FOCUS)
            reached[here[0]] = here[1]
        controls = "document.querySelectorAll('button:enabled, input:enabled, textarea')"
        wanted = page.evaluate(f"[...{controls}].map((one) => one.id)")
        assert set(wanted) <= set(reached)
        assert [name for name in wanted if not reached[name]] == []


def test_a_button_that_is_pressed_keeps_its_name(
    browser: "Browser", daemon: Daemon, open_page: OpenPage
) -> None:
    with daemon("live", "--demo", "--port", "0") as (url, _), open_page(browser, url) as page:
        page.wait_for_function("facewire.state === 'live'")
        buttons = (
            "[...document.querySelectorAll('[aria-pressed]')].map((one) => one.innerText.trim())"
        )
        before = page.evaluate(buttons)
        page.get_by_role("button", name="Sound").click()
        assert page.locator("#sound").get_attribute("aria-pressed") == "true"
        assert page.evaluate(buttons) == before == ["Sound"]


def test_states_and_sentences_are_in_live_regions(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    with open_page(browser, f"{server}/") as page:
        for id_ in ("pill", "say-hint"):
            assert page.locator(f"#{id_}").get_attribute("aria-live") == "polite"
        # A region has to be there before it says something.
        assert page.locator("#notice").get_attribute("hidden") is None
        assert page.locator("#notice").get_attribute("role") == "status"


def test_nothing_moves_without_a_word_for_somebody_who_wants_less_motion(
    browser: "Browser", server: str, open_page: OpenPage
) -> None:
    restless = """() => [...facewire.pose.head, ...Object.entries(facewire.pose)
        .filter(([name]) => /^(eye|brow|(jaw|mouth)(Left|Right)$)/.test(name))
        .map(([, weight]) => weight)]"""
    with open_page(browser, f"{server}/") as page:
        wait_for(page, "speech?.state === 'resting' && facewire.drawnFrames > 120")
        assert any(page.evaluate(restless))
        page.emulate_media(reduced_motion="reduce")
        page.wait_for_timeout(100)
        for _ in range(5):
            assert not any(page.evaluate(restless))
            page.wait_for_timeout(200)
        say(page, "Bob bought a map.")
        page.wait_for_function("facewire.pose.jawOpen > 0.1")
        assert not any(page.evaluate(restless))
