"""Typed text in a real browser: what is played, which face is drawn for it, how it is stopped."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire.arkit import NAMES
from facewire.wire.binary import AUDIO_KIND, FRAME_KIND, WireFrame, decode_audio, decode_frame

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocket

Daemon = Callable[..., AbstractContextManager[Any]]
OpenPage = Callable[..., AbstractContextManager["Page"]]

FRAME_S = 1 / 60
LONGEST_GAP = 40_000
JAW = NAMES.index("jawOpen")

Pcm = NDArray[np.int16]

RECORD = Path(__file__).with_name("notes.js").read_text()
"""Notes each block that leaves for the loudspeaker, with its place on the context's clock, and each
face that is chosen, with what that clock says is heard just before and just after the choice."""


@dataclass
class Sent:
    """What the server sent on `/speak`, in order."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    audio: list[tuple[int, int, Pcm]] = field(default_factory=list)
    """Turn, first sample, samples."""
    frames: list[WireFrame] = field(default_factory=list)

    def watch(self, page: "Page") -> None:
        """Listen to the page's next connections."""
        page.on("websocket", self._listen)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The text messages of a type."""
        return [message for message in self.messages if message["type"] == kind]

    def pieces(self, turn: int) -> list[tuple[int, Pcm]]:
        """All of a turn's audio, in order: first sample, samples."""
        return [(start, samples) for number, start, samples in self.audio if number == turn]

    def _listen(self, socket: "WebSocket") -> None:
        if socket.url.endswith("/speak"):
            socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            self.messages.append(json.loads(payload))
        elif payload[0] == AUDIO_KIND:
            message = decode_audio(payload)
            samples = np.frombuffer(message.pcm, np.int16)
            self.audio.append((message.turn, message.start, samples))
        elif payload[0] == FRAME_KIND:
            self.frames.append(decode_frame(payload))


PLAYED = """async () => {
    const { played } = record;
    const [first] = played[0];
    const [last, end] = played.at(-1);
    const sound = new Int16Array(last + end.length - first);
    const toInt = (sample) => Math.round(32_768 * sample);
    for (const [at, block] of played) sound.set(block.map(toInt), at - first);
    const reader = new FileReader();
    await new Promise((done) => {
        reader.onload = done;
        reader.readAsDataURL(new Blob([sound]));
    });
    return [first, reader.result];
}"""


def played(page: "Page") -> tuple[int, Pcm]:
    """Return the first frame of the context's clock, and all that was played from there."""
    first, url = page.evaluate(PLAYED)
    return first, np.frombuffer(b64decode(url.partition(",")[2]), np.int16)


def find(sound: Pcm, pieces: list[tuple[int, Pcm]]) -> NDArray[np.int64]:
    """Return where all pieces that are not silent are: [N, 3], in the sound, in the stream, length.

    They are in the sound exactly, one after the other; where the machine was too slow for the
    server or the page, there may be silence between two of them, and one in twenty cut short.
    """
    lost = len(pieces) // 20 + 1
    found: list[tuple[int, int, int]] = []
    place = 0
    for start, piece in pieces:
        if piece.any():
            exact: int | None = 0
            if not np.array_equal(sound[place : place + len(piece)], piece):
                rest = sound[place : place + LONGEST_GAP if found else None]
                windows = np.lib.stride_tricks.sliding_window_view(rest, len(piece))
                loudest = np.abs(piece).argmax()
                hits = np.flatnonzero(windows[:, loudest] == piece[loudest])
                exact = next((int(h) for h in hits if np.array_equal(windows[h], piece)), None)
            if exact is None and lost > 0:
                lost -= 1
                continue
            assert exact is not None, f"the audio from sample {start} on was not played"
            place += exact
            found.append((place, start, len(piece)))
        place += len(piece)
    return np.array(found)


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def page(browser: "Browser", server: str, open_page: OpenPage, sent: Sent) -> Iterator["Page"]:
    """A page that has said a word, so that all of it is awake, and takes notes from now on."""
    with open_page(browser, f"{server}/") as page:
        sent.watch(page)
        page.reload()
        wait_for(page, "speech?.state === 'resting'")
        say(page, "Yes.")
        wait_until_said(page)
        page.evaluate(RECORD)
        yield page


def say(page: "Page", text: str) -> None:
    page.get_by_label("What the face says").fill(text)
    page.keyboard.press("Enter")


def wait_for(page: "Page", condition: str, timeout_s: float = 30) -> None:
    page.wait_for_function(f"(({{ speech }}) => {condition})(facewire)", timeout=1000 * timeout_s)


def wait_until_said(page: "Page", timeout_s: float = 30) -> None:
    wait_for(page, "speech.pending === 0", timeout_s)
    page.wait_for_timeout(100)


def distances_s(page: "Page", sent: Sent, turn: int) -> NDArray[np.float64]:
    """Return how far each face was from the sound, by what really left for the loudspeaker.

    Faces in silence are left out: silence does not tell where it is.
    """
    first, sound = played(page)
    found = find(sound, sent.pieces(turn))
    times, starts = found[:, 0] + first, found[:, 1]
    distances = []
    for face in page.evaluate("record.drawn"):
        place = int(np.searchsorted(times, face["before"], side="right")) - 1
        if face["hearing"] != turn or place < 0:
            continue
        if face["after"] < times[place] + found[place, 2]:
            shift = times[place] - starts[place]
            early = face["sample"] + shift - face["after"]
            late = face["before"] - face["sample"] - shift
            distances.append(max(0.0, early, late))
    rate: int = sent.of("hello")[-1]["sample_rate"]
    return np.array(distances, np.float64) / rate


