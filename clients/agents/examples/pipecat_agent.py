# pyright: reportMissingImports=false
"""An agent built with Pipecat, without a cloud: type to it on a terminal, and interrupt it so, too.

    python clients/agents/examples/pipecat_agent.py [--port 8765]

Its face and its voice are on the page that it names.
"""

import argparse
import asyncio
import sys

from pipecat.frames.frames import EndFrame, InterruptionFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner
from script import GREETING, answer, typed_lines

from facewire_agents.pipecat import FaceOptions, FaceProcessor, FacewireTTSService, PageTransport


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def converse(worker: PipelineWorker, face: FaceProcessor) -> None:
    """Greet whoever opens the page, then answer what is typed."""
    await face.opened()
    tell(f"the face is at {face.page_urls[0]}")
    await face.watched()
    await worker.queue_frame(TTSSpeakFrame(GREETING))
    async for text in typed_lines():
        await worker.queue_frames([InterruptionFrame(), TTSSpeakFrame(answer(text))])
    await worker.queue_frame(EndFrame())


async def main(port: int) -> None:
    """Run until standard input ends, and all is said."""
    face = FaceProcessor(FaceOptions(page=port))
    face.add_event_handler("on_interrupted", lambda _, heard: tell(f"interrupted: {heard}"))
    pipeline = Pipeline([FacewireTTSService(), face, PageTransport()])
    worker = PipelineWorker(pipeline, cancel_on_idle_timeout=False)
    runner = WorkerRunner()
    await runner.add_workers(worker)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(converse(worker, face), name="converse")
        await runner.run()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8765)
    asyncio.run(main(options.parse_args().port))
