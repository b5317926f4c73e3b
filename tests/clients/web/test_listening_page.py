"""The page of `facewire bench listen serve` in a real browser, as small as a phone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.clients.web.test_accessibility import AXE, RUN, SCHEMES
from tests.free_port import free_port
from tests.training.evaluation.listening.made import OPENS_S, SYSTEMS, make, write_material
from tests.training.evaluation.listening.served import serving

from facewire_training.evaluation.listening.answers_file import read_ratings
from facewire_training.evaluation.listening.screens import Part, screens_for
from facewire_training.evaluation.listening.study import ANCHOR, STILL, Kind, read_study

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = (360, 740)
PATIENCE_S = 60


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two sentences by three systems and an anchor, with one check of attention."""
    request = replace(write_material(tmp_path, {"one": 0.7, "two": 0.9}), checks=1)
    make(request)
    return request.out


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    request = write_material(tmp_path / "pairs", {"one": 0.6})
    make(replace(request, kind=Kind.PAIRS, anchor="none", checks=0, screens=2))
    return request.out


def foreign(asked: str, page: str) -> list[str]:
    return [] if urlsplit(asked).netloc == urlsplit(page).netloc else [asked]


@contextmanager
def phone(browser: "Browser", url: str, complaints: list[str]) -> "Iterator[Page]":
    """Open the page as it is for a rater: with its policy, and nothing from elsewhere."""
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.extend(foreign(asked.url, url)))
    page.goto(url)
    yield page
    context.close()


