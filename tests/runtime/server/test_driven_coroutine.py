"""A coroutine made step by step: its own time is told apart from what it waits."""

import asyncio
from typing import Any

import pytest

from facewire.clock import ManualClock
from facewire.server.sockets.driven_coroutine import DrivenCoroutine, Step


async def test_time_that_is_waited_does_not_count() -> None:
    clock, spent = ManualClock(), list[int]()

    async def work(gate: asyncio.Event) -> str:
        clock.advance(5)
        await gate.wait()
        clock.advance(7)
        return "done"

    def make(step: Step) -> Any:
        began = clock.now()
        try:
            return step()
        finally:
            spent.append(clock.now() - began)

    async def wait(gate: asyncio.Event) -> str:
        return await DrivenCoroutine(work(gate), make)

    gate = asyncio.Event()
    task = asyncio.create_task(wait(gate))
    await asyncio.sleep(0)
    clock.advance(1_000)
    gate.set()
    assert (await task, spent) == ("done", [5, 7])


async def test_a_timeout_and_a_failure_get_through() -> None:
    async def wait() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            raise ValueError("late") from None
        return "never"

    with pytest.raises(ValueError, match="late"):
        await DrivenCoroutine(wait(), lambda step: step())


async def test_a_cancellation_gets_through() -> None:
    seen = list[str]()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def outer() -> None:
        await DrivenCoroutine(wait(), lambda step: step())

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
