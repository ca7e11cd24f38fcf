"""Faults on demand really happen on the wire."""

from __future__ import annotations

import time

import pytest
import requests

from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn


@pytest.fixture
def echo():
    with StandIn("echo", lambda request: Response.from_value({"path": request.path, "said": request.json})) as running:
        yield running


@pytest.fixture
def http():
    with requests.Session() as session:
        yield session


def get(http, echo, path="/a", timeout=5.0):
    return http.get(f"{echo.base_url}{path}", timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "status"), [("http_500", 500), ("http_502", 502), ("http_429", 429), ("http_423", 423)]
)
def test_a_status_is_given_as_often_as_asked_for(echo, http, kind, status):
    http.post(f"{echo.base_url}/_sandbox/faults", json={"kind": kind, "times": 2, "match": "/a"}, timeout=5)
    assert get(http, echo, "/b").status_code == 200
    assert [get(http, echo).status_code for _ in range(3)] == [status, status, 200]


def test_too_many_requests_states_when_to_retry(echo, http):
    echo.faults.add("http_429", seconds=2)
    assert get(http, echo).headers["Retry-After"] == "2"


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_a_broken_connection_is_broken(echo, http, kind):
    echo.faults.add(kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get(http, echo)
    assert get(http, echo).status_code == 200


def test_an_answer_may_be_html_or_nothing(echo, http):
    echo.faults.add("html")
    assert get(http, echo).headers["Content-Type"].startswith("text/html")
    echo.faults.add("empty")
    assert get(http, echo).content == b""


def test_a_hanging_server_hangs_until_the_caller_gives_up(echo, http):
    echo.faults.add("hang")
    with pytest.raises(requests.Timeout):
        get(http, echo, timeout=0.2)


def test_slow_and_latency_take_their_time(echo, http):
    echo.faults.add("slow", seconds=0.1)
    start = time.perf_counter()
    get(http, echo)
    assert time.perf_counter() - start >= 0.1
    http.post(f"{echo.base_url}/_sandbox/latency", json={"ms": 60}, timeout=5)
    start = time.perf_counter()
    get(http, echo)
    assert time.perf_counter() - start >= 0.06


def test_calls_are_counted_and_forgotten(echo, http):
    for path in ("/a", "/a", "/b"):
        get(http, echo, path)
    summary = get(http, echo, "/_sandbox/calls").json()
    assert summary["total"] == 3
    assert summary["by_name"] == {"GET /a": 2, "GET /b": 1}
    http.post(f"{echo.base_url}/_sandbox/reset", timeout=5)
    assert get(http, echo, "/_sandbox/calls").json()["total"] == 0


def test_an_unknown_fault_or_control_is_refused(echo, http):
    assert http.post(f"{echo.base_url}/_sandbox/faults", json={"kind": "x"}, timeout=5).status_code == 400
    assert http.post(f"{echo.base_url}/_sandbox/nothing", timeout=5).status_code == 404
    echo.faults.add("http_500", times=None)
    assert http.delete(f"{echo.base_url}/_sandbox/faults", timeout=5).status_code == 200
    assert get(http, echo).status_code == 200


def test_one_connection_is_kept_for_many_calls(echo, http):
    get(http, echo)
    start = time.perf_counter()
    for _ in range(50):
        get(http, echo)
    assert time.perf_counter() - start < 2  # a delayed acknowledgement alone would make it two seconds
