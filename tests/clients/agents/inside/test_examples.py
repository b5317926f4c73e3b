"""The example agents, and the programs of the docs, as programs of their own."""

import asyncio
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession
from pipecat.frames.frames import (
    EndFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner

from facewire.wire.binary import WireFrame
from facewire_agents.faces import Heard
from facewire_agents.livekit import FaceOutput, FacewireTTS, PageOutput
from facewire_agents.pipecat import FaceOptions, FaceProcessor, FacewireTTSService, PageTransport
from facewire_client import AudioRun, FaceViewer, ServerError

ROOT = Path(__file__).parents[4]
DOC = ROOT / "docs" / "agents.md"
TEXT = "Bob bought my puppy a map, and Mary made some more of them by Monday."
PATIENCE_S = 30
"""Separates what hangs from what works."""


async def watch(url: str, until_spoken: int) -> tuple[list[WireFrame], list[AudioRun]]:
    """Watch a page until so many faces have spoken."""
    frames: list[WireFrame] = []
    runs: list[AudioRun] = []
    async with asyncio.timeout(PATIENCE_S), FaceViewer(url, audio=True) as viewer:
        async for item in viewer.faces_and_audio():
            if isinstance(item, AudioRun):
                runs.append(item)
            else:
                frames.append(item)
                until_spoken -= item.turn > 0
            if until_spoken <= 0:
                break
    return frames, runs


@pytest.mark.parametrize("name", ["pipecat_agent.py", "livekit_agent.py"])
async def test_an_example_speaks_and_can_be_interrupted(name: str) -> None:
    (command,) = re.findall(rf"^python (\S+{name} --port) 8765$", DOC.read_text(), re.MULTILINE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command.split(), "0", cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = (await process.stdout.readline()).decode()
        url = said.strip().removeprefix("the face is at ")
        watching = asyncio.create_task(watch(url, 90))
        frames, runs = await watching
        assert max(np.abs(run.samples).max() for run in runs) > 0.1
        assert max(frame.weights.max() for frame in frames if frame.turn) > 0.2
        process.stdin.write(b"What is your name?\n")
        async with asyncio.timeout(PATIENCE_S):
            told = (await process.stdout.readline()).decode()
        assert re.match(r"interrupted: Heard\(context='.+', sample=\d+, ", told), told
        answered, _ = await watch(url, 30)
        # On a busy machine a voice pauses, and its greeting has more turns than one.
        assert max(frame.turn for frame in answered) > max(frame.turn for frame in frames)
        process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def programs() -> list[str]:
    fences = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    return [fence for fence in fences if "asyncio.run(" in fence]


@pytest.mark.parametrize("number", [0, 1])
async def test_a_program_of_the_docs_is_short_and_speaks(number: int, tmp_path: Path) -> None:
    program = programs()[number]
    lines = [line for line in program.splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith(("import ", "from "))]
    assert len(own) < 15
    # Whoever runs the tests may have something on the port that the docs name.
    path = tmp_path / "agent.py"
    path.write_text(program.replace("page=8765", f"page={unused_port()}"))
    port = re.search(r"page=(\d+)", path.read_text())
    assert port is not None
    process = await asyncio.create_subprocess_exec(sys.executable, str(path))
    try:
        frames: list[WireFrame] = []
        async with asyncio.timeout(PATIENCE_S):
            while not frames:
                try:
                    frames, runs = await watch(f"http://127.0.0.1:{port[1]}", 30)
                except ServerError:
                    await asyncio.sleep(0.1)
            assert await process.wait() == 0
        assert max(np.abs(run.samples).max() for run in runs) > 0.1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def snippets() -> list[str]:
    """What the docs say of the model."""
    told = DOC.read_text(encoding="utf-8").partition("## What the model should know")[2]
    return re.findall(r"```python\n(.*?)```", told, re.DOTALL)


async def interrupt_soon(heard: list[Heard]) -> None:
    """Return as soon as an interruption was told, and what follows it is done."""
    async with asyncio.timeout(PATIENCE_S):
        while not heard:  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)


def check_note(note: str, heard: Heard) -> None:
    assert heard.text.startswith("Bob bought")
    assert heard.text.endswith(heard.word)
    assert TEXT.startswith(heard.text)
    assert f"{heard.at_ms / 1000:.1f} s" in note
    assert repr(heard.text) in note


async def test_the_model_of_pipecat_can_be_told_what_was_heard() -> None:
    context, heard = LLMContext(), list[Heard]()
    memory = LLMContextAggregatorPair(context)
    face = FaceProcessor(FaceOptions(idle=False))
    face.add_event_handler("on_interrupted", lambda _, told: heard.append(told))
    parts = [memory.user(), FacewireTTSService(), face, PageTransport(), memory.assistant()]
    worker = PipelineWorker(Pipeline(parts), enable_rtvi=False, cancel_on_idle_timeout=False)
    exec(
        snippets()[0],
        {"face": face, "worker": worker, "LLMMessagesAppendFrame": LLMMessagesAppendFrame},
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await face.opened()
    await worker.queue_frame(TTSSpeakFrame(TEXT))
    await asyncio.sleep(2)
    await worker.queue_frame(InterruptionFrame())
    await interrupt_soon(heard)
    await worker.queue_frame(EndFrame())
    await running
    (note,) = [m["content"] for m in context.messages if m["role"] == "developer"]
    check_note(note, heard[0])


async def test_the_model_of_livekit_can_be_told_what_was_heard() -> None:
    heard, updates = list[Heard](), set[asyncio.Task[None]]()
    agent = Agent(instructions="Answer.")
    session = AgentSession(tts=FacewireTTS())
    session.output.audio = face = FaceOutput(PageOutput(), FaceOptions(idle=False))
    face.on("face_interrupted", heard.append)
    exec(snippets()[1], {"face": face, "agent": agent, "updates": updates, "asyncio": asyncio})
    await face.start()
    await session.start(agent)
    session.say(TEXT)
    await asyncio.sleep(2)
    await session.interrupt()
    await interrupt_soon(heard)
    (note,) = [
        item.text_content for item in agent.chat_ctx.items
        if item.type == "message" and item.role == "developer"
    ]  # fmt: skip
    check_note(note, heard[0])
    await session.aclose()
    await face.aclose()


def unused_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
