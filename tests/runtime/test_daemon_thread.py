import asyncio
import threading

import pytest

from facewire.daemon_thread import call_in_daemon


async def test_the_result_is_returned() -> None:
    assert await call_in_daemon(threading.current_thread, "look up") is not threading.main_thread()


async def test_the_thread_does_not_keep_the_program_alive() -> None:
    thread = await call_in_daemon(threading.current_thread, "look up")
    assert thread.daemon
    assert thread.name == "look up"


async def test_an_error_is_raised() -> None:
    def fail() -> None:
        raise OSError("no such device")

    with pytest.raises(OSError, match="no such device"):
        await call_in_daemon(fail, "fail")


async def test_a_call_that_exits_is_an_error() -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match=r"sys\.exit"):
        await call_in_daemon(leave, "leave")


async def test_the_call_goes_on_when_nobody_waits() -> None:
    proceed, done = threading.Event(), threading.Event()

    def work() -> None:
        proceed.wait()
        done.set()

    call = call_in_daemon(work, "work")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await call
    proceed.set()
    assert await asyncio.to_thread(done.wait, 10)
