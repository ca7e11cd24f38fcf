"""An answer of another system costs bounded bytes and seconds, however it is sent: seen on real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.connectors.http import HttpClient, StatusRules
from bridge.connectors.smtp import SmtpMailer
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import Letter
from tests.connectors import hostile_server as hostile

CHUNKED = hostile.HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = hostile.HEAD + b"Content-Length: 1000000\r\n\r\n"
MEASURE = """
import re, sys
from bridge.connectors.delhivery.client import Delhivery
from bridge.errors import ConnectorUnavailable
try:
    list(Delhivery(base_url=sys.argv[1], token="t").track_parcels(["99900010002332"]))
    fault = "tracked"
except ConnectorUnavailable as error:
    fault = error
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]
print(int(peak) // 1024, fault)
"""


# the peak of the process itself: that of the resource module includes the process that started it
needs_peak = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")


def make_client(timeout_s=1.0, max_bytes=100_000):
    return HttpClient("system", exchange_timeout_s=timeout_s, max_answer_bytes=max_bytes, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("beginning", "part"),
    [
        (b"", b"H"),
        (hostile.HEAD, b"X"),
        (hostile.HEAD, b"X-Odd: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (PLAIN, b"1"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED, b"1"),
        (CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n"),
        (
            hostile.HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
            b"\x00\x00\x00\xff\xff",
        ),
    ],
    ids=["status", "header", "headers", "continue", "body", "chunks", "chunk_size", "trailers", "empty_blocks"],
)
def test_what_arrives_in_drips_ends_with_the_exchange(beginning, part):
    with hostile.serve_endlessly(beginning, part, pause_s=0.05) as server:
        began = time.monotonic()
        with pytest.raises(ConnectorUnavailable):
            make_client().call("GET", server.url, operation="probe")
        assert time.monotonic() - began < 3


def test_a_drip_that_never_ends_is_not_asked_for_three_times_as_long():
    with hostile.serve_endlessly(PLAIN, b"1", pause_s=0.05) as server:
        with pytest.raises(ConnectorUnavailable, match=r"^system: no answer in time$"):
            make_client().call("GET", server.url, operation="probe")
        assert server.requests == 1


@pytest.mark.parametrize(
    ("beginning", "part"),
    [
        (hostile.HEAD + b"\r\n", b"x" * 65_536),
        (CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        (CHUNKED, b"1" * 65_536),
        (CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n" * 5_000),
        (hostile.HEAD, b"X-Odd: " + b"1" * 60_000 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000),
    ],
    ids=["body", "chunks", "chunk_size", "trailers", "headers", "continue"],
)
def test_what_never_ends_is_cut_off_by_its_bytes(beginning, part):
    with hostile.serve_endlessly(beginning, part) as server:
        began = time.monotonic()
        with pytest.raises(ConnectorUnavailable):
            make_client(timeout_s=20.0).call("GET", server.url, operation="probe", idempotent=False)
        assert time.monotonic() - began < 10


@needs_peak
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_a_bomb_costs_a_worker_no_memory(encoding):
    answer = hostile.send_whole(hostile.compress_bomb(encoding), f"Content-Encoding: {encoding}")
    with hostile.serve(answer) as server:
        command = [sys.executable, "-c", MEASURE, server.url]
        report = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    megabytes, _, message = report.partition(" ")
    assert int(megabytes) < 200, report
    assert message.strip() == "delhivery: the answer is too long"


@needs_peak
@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[[]]," * 800_000 + b"0]",
        b'{"ShipmentData":[' + b"{}," * 1_300_000 + b"{}]}",
        b'{"ShipmentData":[' + b"{}," * 200_000 + b"{}]}",
        b'{"ShipmentData":[{"Shipment":{"AWB":"99900010002332","Odd":"'
        + "\N{GRINNING FACE}".encode() * 1_000_000
        + b'"}}]}',
    ],
    ids=["lists", "objects", "rows", "text"],
)
def test_the_longest_answer_is_parsed_within_the_memory_of_a_worker(body):
    with hostile.serve(hostile.send_whole(body)) as server:
        command = [sys.executable, "-c", MEASURE, server.url]
        report = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert int(report.partition(" ")[0]) < 200, report


def test_brotli_is_not_decompressed():
    answer = hostile.send_whole(b"\x8b\x00\x80\x03", "Content-Encoding: br")
    with hostile.serve(answer) as server:
        assert make_client().call("GET", server.url, operation="probe").content == b"\x8b\x00\x80\x03"


@pytest.mark.parametrize(
    ("status", "rules", "kind"),
    [
        (401, StatusRules(), CredentialRejected),
        (404, StatusRules(), ConnectorRefused),
        (302, StatusRules(), ConnectorRefused),
        (503, StatusRules(), ConnectorUnavailable),
        (400, StatusRules(readable_statuses=frozenset({400})), ConnectorUnavailable),
    ],
)
def test_an_endless_error_page_is_an_error_by_its_status(status, rules, kind):
    beginning = f"HTTP/1.1 {status} Odd\r\nLocation: http://127.0.0.1:1/\r\n\r\n".encode()
    with hostile.serve_endlessly(beginning, b"x" * 65_536) as server, pytest.raises(kind):
        make_client(timeout_s=20.0).call("GET", server.url, operation="probe", status_rules=rules, idempotent=False)


def test_an_answer_just_within_the_limits_is_read():
    body = json.dumps({"text": "x" * 99_000}).encode()
    with hostile.serve(hostile.send_whole(body)) as server:
        client = make_client(timeout_s=20.0)
        assert [client.call("GET", server.url, operation="probe").content for _ in range(2)] == [body, body]


def test_a_file_may_be_long_but_none_of_its_lines():
    line = b"x" * 50_000 + b"\r\n"
    with hostile.serve(hostile.send_whole(line * 40)) as server:
        assert [len(one) for one in make_client(timeout_s=20.0).stream_lines(server.url)] == [50_000] * 40
    endless, error = hostile.serve_endlessly(hostile.HEAD + b"\r\n", b"x" * 65_536), pytest.raises(ConnectorUnavailable)
    with endless as server, error:
        list(make_client(timeout_s=20.0).stream_lines(server.url))


def test_a_line_that_never_ends_is_not_waited_for():
    with hostile.serve_endlessly(hostile.HEAD + b"\r\nfirst\n", b"x", pause_s=0.05) as server:
        began = time.monotonic()
        with pytest.raises(ConnectorUnavailable, match="no answer in time"):
            list(make_client().stream_lines(server.url))
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("beginning", "part", "pause_s"),
    [(b"", b"220-", 0.05), (b"", b"220-hello\r\n" * 5_000, 0.0)],
    ids=["drip", "endless"],
)
def test_a_mail_server_that_never_ends_its_greeting_holds_no_worker(monkeypatch, beginning, part, pause_s):
    monkeypatch.setattr("bridge.connectors.smtp.LETTER_TIMEOUT_S", 1.0)
    server = hostile.HostileServer(lambda _: None)
    server._serve = lambda connection: greet(server, connection, part, pause_s)
    letter = Letter(to="a@example.com", subject="s", text="t", html="<p>t</p>", message_id="<1@example.com>")
    with server:
        mailer = SmtpMailer(server.url.replace("http", "smtp"), "shop@example.com")
        began = time.monotonic()
        with pytest.raises(BridgeError):
            mailer.send_letter(letter)
        assert time.monotonic() - began < 5


def greet(server, connection, part, pause_s):
    with connection:
        connection.settimeout(5)
        try:
            server.repeat(connection, part, pause_s)
        except OSError:
            return
