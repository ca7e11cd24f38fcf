"""The HTTP client: bounded retries, no redirects, typed errors, and silent logs."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.http import MAX_RETRY_AFTER_S, HttpClient, StatusRules, parse_retry_after
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected

URL = "https://system.example/thing"
EVERY_ANSWER_IS_USED = True


def call(waits=None, **more):
    return HttpClient("system", sleep=(waits if waits is not None else []).append).call(
        "GET", URL, operation="probe", **more
    )


def test_an_answer_has_lower_case_headers(mock):
    mock.get(URL, body=b"yes", headers={"X-Odd": "1"})
    answer = call()
    assert (answer.status, answer.content, answer.headers["x-odd"]) == (200, b"yes", "1")


def test_a_request_that_is_not_idempotent_is_sent_once(mock):
    reply = mock.get(URL, status=503)
    with pytest.raises(ConnectorUnavailable):
        call(idempotent=False)
    assert reply.call_count == 1


def test_retry_pauses_grow_and_are_random(mock):
    mock.get(URL, status=503)
    waits: list[float] = []
    with pytest.raises(ConnectorUnavailable):
        call(waits)
    assert 0.125 <= waits[0] <= 0.25
    assert 0.5 <= waits[1] <= 1.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ConnectorRefused),
        (400, ConnectorRefused),
        (401, CredentialRejected),
        (403, CredentialRejected),
        (404, ConnectorRefused),
        (408, ConnectorUnavailable),
        (429, ConnectorThrottled),
        (500, ConnectorUnavailable),
        (599, ConnectorUnavailable),
    ],
)
def test_a_status_becomes_one_of_four_errors(mock, status, kind):
    mock.get(URL, body=b"secret body", status=status, headers={"Location": "https://elsewhere.example"})
    with pytest.raises(kind, match=f"^system: HTTP {status}$"):
        call()


def test_status_rules_name_the_error_of_a_status(mock):
    dialect = StatusRules(
        error_by_status={403: ConnectorThrottled}, readable_statuses=frozenset({400}), min_wait_s={403: 30.0}
    )
    mock.get(URL, status=403, headers={"Retry-After": "1"})
    with pytest.raises(ConnectorThrottled) as caught:
        call(status_rules=dialect)
    assert caught.value.retry_after_s == 30
    mock.replace(responses.GET, URL, body=b"why", status=400)
    assert call(status_rules=dialect).content == b"why"


def test_status_rules_may_classify_by_the_body(mock):
    mock.get(URL, body=b"wrong token", status=500)
    dialect = StatusRules(classify_error=lambda status, body: CredentialRejected if b"token" in body else None)
    with pytest.raises(CredentialRejected):
        call(status_rules=dialect)


def test_the_constructor_may_name_an_error_too(mock):
    mock.get(URL, status=404)
    with pytest.raises(ConnectorUnavailable):
        HttpClient("system", error_by_status={404: ConnectorUnavailable}, sleep=lambda _: None).call(
            "GET", URL, operation="probe"
        )


@pytest.mark.parametrize("secret", ["line\nbreak", "curly \N{RIGHT SINGLE QUOTATION MARK}"])
def test_a_secret_that_is_no_valid_header_is_not_quoted(server_url, secret):
    with pytest.raises(CredentialRejected) as caught:
        HttpClient("system").call("GET", server_url, operation="probe", headers={"Authorization": secret})
    assert str(caught.value) == "system: a credential cannot be sent in a header"
    assert caught.value.__suppress_context__


def test_two_content_lengths_in_an_answer_are_unavailable(server_url):
    with pytest.raises(ConnectorUnavailable, match=r"^system: InvalidHeader$"):
        HttpClient("system", sleep=lambda _: None).call("GET", server_url + "/lengths", operation="probe")


def test_an_invalid_address_is_unavailable():
    with pytest.raises(ConnectorUnavailable, match=r"^system: InvalidURL$"):
        HttpClient("system", sleep=lambda _: None).call("GET", "https://[broken/?key=secret", operation="probe")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2", 2.0), ("2.0", 2.0), ("-1", 0.0), ("", None), ("soon", None), ("nan", None), ("inf", None)],
)
def test_retry_after_in_numbers(value, expected):
    assert parse_retry_after(value) == expected


def test_retry_after_as_a_date():
    soon = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert soon is not None
    assert 50 < soon <= 60
    assert parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    assert parse_retry_after("9" * 30) == MAX_RETRY_AFTER_S


@given(st.text())
def test_any_retry_after_is_a_bounded_wait_or_none(value):
    wait = parse_retry_after(value)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_S


class Server(BaseHTTPRequestHandler):
    """Answers, stops in the middle, or sends an unreadable header."""

    def do_GET(self):
        self.send_response(200)
        if "lengths" in self.path:
            self.send_header("Content-Length", "1")
        self.send_header("Content-Length", "100" if "short" in self.path else "2")
        if "odd" in self.path:
            self.wfile.write(b"".join(self._headers_buffer) + b"no colon here\r\n\r\nok")
            self._headers_buffer = []
        else:
            self.end_headers()
            self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.fixture
def server_url():
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/plain", "/odd"])
def test_the_library_below_logs_no_query_even_at_debug(server_url, caplog, path):
    """Blue Dart's licence key is a query parameter."""
    caplog.set_level(logging.DEBUG)
    answer = HttpClient("system").call(
        "GET", server_url + path, operation="probe", params={"lickey": "nobody-may-read"}
    )
    assert answer.content == b"ok"
    assert "nobody-may-read" not in caplog.text


def test_a_body_that_ends_early_is_unavailable(server_url):
    began = time.monotonic()
    with pytest.raises(ConnectorUnavailable):
        HttpClient("system", sleep=lambda _: None).call("GET", server_url + "/short", operation="probe")
    assert time.monotonic() - began < 5


def test_a_closed_port_is_unavailable(server_url):
    with pytest.raises(ConnectorUnavailable, match=r"^system: ConnectionError$"):
        HttpClient("system", sleep=lambda _: None).call(
            "GET", "http://127.0.0.1:1/?lickey=nobody-may-read", operation="probe"
        )


def test_no_proxy_and_no_password_file_is_taken_from_the_environment(mock, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    mock.get(URL, body=b"ok")
    call()
    assert not mock.calls[0].request.req_kwargs["proxies"]


def test_a_broken_connection_is_named_by_its_type_only(mock):
    mock.get(URL, body=requests.ConnectionError("https://system.example/?lickey=nobody-may-read"))
    with pytest.raises(ConnectorUnavailable, match=r"^system: ConnectionError$"):
        call()
