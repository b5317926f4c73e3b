"""How well faces keep step with what Pipecat and LiveKit play, and what an interruption does.

    python benchmarks/agents_in_step.py --json benchmarks/results/agents.json

It runs where both are (`make agent-frameworks`), with their real pipelines, whose output plays by a
clock. The clock leaps where nothing is left to do, so that a minute takes seconds; only the last
figure is of real time.
"""

import argparse
import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents_text import AgentReport, AgentRun
from facewire.clock import MILLISECOND
from facewire.report_file import command_line, today, write_report
from facewire_agents.faces import FaceOptions
from facewire_cli.bench.machine import describe_machine
from facewire_cli.bench.throughput_load import clip_samples

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.clients.agents.inside import livekit_agent, pipecat_agent
from tests.clients.agents.inside.virtual_time import run

RATE = 16_000
SPOKEN_S = 60
INTERRUPTIONS = 1_000
LONGEST_S = 0.5
AT_REST = 0.02
"""How far a weight may be from the face at rest."""
FIRSTS = 9
"""Utterances whose first sound is waited for."""
Pcm = NDArray[np.int16]


def speech(seconds: float, begin: int = 0) -> Pcm:
    """Return so much of the bundled clip, again and again."""
    samples = np.asarray(clip_samples(RATE) * 32_767, np.int16)
    return np.resize(np.roll(samples, -begin), int(seconds * RATE))


async def offset(agents: Any) -> tuple[int, float]:
    """Return how many faces a minute had, and how far any was from its sound, in ms."""
    async with agents.running(options=FaceOptions(idle=False)) as agent:
        speaking = asyncio.create_task(agent.say(speech(SPOKEN_S), RATE))
        await asyncio.sleep(SPOKEN_S + 1)
        await speaking
        late = agent.offsets_ms(1)
        return len(late), max(map(abs, late))


async def interruptions(agents: Any) -> tuple[float, int, int]:
    """Return the longest way to rest in ms, faces after it, and the largest error in samples."""
    chance = np.random.default_rng(14)
    rests, after, errors = [0.0], 0, [0]
    async with agents.running(options=FaceOptions(idle=False)) as agent:
        for _ in range(INTERRUPTIONS):
            agent.clear()
            length = chance.uniform(0.02, LONGEST_S)
            await agent.say(speech(length, int(chance.integers(9 * RATE))), RATE)
            await asyncio.sleep(chance.uniform(0, length))
            now, heard = agent.clock.now(), agent.heard_until(agent.clock.now())
            await agent.interrupt()
            await asyncio.sleep(0.2)
            later = [(when, frame) for when, frame in agent.shown[1:] if when > now]
            after += sum(frame.turn > 0 for _, frame in later)
            moving = [when for when, f in later if not at_rest(f.weights, agent.rest.weights)]
            rests += [(when - now) / MILLISECOND for when in moving]
            for told in agent.interrupted:
                sample = -1 if told.sample is None else told.sample
                errors.append(abs(sample - (min(heard, int(length * RATE)) - 1)))
    return max(rests), after, max(errors)


def at_rest(weights: NDArray[np.float32], rest: NDArray[np.float32]) -> bool:
    """Tell whether a face is at rest."""
    return bool(np.abs(weights - rest).max() < AT_REST)


async def first_sound(agents: Any) -> float:
    """Return how many ms the first sound of an utterance waits, in real time."""
    waits = []
    async with agents.running(options=FaceOptions(idle=False), real=True) as agent:
        for _ in range(FIRSTS):
            agent.clear()
            began = agent.clock.now()
            await agent.say(speech(1), RATE)
            await asyncio.sleep(0.9)
            waits.append((agent.output.played[0].when - began) / MILLISECOND)
            await agent.interrupt()
            await asyncio.sleep(0.3)
    return float(np.median(waits))


def measure(name: str, package: str, agents: Any) -> AgentRun:
    """Measure one framework."""
    faces, apart = run(offset(agents))
    rest, after, error = run(interruptions(agents))
    return AgentRun(
        framework=f"{name} {version(package)}",
        spoken_s=SPOKEN_S,
        faces=faces,
        offset_ms=round(apart, 3),
        interruptions=INTERRUPTIONS,
        rest_ms=round(rest, 1),
        shown_after=after,
        sample_error=error,
        first_sound_ms=round(asyncio.run(first_sound(agents)), 1),
    )


def main() -> None:
    """Measure both, and write what was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", type=Path)
    wanted = options.parse_args()
    runs = [
        measure("Pipecat", "pipecat-ai", pipecat_agent),
        measure("LiveKit Agents", "livekit-agents", livekit_agent),
    ]
    for one in runs:
        print(one)
    if wanted.json:
        report = AgentReport(today(), command_line(), describe_machine(), runs)
        write_report(wanted.json, report)


if __name__ == "__main__":
    main()
