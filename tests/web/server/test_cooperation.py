"""Functions that wait on an event loop: each gets its own result, fault, cancellation and context, and none a thread."""

import asyncio
import contextvars
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge import cooperation
from bridge.cooperation import call_blocking, call_cooperatively, is_cooperative, wait_for

word = contextvars.ContextVar("word", default="none")


def wait_turn(number, turns):
    """Wait as often as said, each time for another event loop's turn; return who it was, and on which thread."""
    assert is_cooperative()
    for _ in range(turns):
        wait_for(asyncio.sleep(0))
    return number, threading.get_ident()


def test_many_wait_at_once_on_one_thread_and_each_gets_its_own_result():
    async def call_all():
        return await asyncio.gather(*(call_cooperatively(wait_turn, number, number % 7) for number in range(600)))

    answers = asyncio.run(call_all())
    assert answers == [(number, threading.get_ident()) for number in range(600)]
    assert 0 < len(cooperation._idle.runners) <= cooperation.MAX_IDLE
    assert not is_cooperative()


@pytest.mark.parametrize("turns", [0, 3])
def test_what_the_function_raises_reaches_the_caller_and_the_next_call_is_untouched(turns):
    def fail():
        wait_turn(1, turns)
        raise LookupError("own")

    async def call_both():
        with pytest.raises(LookupError, match="own"):
            await call_cooperatively(fail)
        return await call_cooperatively(wait_turn, 2, turns)

    assert asyncio.run(call_both()) == (2, threading.get_ident())


def test_a_fault_of_what_is_waited_for_is_raised_where_it_waits():
    async def refuse():
        await asyncio.sleep(0)
        raise ConnectionError

    def handle():
        with pytest.raises(ConnectionError):
            wait_for(refuse())
        return wait_turn(5, 1)[0]

    assert asyncio.run(call_cooperatively(handle)) == 5


@pytest.mark.parametrize("survives", [True, False])
def test_a_cancellation_is_raised_where_the_function_waits(survives):
    seen = []

    def wait_long():
        try:
            wait_for(asyncio.get_running_loop().create_future())
        except asyncio.CancelledError:
            seen.append("cancelled")
            if not survives:
                raise
        return "handled"

    async def cancel():
        task = asyncio.create_task(call_cooperatively(wait_long))
        await asyncio.sleep(0)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0], await call_cooperatively(wait_turn, 3, 2)

    result, (number, _) = asyncio.run(cancel())
    assert seen == ["cancelled"]
    assert result == "handled" if survives else isinstance(result, asyncio.CancelledError)
    assert number == 3


def test_context_is_the_tasks_own_and_is_not_left_to_the_next_call():
    def read_and_set(given):
        before = word.get()
        word.set(given)
        wait_for(asyncio.sleep(0))
        return before, word.get()

    async def call_two_tasks():
        tasks = [asyncio.create_task(call_cooperatively(read_and_set, given)) for given in ("a", "b")]
        return [await task for task in tasks], await call_cooperatively(word.get)

    found, after = asyncio.run(call_two_tasks())
    assert found == [("none", "a"), ("none", "b")]
    assert after == "none"


def test_nothing_of_a_call_is_kept_for_the_next():
    kept = weakref.ref(asyncio.run(call_cooperatively(set)))
    gc.collect()
    assert kept() is None


def test_each_thread_has_its_own_greenlets():
    def call_on_own_loop(number):
        return [asyncio.run(call_cooperatively(wait_turn, number, 2)) for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        for number, answers in enumerate(pool.map(call_on_own_loop, range(4))):
            assert {found for found, _ in answers} == {number}
            assert len({thread for _, thread in answers}) == 1


def test_blocking_calls_run_on_a_thread_where_the_caller_is_cooperative_and_at_once_elsewhere():
    own = threading.get_ident()
    assert call_blocking(threading.get_ident) == own
    assert asyncio.run(call_cooperatively(call_blocking, threading.get_ident)) != own


def test_a_function_whose_event_loop_ends_while_it_waits_ends_too():
    ended = []

    def wait_for_ever():
        try:
            wait_for(asyncio.get_running_loop().create_future())
        finally:
            ended.append(True)

    async def leave():
        asyncio.create_task(call_cooperatively(wait_for_ever))  # noqa: RUF006 - it is left on purpose
        await asyncio.sleep(0)

    asyncio.run(leave())
    gc.collect()
    assert ended == [True]
