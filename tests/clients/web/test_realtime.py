"""A page that plays a realtime session's audio itself, with the faces that the proxy adds."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.runtime.realtime.stand_in import coded, stand_in, tone

from facewire.animator import Animator, AnimatorOptions
from facewire.arkit import INDEX
from facewire.clock import SystemClock
from facewire.realtime.proxy import RealtimeProxy
from facewire.realtime.upstream import Upstream
from facewire_engines.energy.engine import EnergyEngine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., AbstractContextManager["Page"]]

OPTIONS = AnimatorOptions(engine=EnergyEngine(), idle=False)
SPEECH_S = 4.0
CUT_MS = 2_000

SESSION = """async (url) => {
    const { RealtimeFaces } = await import("/realtime/realtime_faces.js");
    const context = new AudioContext();
    await context.resume();
    const faces = new RealtimeFaces();
    const sources = [];
    let began = null, length = 0, heard = null;
    const page = window.page = { shown: [], others: [], rest: null };
    const session = new WebSocket(url, ["realtime", "openai-insecure-api-key.a-key"]);
    const play = (delta) => {
        const bytes = Uint8Array.from(atob(delta), (one) => one.charCodeAt(0));
        const pcm = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
        const sound = context.createBuffer(1, pcm.length, 24000);
        sound.getChannelData(0).set(Float32Array.from(pcm, (sample) => sample / 32768));
        began ??= context.currentTime + 0.05;
        const source = new AudioBufferSourceNode(context, { buffer: sound });
        source.connect(context.destination);
        source.start(began + length);
        sources.push(source);
        length += sound.duration;
    };
    session.onmessage = ({ data }) => {
        if (faces.take(data)) {
            if (data.includes("facewire.face.rest")) page.rest = JSON.parse(data);
            return;
        }
        const event = JSON.parse(data);
        page.others.push(event.type);
        if (event.type === "response.output_audio.delta") play(event.delta);
    };
    session.onopen = () => session.send('{"type":"response.create"}');
    page.position = () => {
        if (began === null) return null;
        heard = (context.currentTime - began) * 1000;
        return heard < 0 || page.cutAt ? null : { itemId: "item_1", ms: heard };
    };
    page.cut = () => {
        page.cutAt = heard;
        for (const source of sources) source.stop();
        session.send(JSON.stringify({
            type: "conversation.item.truncate", item_id: "item_1", content_index: 0,
            audio_end_ms: Math.floor(heard),
        }));
    };
    faces.start(page.position, (pose) => page.shown.push([page.cutAt ? -1 : heard, pose.jawOpen]));
}"""


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of a proxy, which runs on a loop of its own before a stand-in."""
    listening, leave = threading.Event(), asyncio.Event()
    urls: list[str] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with (
            # This page takes deltas of whole samples only.
            stand_in(audio=coded(tone(SPEECH_S), "pcm16"), delta_bytes=4_800) as server,
            RealtimeProxy(
                Upstream(server.url), EnergyEngine(), OPTIONS, clock=SystemClock()
            ) as proxy,
        ):
            urls.append(proxy.url)
            listening.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert listening.wait(30)
    yield urls[0]
    loop.call_soon_threadsafe(leave.set)
    thread.join(30)
    loop.close()


@pytest.mark.slow
def test_the_face_is_that_of_the_sound_which_the_page_plays(
    browser: "Browser", server: str, open_page: OpenPage, proxy: str
) -> None:
    with open_page(browser, f"{server}/?pose=jawOpen:0") as page:
        page.mouse.click(5, 5)  # browsers start sound after a gesture
        page.evaluate(SESSION, proxy)
        page.wait_for_function(f"window.page.position()?.ms > {CUT_MS}")
        page.evaluate("window.page.cut()")
        page.wait_for_function("window.page.rest")
        page.wait_for_function("window.page.shown.at(-1)[1] === 0")
        shown, rest, cut, others = page.evaluate(
            "[window.page.shown, window.page.rest, window.page.cutAt, window.page.others]"
        )
    assert rest["reason"] == "truncated"
    assert rest["end_ms"] == pytest.approx(cut, abs=1.1)
    assert others[0] == "session.created"
    assert "conversation.item.truncated" in others
    assert not any(kind.startswith("facewire") for kind in others)
    times, jaws = np.array([row for row in shown if row[0] is not None and row[0] >= 0], float).T
    with Animator(24_000, OPTIONS) as animator:
        frames = [*animator.push(tone(SPEECH_S)), *animator.flush()]
    expected = np.array([frame.weights[INDEX["jawOpen"]] for frame in frames])
    assert np.ptp(expected) > 0.1
    came = times > 500  # before, a busy machine may still make the first ones
    wanted = np.interp(times[came], 1000 * np.arange(len(expected)) / 60, expected)
    assert came.sum() > 20
    np.testing.assert_allclose(jaws[came], wanted, atol=0.02)
