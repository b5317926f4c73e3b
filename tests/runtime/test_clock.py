import asyncio

import pytest

from facewire.clock import MICROSECOND, MILLISECOND, SECOND, Clock, ManualClock, SystemClock


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_units_are_nanoseconds() -> None:
    assert (SECOND, MILLISECOND, MICROSECOND) == (10**9, 10**6, 10**3)


def test_system_clock_does_not_run_backwards() -> None:
    clock: Clock = SystemClock()
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(times)


async def test_system_clock_wakes_no_earlier_than_asked() -> None:
    clock = SystemClock()
    when = clock.now() + 5 * MILLISECOND
    await clock.sleep_until(when)
    assert clock.now() >= when


async def test_system_clock_lets_others_run_even_when_it_is_late() -> None:
    ran = []

    async def other() -> None:
        ran.append(True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other())
        await SystemClock().sleep_until(0)
        assert ran


async def test_system_clock_can_be_cancelled() -> None:
    clock = SystemClock()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await clock.sleep_until(clock.now() + 3600 * SECOND)


async def test_manual_clock_wakes_exactly_on_time() -> None:
    clock = ManualClock()
    woken = []

    async def sleeper() -> None:
        await clock.sleep_until(10 * MILLISECOND)
        woken.append(clock.now())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper())
        await _settle()
        clock.advance(9 * MILLISECOND)
        await _settle()
        assert woken == []
        clock.advance(1 * MILLISECOND)
        await _settle()
        assert woken == [10 * MILLISECOND]


async def test_manual_clock_wakes_sleepers_in_the_order_of_their_times() -> None:
    clock = ManualClock(now=5)
    woken: list[int] = []

    async def sleeper(when: int) -> None:
        await clock.sleep_until(when)
        woken.append(when)

    async with asyncio.TaskGroup() as tasks:
        for when in (40, 20, 30, 6):
            tasks.create_task(sleeper(when))
        await _settle()
        clock.advance(25)
        await _settle()
        assert woken == [6, 20, 30]
        clock.advance(10)
        await _settle()
        assert woken == [6, 20, 30, 40]


async def test_manual_clock_does_not_wait_for_the_past() -> None:
    clock = ManualClock(now=100)
    async with asyncio.timeout(1):
        await clock.sleep_until(100)
        await clock.sleep_until(-1)
    assert clock.now() == 100


async def test_a_cancelled_sleeper_does_not_disturb_the_others() -> None:
    clock = ManualClock()
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(clock.sleep_until(10))
        stays = tasks.create_task(clock.sleep_until(10))
        await _settle()
        gone.cancel()
        await _settle()
        clock.advance(10)
        await _settle()
        assert gone.cancelled()
        assert stays.done()
