"""Waits that take too long end by TimeoutError, whatever else waits; those in time are left alone."""

import asyncio
import itertools
import time

import pytest

from bridge import task_deadlines
from bridge.task_deadlines import TaskDeadlines


@pytest.fixture(autouse=True)
def sweep_often(monkeypatch):
    monkeypatch.setattr(task_deadlines, "SWEEP_INTERVAL_S", 0.01)


async def wait(deadlines, seconds):
    with deadlines.limit_current_task():
        await asyncio.sleep(seconds)
    return "in time"


def test_only_the_wait_that_takes_too_long_ends():
    async def wait_both():
        deadlines = TaskDeadlines(0.1, most_at_once=9)
        return await asyncio.gather(wait(deadlines, 30), wait(deadlines, 0.01), return_exceptions=True)

    began = time.monotonic()
    late, early = asyncio.run(wait_both())
    assert isinstance(late, TimeoutError)
    assert early == "in time"
    assert time.monotonic() - began < 10


def test_the_task_goes_on_after_its_wait_was_ended():
    async def wait_twice():
        deadlines = TaskDeadlines(0.05, most_at_once=9)
        with pytest.raises(TimeoutError):
            await wait(deadlines, 30)
        return await wait(deadlines, 0.01), asyncio.current_task().cancelling()

    assert asyncio.run(wait_twice()) == ("in time", 0)


def test_a_cancellation_by_others_stays_one():
    async def cancel():
        task = asyncio.create_task(wait(TaskDeadlines(10, most_at_once=9), 30))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())


def test_the_deadlines_hold_on_the_next_event_loop_too():
    deadlines = TaskDeadlines(0.05, most_at_once=9)

    async def wait_long():
        with pytest.raises(TimeoutError):
            await wait(deadlines, 30)

    async def leave_while_one_waits():
        asyncio.create_task(wait(deadlines, 30))  # noqa: RUF006 - it is left on purpose
        await asyncio.sleep(0)

    asyncio.run(leave_while_one_waits())
    asyncio.run(wait_long())
    asyncio.run(wait_long())


def test_others_have_their_turn_while_many_waits_end():
    ended = []

    async def wait_and_note(deadlines):
        with pytest.raises(TimeoutError):
            await wait(deadlines, 30)
        ended.append(True)

    async def watch():
        deadlines, seen = TaskDeadlines(0.02, most_at_once=2), [0]
        waits = [asyncio.create_task(wait_and_note(deadlines)) for _ in range(7)]
        while seen[-1] < len(waits):
            await asyncio.sleep(0)
            if len(ended) > seen[-1]:
                seen.append(len(ended))
        return seen

    seen = asyncio.run(watch())
    assert max(after - before for before, after in itertools.pairwise(seen)) <= 2
