"""Hundreds of connections that send slowly, or nothing, keep nobody else waiting: each costs what it has sent."""

import socket
import threading
from contextlib import ExitStack

import pytest

from tests.bench.receiver.slow_crowd import CONNECTIONS, KINDS
from tests.e2e import processes

TOPIC = "orders/create"


@pytest.mark.parametrize("kind", KINDS)
def test_three_hundred_slow_connections_refuse_and_delay_nobody(edge, kind):
    first, drop = KINDS[kind]
    is_over = threading.Event()
    with ExitStack() as opened:
        slow = [
            opened.enter_context(socket.create_connection(("127.0.0.1", edge.bridge.port), 5))
            for _ in range(CONNECTIONS)
        ]
        for each in slow:
            each.sendall(first)
        dripping = threading.Thread(target=_drip, args=(slow, drop, is_over))
        dripping.start()
        try:
            answers = [processes.post(edge.url, TOPIC, {"id": 1, "once": processes.new_id()}) for _ in range(20)]
        finally:
            is_over.set()
            dripping.join()
    assert [answer.status for answer in answers] == [200] * 20
    assert max(answer.seconds for answer in answers) < processes.DEADLINE_S, "nobody waited for a slow one's end"


def _drip(slow, drop, is_over):
    while drop and not is_over.wait(0.1):
        for each in slow:
            try:
                each.sendall(drop)
            except OSError:
                continue  # its time was over
