import asyncio

import pytest

from facewire.stream.channel import Channel, ChannelClosed, Overflow


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_items_come_out_in_the_order_they_went_in() -> None:
    channel = Channel[int](3)
    for item in (1, 2, 3):
        await channel.send(item)
    assert len(channel) == 3
    assert [await channel.receive() for _ in range(3)] == [1, 2, 3]
    assert len(channel) == 0


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_channel_without_room_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least one item"):
        Channel[int](capacity)


async def test_a_full_waiting_channel_holds_the_writer_until_there_is_room() -> None:
    channel = Channel[int](1)
    await channel.send(1)
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(channel.send(2))
        await _settle()
        assert not writer.done()
        assert await channel.receive() == 1
        await _settle()
        assert writer.done()
        assert await channel.receive() == 2
    assert channel.dropped == 0


async def test_several_waiting_writers_never_overfill_the_channel() -> None:
    channel = Channel[int](2)
    received = []
    async with asyncio.TaskGroup() as tasks:
        for item in range(20):
            tasks.create_task(channel.send(item))
        for _ in range(20):
            received.append(await channel.receive())
            await _settle()
            assert len(channel) <= 2
    assert sorted(received) == list(range(20))
    assert channel.dropped == 0


async def test_a_full_dropping_channel_keeps_the_newest_and_counts_the_rest() -> None:
    channel = Channel[int](3, Overflow.DROP_OLDEST)
    for item in range(10):
        await channel.send(item)
    channel.close()
    assert channel.dropped == 7
    assert [item async for item in channel] == [7, 8, 9]


async def test_send_nowait_drops_the_oldest_too() -> None:
    channel = Channel[int](1, Overflow.DROP_OLDEST)
    channel.send_nowait(1)
    channel.send_nowait(2)
    assert channel.dropped == 1
    assert await channel.receive() == 2


async def test_the_reader_waits_for_an_item() -> None:
    channel = Channel[int](1)
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(channel.receive())
        await _settle()
        assert not reader.done()
        channel.send_nowait(5)
        await _settle()
        assert reader.result() == 5


async def test_iteration_ends_when_the_channel_is_closed_and_empty() -> None:
    channel = Channel[int](4)
    await channel.send(1)
    await channel.send(2)
    channel.close()
    assert [item async for item in channel] == [1, 2]
    with pytest.raises(ChannelClosed):
        await channel.receive()


async def test_a_closed_channel_takes_nothing() -> None:
    channel = Channel[int](4)
    channel.close()
    channel.close()
    with pytest.raises(ChannelClosed):
        await channel.send(1)
    with pytest.raises(ChannelClosed):
        channel.send_nowait(1)
    assert len(channel) == 0


async def test_closing_wakes_a_waiting_reader() -> None:
    channel = Channel[int](1)

    async def read() -> list[int]:
        return [item async for item in channel]

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read())
        await _settle()
        channel.close()
        await _settle()
        assert reader.result() == []


async def test_closing_wakes_every_waiting_writer() -> None:
    channel = Channel[int](1)
    await channel.send(0)
    writers = [asyncio.create_task(channel.send(item)) for item in (1, 2)]
    await _settle()
    channel.close()
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert [type(result) for result in results] == [ChannelClosed, ChannelClosed]
    assert [item async for item in channel] == [0]


async def test_a_cancelled_reader_loses_nothing() -> None:
    channel = Channel[int](2)
    reader = asyncio.create_task(channel.receive())
    await _settle()
    channel.send_nowait(1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await channel.receive() == 1


async def test_a_cancelled_writer_adds_nothing() -> None:
    channel = Channel[int](1)
    await channel.send(1)
    writer = asyncio.create_task(channel.send(2))
    await _settle()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    channel.close()
    assert [item async for item in channel] == [1]


async def test_a_slow_reader_gets_everything_through_a_small_channel() -> None:
    channel = Channel[int](2)

    async def write() -> None:
        for item in range(100):
            await channel.send(item)
        channel.close()

    received = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        async for item in channel:
            await asyncio.sleep(0)
            received.append(item)
    assert received == list(range(100))
