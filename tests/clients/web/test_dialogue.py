"""The page talks with the server's agent: a question, an answer, a word in between."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import soxr

from facewire_cli.demo import demo_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Launch = Callable[..., "Browser"]
Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

FAKE_RATE = 48_000
SPEECH_S = 2.5
ANSWERING_S = 4
"""After a question; the canned answer lasts longer, so that the next words fall into it."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for the browser's microphone: a question, and another one into the answer."""
    samples, rate = soundfile.read(demo_clip(), frames=int(SPEECH_S * 16_000), dtype="float32")
    silences = [np.zeros(round(seconds * rate), np.float32) for seconds in (3, ANSWERING_S, 30)]
    said = np.concatenate([silences[0], samples, silences[1], samples, silences[2]])
    path = tmp_path_factory.mktemp("questions") / "microphone.wav"
    soundfile.write(path, soxr.resample(said, rate, FAKE_RATE), FAKE_RATE, subtype="PCM_16")
    return path


def microphone(path: Path) -> tuple[str, ...]:
    fake_file = f"--use-file-for-fake-audio-capture={path}%noloop"
    return ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", fake_file)


@pytest.fixture(scope="module")
def server(daemon: Daemon) -> Iterator[str]:
    pytest.importorskip("espeakng_loader", reason="install it: pip install -e '.[tts]'")
    with daemon("serve", "--agent", "canned", "--port", "0") as (url, _):
        yield url


def talk(page: "Page") -> None:
    page.get_by_role("button", name="Talk").click()


def test_a_question_is_answered_and_the_answer_can_be_interrupted(
    launch: Launch, server: str, open_page: OpenPage, two_questions: Path
) -> None:
    browser = launch(*microphone(two_questions))
    with open_page(browser, f"{server}/") as page:
        talk(page)
        page.wait_for_function("facewire.dialogue.turns[0]?.soundMs")
        assert page.evaluate("facewire.speech.state") == "speaking"
        page.wait_for_function("facewire.drawn.mouthGapPx > 6")
        page.wait_for_function("facewire.dialogue.turns[0].cutMs")
        # It falls silent at once, and the face comes to rest, before the second question is over.
        assert page.evaluate("[facewire.speech.pending, facewire.speech.hearing]") == [0, 0]
        page.wait_for_function(
            "facewire.dialogue.turns.length === 1 && facewire.drawn.mouthGapPx < 2"
        )
        # Its face is drawn with the screen's next picture.
        page.wait_for_function(
            "(({ turns }) => turns[1]?.soundMs && turns[1].faceMs)(facewire.dialogue)"
        )
        first, second = page.evaluate("facewire.dialogue.turns")
        page.wait_for_function("facewire.speech.state === 'resting'")
        page.get_by_role("button", name="End talk").click()
        assert page.evaluate("facewire.dialogue.state") == "off"
        assert page.evaluate("facewire.dialogue.microphone") is None
        assert page.get_by_role("button", name="Talk").is_visible()
    browser.close()
    for turn in (first, second):
        assert turn["endedMs"] < turn["saidMs"] < turn["faceMs"]
        assert turn["saidMs"] < turn["soundMs"]
    assert first["soundMs"] < first["cutMs"] < second["endedMs"]
    assert second["cutMs"] is None


INTERRUPT_TWICE = """facewire.dialogue._client.onspeechstart({ ms: 0 });
    facewire.dialogue._client.onspeechstart({ ms: 0 });"""
"""As the server says it: what it hears of a file cannot be timed to a frame."""
AT_ITS_END = """facewire.dialogue.turns[1]?.spoken.length
    && facewire.dialogue.turns[1].soundMs && /^listen/.test(window.words.at(-1)?.word)
    && facewire.speech.heard > window.words.at(-1).end - 0.03 * facewire.hello.sample_rate"""
"""The second sentence of the canned agent ends with this word."""


def test_interruptions_in_the_first_and_the_last_frame_and_twice(
    launch: Launch, server: str, open_page: OpenPage, two_questions: Path
) -> None:
    browser = launch(*microphone(two_questions))
    with open_page(browser, f"{server}/") as page:
        talk(page)
        page.wait_for_function("facewire.dialogue.turns[0]?.soundMs")
        page.evaluate(INTERRUPT_TWICE)
        assert page.evaluate("facewire.speech.pending") == 0
        page.wait_for_function("facewire.drawn.mouthGapPx < 2")
        # The second question of the file is answered as if nothing had been.
        page.evaluate(
            """() => {
                window.words = [];
                const { onwords } = facewire.speech.client;
                facewire.speech.client.onwords = (told) => {
                    window.words.push(...told.words);
                    onwords(told);
                };
            }"""
        )
        page.wait_for_function(AT_ITS_END)
        page.evaluate(INTERRUPT_TWICE)
        assert page.evaluate("facewire.speech.pending") == 0
        page.wait_for_function("facewire.drawn.mouthGapPx < 2")
        assert page.evaluate("facewire.speech.state") == "resting"
        first, second = page.evaluate("facewire.dialogue.turns")
    browser.close()
    assert first["cutMs"] - first["soundMs"] < 1_000
    assert second["soundMs"] > first["cutMs"]