def until(page: "Page", expression: str) -> Any:
    """Wait without eval(), which the page forbids."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)
    return value


def hear_all(page: "Page") -> None:
    page.locator(".play").first.wait_for()
    for place in range(page.locator(".play").count()):
        page.locator(".play").nth(place).tap()
        until(page, "listening.performed.playing === null")


def rate_all(page: "Page", first: int = 0) -> None:
    """Move each slider to a rating of its own, by the keyboard."""
    for place in range(first, page.locator("input[type=range]").count()):
        page.locator("input[type=range]").nth(place).focus()
        page.keyboard.press("Home")
        for _ in range(place + 1):
            page.keyboard.press("PageUp")


def go_on(page: "Page", count: str) -> None:
    page.get_by_role("button", name="Next").tap()
    page.get_by_text(count).wait_for()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_whole_study_is_rated_on_a_phone_with_a_reload_and_a_killed_server_between(
    browser: "Browser", study: Path
) -> None:
    port = free_port()
    complaints: list[str] = []
    with (
        serving(study, port=port) as server,
        phone(browser, f"http://127.0.0.1:{port}/", complaints) as page,
    ):
        page.get_by_role("button", name="I agree: begin").tap()
        page.get_by_text("1 of 4").wait_for()
        assert page.get_by_text("Practice.").is_visible()
        assert page.get_by_role("button", name="Next").is_disabled()
        assert page.locator("#missing").inner_text() == "Still to hear: the reference, A, B, C, D"
        hear_all(page)
        assert page.locator("#missing").inner_text() == "Still to rate: A, B, C, D"
        rate_all(page)
        go_on(page, "2 of 4")
        # In the middle of a screen: what was heard and rated is there again.
        hear_all(page)
        rate_all(page, first=2)
        page.reload()
        page.get_by_role("button", name="I agree: go on").tap()
        page.get_by_text("2 of 4").wait_for()
        until(page, "listening.state")
        assert page.locator("#missing").inner_text() == "Still to rate: A, B"
        rate_all(page)
        server.process.kill()
        server.process.wait()
        page.get_by_role("button", name="Next").tap()
        page.get_by_text("server does not answer").wait_for()
        with serving(study, port=port):
            page.get_by_text("3 of 4").wait_for()
            assert page.locator("#trouble").inner_text() == ""
            for count in ("4 of 4", "Thank you!"):
                hear_all(page)
                rate_all(page)
                go_on(page, count)
            code = page.locator("#code").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    away = [text for text in complaints if "ERR_CONNECTION_REFUSED" not in text]
    assert away == []
    screens = screens_for(read_study(study), code, 0)
    ratings = read_ratings(study)
    assert [(one.screen, one.system) for one in ratings] == [
        (screen.number, system) for screen in screens for system in screen.systems
    ]
    assert {one.rater for one in ratings} == {code}
    steps = [one.rating for one in ratings if one.part is Part.TEST]
    assert steps == [10, 20, 30, 40] * 2
    assert all(one.plays >= 1 and one.seconds > 0 for one in ratings)


def test_the_face_moves_when_the_sound_that_is_heard_says_so(
    browser: "Browser", tmp_path: Path
) -> None:
    """Every face that is drawn, against the time of the sound at that moment."""
    request = write_material(tmp_path, {"one": 2.5})
    make(replace(request, kind=Kind.PAIRS, anchor="none", checks=0, screens=1))
    with (
        serving(request.out) as server,
        phone(browser, f"http://127.0.0.1:{server.port}/", []) as page,
    ):
        page.get_by_role("button", name="I agree: begin").tap()
        until(page, "listening.state")
        page.evaluate("""() => {
            window.seen = [];
            const { performed } = listening;
            const draw = performed._view.draw.bind(performed._view);
            performed._view.draw = (pose) => {
                seen.push([performed.heardS, draw(pose).mouthGapPx]);
            };
        }""")
        page.locator(".play").first.tap()
        until(page, "listening.state.plays.A")
        seen = page.evaluate("seen")
    assert len([at for at, _ in seen if at > OPENS_S]) > 3
    assert all(gap < 1 for at, gap in seen if at < OPENS_S - 0.03), seen
    assert all(gap > 5 for at, gap in seen if at > OPENS_S + 0.03), seen
    assert max(at for at, _ in seen) > 2.4


def test_axe_finds_nothing_on_any_part_of_the_page(
    browser: "Browser", study: Path, pairs: Path
) -> None:
    if not AXE.is_file():
        pytest.skip(f"run npm ci in {AXE.parents[2]}")
    for folder in (study, pairs):
        with serving(folder) as server:
            context = browser.new_context(
                viewport={"width": PHONE[0], "height": PHONE[1]}, bypass_csp=True
            )
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{server.port}/")
            page.get_by_role("button", name="I agree: begin").wait_for()
            check(page)
            page.get_by_role("button", name="I agree: begin").click()
            until(page, "listening.state")
            check(page)
            page.locator(".play").first.click()
            check(page)
            page.evaluate("document.querySelectorAll('main > section').forEach((one) => {"
                          " one.hidden = one.id !== 'thanks'; })")  # fmt: skip
            check(page)
            context.close()


def check(page: "Page") -> None:
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=AXE.read_text("utf-8"))
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate(RUN) == [], scheme


def test_pairs_are_rated_by_the_keyboard_alone(browser: "Browser", pairs: Path) -> None:
    complaints: list[str] = []
    with (
        serving(pairs) as server,
        phone(browser, f"http://127.0.0.1:{server.port}/?rater=P-7", complaints) as page,
    ):
        page.get_by_role("button", name="I agree: go on").focus()
        page.keyboard.press("Enter")
        for count in ("2 of 3", "3 of 3", "Thank you!"):
            until(page, "listening.state && !listening.state.plays.A")
            assert page.evaluate("document.activeElement.id") == "question"
            for slot in "AB":
                page.keyboard.press("Tab")
                page.keyboard.press("Enter")
                until(page, f"listening.state.plays.{slot}")
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            page.get_by_text(count).wait_for()
        assert page.locator("#code").inner_text() == "P-7"
    assert complaints == []
    ratings = read_ratings(pairs)
    assert [(one.slot, one.rating) for one in ratings] == [("A", 0), ("B", 1)] * 3


@pytest.mark.slow
def test_the_page_never_holds_a_systems_name(browser: "Browser", study: Path) -> None:
    bodies: list[str] = []
    with serving(study) as server, phone(browser, f"http://127.0.0.1:{server.port}/", []) as page:
        page.on(
            "response", lambda one: bodies.append(one.text()) if "sound" not in one.url else None
        )
        page.reload()
        page.get_by_role("button", name="I agree: begin").tap()
        hear_all(page)
        held = page.evaluate(
            "document.documentElement.outerHTML + JSON.stringify({...localStorage}) + location"
        )
    assert any("weights" in body for body in bodies)
    for secret in (*SYSTEMS, ANCHOR, STILL):
        assert not [body for body in [*bodies, held] if secret.lower() in body.lower()], secret
