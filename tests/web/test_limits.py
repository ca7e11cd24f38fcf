"""A body is taken whole, in time and within bounds, or not at all; a slow stranger delays nobody else."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.e2e import processes

TOPIC = "orders/create"
RAW = json.dumps({"id": 1, "name": "#1"}).encode()
SLACK_S = 1.0


def padded(size: int) -> bytes:
    start = f'{{"id": 1, "once": "{processes.new_id()}", "note": "'.encode()
    return start + b"x" * (size - len(start) - 2) + b'"}'


def chunked(raw: bytes, size: int = 65_536) -> bytes:
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_body_of_exactly_the_limit_is_taken(edge):
    raw = padded(processes.LIMIT_BYTES)
    assert len(raw) == processes.LIMIT_BYTES
    assert processes.post(edge.url, TOPIC, raw).status == 200


def test_a_large_order_of_two_megabytes_is_taken_in_chunks_too(edge):
    for framing in ("Content-Length", "chunks"):
        raw = padded(2_000_000)
        if framing == "chunks":
            answer = processes.wire(
                edge.bridge.port, processes.head(TOPIC, raw, "Transfer-Encoding: chunked"), chunked(raw) + b"0\r\n\r\n"
            )
            assert processes.status(answer) == 200
        else:
            assert processes.post(edge.url, TOPIC, raw).status == 200


def test_a_length_over_the_limit_is_413_before_a_byte_was_sent(edge):
    over = f"Content-Length: {processes.LIMIT_BYTES + 1}"
    assert processes.status(processes.wire(edge.bridge.port, processes.head(TOPIC, RAW, over))) == 413


def test_a_length_beyond_all_measure_is_refused(edge):
    for length in ("9" * 30, "-1", "+5", "1e3", "0x10", "five"):
        answer = processes.wire(edge.bridge.port, processes.head(TOPIC, RAW, f"Content-Length: {length}"))
        assert processes.status(answer) in (400, 413), length


def test_chunks_over_the_limit_are_413(edge):
    raw = padded(processes.LIMIT_BYTES + 70_000)
    framing = "Transfer-Encoding: chunked"
    answer = processes.wire(edge.bridge.port, processes.head(TOPIC, raw, framing), chunked(raw) + b"0\r\n\r\n")
    assert processes.status(answer) == 413


def test_chunks_of_exactly_the_limit_are_taken(edge):
    raw = padded(processes.LIMIT_BYTES)
    framing = "Transfer-Encoding: chunked"
    answer = processes.wire(edge.bridge.port, processes.head(TOPIC, raw, framing), chunked(raw) + b"0\r\n\r\n")
    assert processes.status(answer) == 200


def test_half_a_body_is_400(edge):
    head = processes.head(TOPIC, RAW, f"Content-Length: {len(RAW) + 50}")
    assert processes.status(processes.wire(edge.bridge.port, head, RAW, end=True)) == 400


def test_chunks_that_end_too_early_are_refused(edge):
    """The web server does not tell an end from a cut in chunks; the signature does."""
    head = processes.head(TOPIC, RAW, "Transfer-Encoding: chunked")
    assert processes.status(processes.wire(edge.bridge.port, head, chunked(RAW[:-1]), end=True)) == 401


@pytest.mark.parametrize(
    "junk", [b"ZZ\r\nhello\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"\r\n\r\n"]
)
def test_bad_framing_is_refused(edge, junk):
    head = processes.head(TOPIC, RAW, "Transfer-Encoding: chunked")
    assert processes.status(processes.wire(edge.bridge.port, head, junk, end=True)) == 401


@pytest.mark.parametrize("length", [5, len(RAW), len(RAW) + 500])
def test_of_two_framings_the_chunks_count_and_nothing_after_them_is_a_request(edge, length):
    """A proxy may see another end of such a body: what follows it must not be taken for a request (RFC 9112, 6.1)."""
    both = f"Content-Length: {length}\r\nTransfer-Encoding: chunked"
    hidden = processes.head("orders/updated", RAW, f"Content-Length: {len(RAW)}") + RAW
    parts = (processes.head(TOPIC, RAW, both), chunked(RAW) + b"0\r\n\r\n" + hidden)
    answer = processes.wire(edge.bridge.port, *parts, all_of_it=True)
    assert processes.status(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


def test_what_is_left_of_a_refused_body_does_not_become_a_request(edge):
    hidden = processes.head("orders/updated", RAW, f"Content-Length: {len(RAW)}") + RAW
    head = processes.head(TOPIC, hidden, f"Content-Length: {processes.LIMIT_BYTES + 1}")
    answer = processes.wire(edge.bridge.port, head, hidden, hidden, end=True, all_of_it=True)
    assert processes.status(answer) == 413
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_that_stops_is_408_soon_after_the_deadline(edge, framing):
    began = time.monotonic()
    if framing == "length":
        parts = (processes.head(TOPIC, RAW, f"Content-Length: {len(RAW)}"), RAW[:5])
    else:
        parts = (processes.head(TOPIC, RAW, "Transfer-Encoding: chunked"), chunked(RAW))
    assert processes.status(processes.wire(edge.bridge.port, *parts)) == 408
    assert processes.DEADLINE_S <= time.monotonic() - began < processes.DEADLINE_S + SLACK_S


def test_a_body_that_trickles_is_408_too(edge):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", edge.bridge.port), timeout=5) as slow:
        slow.sendall(processes.head(TOPIC, RAW, "Content-Length: 1000"))
        slow.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - began < 5:
            try:
                slow.sendall(b"x")
                answer = slow.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
    assert processes.status(answer) == 408
    assert time.monotonic() - began < processes.DEADLINE_S + SLACK_S


def test_forty_who_trickle_keep_nobody_else_waiting(edge):
    with ExitStack() as opened:
        slow = []
        for _ in range(40):
            stranger = opened.enter_context(socket.create_connection(("127.0.0.1", edge.bridge.port), 5))
            stranger.sendall(processes.head(TOPIC, RAW, "Content-Length: 1000") + b"x")
            slow.append(stranger)
        with ThreadPoolExecutor(8) as pool:
            bodies = [{"id": 1, "once": processes.new_id()} for _ in range(40)]
            answers = list(pool.map(lambda body: processes.post(edge.url, TOPIC, body), bodies))
        assert {answer.status for answer in answers} == {200}
        assert max(answer.seconds for answer in answers) < processes.DEADLINE_S + SLACK_S
        assert {processes.status(processes.read_answer(stranger)) for stranger in slow} == {408}


def test_afterwards_it_answers_as_before(edge):
    assert edge.bridge.list_running() == ["web.1"]
    assert processes.post(edge.url, TOPIC, {"id": 1, "once": processes.new_id()}).seconds < 0.5
