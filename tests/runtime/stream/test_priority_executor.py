"""Threads that do what is due first, and bulk in turn, one at a time."""

import asyncio
import threading

import pytest

from facewire.stream.priority_executor import PriorityExecutor


class Gate:
    """Work that lasts until the test lets it end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.opened.wait(60)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 60)


async def settled() -> None:
    """Let tasks that were created ask for their work."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_due_goes_first_and_bulk_in_turn() -> None:
    executor, order = PriorityExecutor(1), list[str]()
    gate = Gate()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(1, gate))
        await gate.entered()
        for due, name in ((None, "a"), (None, "b"), (30, "late"), (10, "soon"), (20, "then")):
            tasks.create_task(executor.run(due, order.append, name))
        await settled()
        gate.opened.set()
    assert order == ["soon", "then", "late", "a", "b"]
    executor.close()


async def test_bulk_never_takes_every_thread() -> None:
    executor, gate, second = PriorityExecutor(2), Gate(), Gate()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(None, gate))
        await gate.entered()
        tasks.create_task(executor.run(None, second))
        assert await executor.run(5, lambda: "done") == "done"
        assert not second.begun.is_set()
        gate.opened.set()
        second.opened.set()
    executor.close()


async def test_who_asks_bite_by_bite_takes_turns() -> None:
    executor, order = PriorityExecutor(2), list[str]()
    gate = Gate()

    async def bites(name: str) -> None:
        for _ in range(3):
            await executor.run(None, order.append, name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(None, gate))
        await gate.entered()
        for name in "abc":
            tasks.create_task(bites(name))
        await settled()
        gate.opened.set()
    assert order[:3] == ["a", "b", "c"]
    assert sorted(order) == sorted(3 * "abc")
    executor.close()


async def test_as_many_work_at_once_as_there_are_threads() -> None:
    executor = PriorityExecutor(3)
    gates = [Gate(), Gate(), Gate()]
    async with asyncio.TaskGroup() as tasks:
        for gate in gates:
            tasks.create_task(executor.run(1, gate))
        for gate in gates:
            await gate.entered()
        for gate in gates:
            gate.opened.set()
    executor.close()


async def test_errors_come_back() -> None:
    executor = PriorityExecutor(1)
    with pytest.raises(ZeroDivisionError):
        await executor.run(None, lambda: 1 // 0)
    executor.close()


async def test_what_nobody_wants_any_more_is_not_begun() -> None:
    executor, gate, unwanted = PriorityExecutor(1), Gate(), Gate()
    busy = asyncio.create_task(executor.run(1, gate))
    await gate.entered()
    waiting = asyncio.create_task(executor.run(2, unwanted))
    await settled()
    waiting.cancel()
    await settled()
    gate.opened.set()
    await busy
    assert await executor.run(3, lambda: "next") == "next"
    assert not unwanted.begun.is_set()
    executor.close()


async def test_closing_forgets_what_waits() -> None:
    executor, gate = PriorityExecutor(1), Gate()
    busy = asyncio.create_task(executor.run(1, gate))
    await gate.entered()
    waiting = asyncio.create_task(executor.run(None, gate))
    await settled()
    executor.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.opened.set()
    await busy
    with pytest.raises(RuntimeError, match="closed"):
        await executor.run(1, gate)


def test_bulk_needs_a_thread() -> None:
    with pytest.raises(ValueError, match="1 to 2"):
        PriorityExecutor(2, bulk=3)


@pytest.mark.parametrize("ending", [SystemExit(3), asyncio.CancelledError()])
async def test_work_that_exits_or_passes_for_cancelled_is_an_error(ending: BaseException) -> None:
    def end() -> None:
        raise ending

    executor = PriorityExecutor(1)
    with pytest.raises(RuntimeError, match=r"^it (called sys.exit\(3\)|was cancelled)"):
        await executor.run(None, end)
    assert await executor.run(None, lambda: 7) == 7
    executor.close()