def test_what_is_typed_is_spoken_and_the_face_is_in_step(page: "Page", sent: Sent) -> None:
    say(page, "Bob bought my puppy a map.")
    wait_for(page, "speech.hearing === 2")
    assert page.locator("#pill-text").inner_text() == "Speaking"
    wait_until_said(page)
    distances = distances_s(page, sent, 2)
    assert np.quantile(distances, 0.98) <= FRAME_S
    drawn = [d for d in page.evaluate("record.drawn") if d["hearing"] == 2]
    spoken = [frame.weights[JAW] for frame in sent.frames if frame.turn == 2]
    assert max(d["jaw"] for d in drawn) > 0.5 * max(spoken) > 0.1
    assert page.locator("#sync-side").inner_text()
    assert " ms" in page.locator("#sync-lead").inner_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_face_and_sound_stay_together_for_a_minute(page: "Page", sent: Sent) -> None:
    say(
        page,
        " ".join(f"Bob bought {n} maps, and my puppy ate the best of them." for n in range(18)),
    )
    wait_until_said(page, 200)
    length = sum(len(samples) for _, samples in sent.pieces(2))
    assert length > 60 * sent.of("hello")[-1]["sample_rate"]
    distances = distances_s(page, sent, 2)
    assert len(distances) > 100
    # A drawing that the machine stops in its middle is late by what it was stopped for.
    assert np.quantile(distances, 0.99) <= FRAME_S


def test_stop_silences_and_brings_the_face_to_rest(page: "Page", sent: Sent) -> None:
    say(page, "This is a long sentence, of which the end is not going to be heard by anybody.")
    say(page, "And this waits in vain.")
    wait_for(page, "speech.hearing === 2 && facewire.pose.jawOpen > 0.1")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_timeout(800)
    while not sent.of("interrupted"):
        page.wait_for_timeout(50)
    rate = sent.of("hello")[-1]["sample_rate"]
    (answer,) = sent.of("interrupted")
    assert (answer["turn"], answer["dropped"]) == (2, [3])
    # A busy machine draws later what it is sent.
    wait_for(page, f"record.drawn.at(-1).sample > {answer['sample'] + rate // 2}")
    first, sound = played(page)
    stopped = page.evaluate("record.stopped")
    silent = int(stopped["at"] + 0.150 * rate) - first
    assert sound[: silent - int(0.150 * rate)].any()
    assert not sound[silent:].any()
    after = page.evaluate("record.drawn")[stopped["draws"] :]
    assert all(d["sample"] <= answer["sample"] + FRAME_S * rate for d in after if d["turn"])
    assert {d["turn"] for d in after if d["sample"] > answer["sample"] + FRAME_S * rate} == {0}
    rested = [d["jaw"] for d in after if d["sample"] > answer["sample"] + 0.150 * rate]
    assert rested
    assert max(rested) < 0.02
    assert page.locator("#pill-text").inner_text() == "Ready"


def test_a_text_that_is_stopped_before_it_began_is_given_back(
    browser: "Browser", server: str, open_page: OpenPage, sent: Sent
) -> None:
    with open_page(browser, f"{server}/") as page:
        sent.watch(page)
        page.reload()
        wait_for(page, "speech?.state === 'resting'")
        # The first text waits for the sound: in one task of the page, nothing is ready in between.
        page.get_by_label("What the face says").fill("Never mind.")
        page.evaluate(
            "for (const key of ['Enter', 'Escape']) document.getElementById('say-text')"
            ".dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
        )
        page.wait_for_function("document.getElementById('say-text').value === 'Never mind.'")
        assert page.evaluate("facewire.speech.pending") == 0
        assert page.get_by_role("button", name="Stop", exact=True).is_disabled()
        say(page, "Yes.")
        wait_until_said(page)
    assert [message["turn"] for message in sent.of("turn")] == [1]
    assert not sent.of("interrupted")


def test_the_next_text_speaks_after_a_stop(page: "Page", sent: Sent) -> None:
    say(page, "This is stopped, long before its end, and nobody minds.")
    wait_for(page, "speech.hearing === 2")
    page.keyboard.press("Escape")
    say(page, "But this is heard.")
    wait_until_said(page)
    assert np.quantile(distances_s(page, sent, 3), 0.98) <= FRAME_S


def test_texts_queue(page: "Page", sent: Sent) -> None:
    say(page, "One, two.")
    say(page, "Three, four.")
    page.get_by_text("One more waits.").wait_for()
    wait_until_said(page)
    _, sound = played(page)
    first, second = (find(sound, sent.pieces(turn)) for turn in (2, 3))
    assert first[-1, 0] < second[0, 0]
    assert not sent.of("interrupted")


def test_a_text_cuts_in(page: "Page", sent: Sent) -> None:
    page.get_by_label("Cut in").check()
    say(page, "This is cut off in the middle, because something else matters more.")
    wait_for(page, "speech.hearing === 2 && facewire.pose.jawOpen > 0.1")
    say(page, "Fire!")
    wait_until_said(page)
    (answer,) = sent.of("interrupted")
    assert answer["turn"] == 2
    _, sound = played(page)
    end, _, length = find(sound, sent.pieces(3))[-1]
    assert not sound[end + length :].any()
    drawn = [d["turn"] for d in page.evaluate("record.drawn")]
    assert 2 not in drawn[drawn.index(3) :]


def test_pause_stands_still_and_loses_nothing(page: "Page", sent: Sent) -> None:
    say(page, "Two words, and two more of them.")
    wait_for(page, "speech.hearing === 2")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(300)
    stood = page.evaluate("facewire.speech.heard")
    page.wait_for_timeout(300)
    assert page.evaluate("facewire.speech.heard") == stood
    page.get_by_role("button", name="Go on").click()
    wait_until_said(page)
    _, sound = played(page)
    assert len(find(sound, sent.pieces(2)))
    assert not sent.of("problem")