def test_a_microphone_that_is_refused_is_one_sentence(
    launch: Launch, server: str, open_page: OpenPage
) -> None:
    browser = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    with open_page(browser, f"{server}/") as page:
        talk(page)
        page.wait_for_function("facewire.dialogue.state === 'off'")
        hint = page.locator("#say-hint").inner_text()
        assert re.fullmatch(r"The browser was not allowed to use the microphone[^.]*\.", hint)
        assert page.get_by_role("button", name="Talk").is_visible()
    browser.close()


def test_speak_takes_the_microphone_back(
    launch: Launch, server: str, open_page: OpenPage, two_questions: Path
) -> None:
    browser = launch(*microphone(two_questions))
    with open_page(browser, f"{server}/") as page:
        talk(page)
        page.wait_for_function("facewire.dialogue.state === 'listening'")
        page.get_by_role("button", name="Speak").click()
        page.wait_for_function("facewire.state === 'speaking' && facewire.frames > 30")
        assert page.evaluate("facewire.dialogue.state") == "off"
        talk(page)
        page.wait_for_function("facewire.dialogue.state === 'listening'")
        page.wait_for_function("facewire.state === 'no-stream'")
    browser.close()


def test_a_server_without_an_agent_shows_no_button(
    browser: "Browser", daemon: Daemon, open_page: OpenPage
) -> None:
    with daemon("serve", "--port", "0") as (url, _), open_page(browser, f"{url}/") as page:
        page.wait_for_function("facewire.state === 'no-stream'")
        page.wait_for_load_state("networkidle")
        assert not page.get_by_role("button", name="Talk").is_visible()


def test_what_was_heard_and_what_is_said_is_written_over_the_face(
    launch: Launch, daemon: Daemon, open_page: OpenPage, two_questions: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("espeakng_loader", reason="install it: pip install -e '.[tts]'")
    browser = launch(*microphone(two_questions))
    with (
        failing_server(daemon, tmp_path, "understands", monkeypatch) as (url, _),
        open_page(browser, f"{url}/") as page,
    ):
        assert not page.locator("#captions").is_visible()
        page.evaluate(
            """() => {
                window.hints = new Set();
                const add = () => window.hints.add(document.getElementById("say-hint").textContent);
                new MutationObserver(add).observe(
                    document.getElementById("say-hint"), { childList: true });
            }"""
        )
        talk(page)
        page.locator("#caption-heard", has_text="Who are you?").wait_for()
        page.locator("#caption-said", has_text="Here is the first sentence.").wait_for()
        page.locator("#caption-said", has_text="And this is the second one.").wait_for()
        # The sentences of an answer are not texts that wait.
        assert not [hint for hint in page.evaluate("[...window.hints]") if "wait" in hint]
        page.get_by_role("button", name="End talk").click()
        assert not page.locator("#captions").is_visible()
    browser.close()


FAILING = '''
import asyncio
from facewire.agents.agent import Heard

async def understands(said):
    yield Heard("Who are you?")
    yield "Here is the first sentence. And this is the second one. And that was all of it."

async def raises(said):
    raise ValueError("no idea")

class Second:
    """Never answers the first time."""
    turn = 0
    async def reply(self, said):
        self.turn += 1
        if self.turn == 1:
            await asyncio.Event().wait()
        return "Here I am."
'''


def failing_server(daemon: Daemon, tmp_path: Path, name: str, monkeypatch: Any) -> Any:
    (tmp_path / "failing_agent.py").write_text(FAILING)
    (tmp_path / "settings.toml").write_text("[server.limits]\nagent_s = 1.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = str(tmp_path / "settings.toml")
    return daemon(
        "serve", "--agent", f"failing_agent:{name}", "--settings", settings, "--port", "0"
    )


def test_an_agent_that_fails_is_one_sentence_on_the_page(
    launch: Launch, daemon: Daemon, open_page: OpenPage, two_questions: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    browser = launch(*microphone(two_questions))
    with (
        failing_server(daemon, tmp_path, "raises", monkeypatch) as (url, _),
        open_page(browser, f"{url}/") as page,
    ):
        talk(page)
        sentence = "The agent failed, and the server's log says why; say it again."
        page.get_by_text(sentence).wait_for()
        assert page.evaluate("facewire.dialogue.state") == "listening"
        page.wait_for_function("facewire.dialogue.turns.length === 2")
    browser.close()


def test_an_agent_that_never_answers_is_given_up_and_the_next_turn_works(
    launch: Launch, daemon: Daemon, open_page: OpenPage, two_questions: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("espeakng_loader", reason="install it: pip install -e '.[tts]'")
    browser = launch(*microphone(two_questions))
    with (
        failing_server(daemon, tmp_path, "Second", monkeypatch) as (url, _),
        open_page(browser, f"{url}/") as page,
    ):
        talk(page)
        page.get_by_text("The agent did not answer for 1 s; say it again.").wait_for()
        page.wait_for_function("facewire.dialogue.turns[1]?.soundMs")
    browser.close()
