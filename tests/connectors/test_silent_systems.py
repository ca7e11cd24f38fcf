"""A system that does not answer costs one worker one time-out, and the others nothing."""

import socket
import time

import pytest

from bridge.connectors.http import BUSY_SILENCE_S, HttpClient
from bridge.errors import ConnectorUnavailable, SystemBusy
from tests.fakes import FakeCallLimits

URL = "https://system.example/thing"
EVERY_ANSWER_IS_USED = True


@pytest.fixture
def silent_url():
    """A server that accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def make_client(limits):
    return HttpClient("delhivery", exchange_timeout_s=0.4, sleep=lambda _: None, limits=limits)


def test_a_call_without_an_answer_is_not_repeated_and_the_next_is_not_sent(silent_url):
    limits = FakeCallLimits()
    began = time.monotonic()
    with pytest.raises(ConnectorUnavailable, match="no answer in time") as first:
        make_client(limits).call("GET", silent_url, operation="probe")
    assert not isinstance(first.value, SystemBusy), "who asked has made an attempt"
    with pytest.raises(SystemBusy, match="delhivery: does not answer") as other:
        make_client(limits).call("GET", silent_url, operation="probe")
    assert other.value.retry_after_s == 60
    assert time.monotonic() - began < 10
    assert limits.answered == []


def test_a_system_that_is_silent_for_long_is_an_outage():
    limits = FakeCallLimits()
    limits.silences["delhivery"] = (30.0, BUSY_SILENCE_S + 1)
    with pytest.raises(ConnectorUnavailable) as caught:
        make_client(limits).call("GET", "http://127.0.0.1:1/", operation="probe")
    assert not isinstance(caught.value, SystemBusy)


@pytest.mark.parametrize("status", [200, 500, 403])
def test_every_answer_ends_the_silence(mock, status):
    limits = FakeCallLimits()
    mock.get(URL, status=status)
    try:
        make_client(limits).call("GET", URL, operation="probe")
    except Exception:  # noqa: BLE001 - what the answer means is tested elsewhere
        assert status != 200
    assert limits.answered == ["delhivery"]
