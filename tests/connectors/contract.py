"""The test cases that every connector inherits: found, absent, refused, throttled, slow, broken, silent logs.

A new connector is done when its subclass of `ConnectorContract` passes. The subclass states requests and answers; the
cases here know no system. Every failure is tested with every verb of the connector: `gather`, and those of
`contract_verbs` (`track`, `erase`, `cancel`).
"""

import logging
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus

import pytest
import requests
import responses
from responses.matchers import request_kwargs_matcher

from bridge.connectors.http import MAX_CALL_ATTEMPTS, TIMEOUT_S
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import FindingPage, Principal, Waybill
from bridge.ports import Connector
from tests.kit.gathering import list_pages
from tests.kit.silent_logs import read_log

SHOP = "contract.myshopify.com"
CANARY = "Asha Qwertzuiop, 7 Nowhere Lane, +919000000001"


class ConnectorContract:
    """The facts that a subclass states about its system, and the cases."""

    method = "GET"
    url: str  # where the record of a person is requested
    content_type: str
    found: bytes  # an answer that knows `numbers`
    partial: bytes  # an answer that knows the first of `numbers` only
    nothing: bytes  # an answer that knows none of them
    also_nothing: tuple[bytes, ...] = ()  # answers that mean "none" in this system and are unreadable in others
    numbers: tuple[str, ...]
    secrets: tuple[str, ...]  # no message may quote these
    forbidden: type[BridgeError] = CredentialRejected  # the meaning of 403 in this system
    unconfigured: Connector  # a connector without credentials
    every_parcel = False  # parcels on other accounts are requested too
    verbs: tuple[str, ...] = ("gather",)
    never_retried: tuple[str, ...] = ()  # verbs that are never retried in the same call

    def connector(self, waits: list[float]) -> Connector:
        """Return the connector; its waits are appended to `waits`, in seconds."""
        raise NotImplementedError

    def prepare(self, mock: responses.RequestsMock) -> None:
        """Register requests besides the record itself, such as a login."""

    def parcels(self) -> list[Waybill]:
        """Return the parcels to request."""
        system = self.connector([]).system
        return [Waybill(number=number, carrier=system, order_id="1") for number in self.numbers]

    # --- the machinery ----------------------------------------------------------------------------------

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "verb" in metafunc.fixturenames:
            metafunc.parametrize("verb", metafunc.cls.verbs)

    @pytest.fixture
    def mock(self) -> Iterator[responses.RequestsMock]:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            self.prepare(mock)
            yield mock

    @pytest.fixture(autouse=True)
    def _silent_logs(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        """Assert that no log line of any case contains a person, a secret or a URL."""
        caplog.set_level(logging.DEBUG)
        yield
        self.assert_silent(read_log(caplog))

    def assert_silent(self, text: str) -> None:
        for word in (*self.secrets, *CANARY.split(", "), *self.numbers, "http://", "https://"):
            assert word not in text

    def describe_call(self, verb: str) -> tuple[str, str, bytes]:
        """Return method, URL and successful answer of a verb."""
        return self.method, self.url, self.found

    def answer(self, mock, body=b"", status=200, verb="gather", **more):
        method, url, _ = self.describe_call(verb)
        more.setdefault("content_type", self.content_type)
        return mock.add(method, url, body=body, status=status, **more)

    def answer_success(self, mock, verb="gather", **more):
        return self.answer(mock, self.describe_call(verb)[2], verb=verb, **more)

    def run(self, verb: str, waits: list[float] | None = None) -> Sequence[object]:
        """Run the verb to its end."""
        return getattr(self, verb)(waits)

    def gather(self, waits: list[float] | None = None, cursor: str = "") -> list[FindingPage]:
        asked = self.connector([] if waits is None else waits)
        return list_pages(asked.gather(Principal(), shop=SHOP, parcels=self.parcels(), cursor=cursor))

    def assert_fails(self, kind: type[BridgeError], waits: list[float] | None = None, verb="gather") -> BridgeError:
        with pytest.raises(kind) as caught:
            self.run(verb, waits)
        self.assert_silent("".join(traceback.format_exception(caught.value)))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        return caught.value

    def count_requests(self, mock, verb="gather") -> int:
        method, url, _ = self.describe_call(verb)
        sent = [(call.request.method, call.request.url.partition("?")[0]) for call in mock.calls]
        return sent.count((method, url))

    def attempts(self, verb: str) -> int:
        return 1 if verb in self.never_retried else MAX_CALL_ATTEMPTS

    # --- the cases --------------------------------------------------------------------------------------

    def test_gather_finds_the_parcels_that_the_system_has(self, mock):
        self.answer(mock, self.found)
        pages = self.gather()
        assert {one.ref for page in pages for one in page.findings} >= set(self.numbers)
        assert all(one.body["status"] != "not_found" for page in pages for one in page.findings)
        assert not any(page.gaps for page in pages)

    def test_a_page_resumes_after_its_cursor(self, mock):
        self.answer(mock, self.found)
        last = self.gather()[-1]
        before = self.count_requests(mock)
        assert [one for page in self.gather(cursor=last.cursor) for one in page.findings] == []
        assert self.count_requests(mock) == before

    def test_an_unknown_parcel_is_reported_and_raises_nothing(self, mock):
        self.answer(mock, self.nothing)
        findings = [one for page in self.gather() for one in page.findings]
        assert {one.ref for one in findings} == set(self.numbers)
        assert all(one.body["status"] == "not_found" and one.body["consignee"] is None for one in findings)

    def test_a_batch_with_unknown_numbers_reports_which(self, mock):
        self.answer(mock, self.partial)
        status = {one.ref: one.body["status"] for page in self.gather() for one in page.findings}
        assert status[self.numbers[0]] != "not_found"
        assert {status[number] for number in self.numbers[1:]} == {"not_found"}

    def test_parcels_on_another_account_are_never_requested(self, mock):
        system = self.connector([]).system
        other = [Waybill(number=number, carrier="somebody_else") for number in self.numbers]
        other += [replace(one, carrier=system, account_holder="somebody_else") for one in other]
        self.answer_success(mock)
        pages = list(self.connector([]).gather(Principal(), shop=SHOP, parcels=other))
        assert bool(pages) is bool(mock.calls) is self.every_parcel

    def test_without_credentials_it_reports_a_gap_and_sends_nothing(self, mock):
        pages = list(self.unconfigured.gather(Principal(), shop=SHOP, parcels=self.parcels()))
        assert [gap.absence.value for page in pages for gap in page.gaps] == ["not_configured"]
        assert list(self.unconfigured.gather(Principal(), shop=SHOP, parcels=[])) == []
        assert not mock.calls

    @pytest.mark.parametrize("body", [b"", b'{"detail": "no"}', CANARY.encode()])
    def test_401_needs_a_person(self, mock, body, verb):
        self.answer(mock, body, 401, verb)
        self.assert_fails(CredentialRejected, verb=verb)

    def test_403_has_the_meaning_of_this_system(self, mock, verb):
        self.answer(mock, b"<html>" + CANARY.encode(), 403, verb, content_type="text/html")
        fault = self.assert_fails(self.forbidden, verb=verb)
        if isinstance(fault, ConnectorThrottled):
            assert fault.retry_after_s is not None
            assert fault.retry_after_s >= 30
            assert self.count_requests(mock, verb) == 1

    def test_404_is_refused_without_a_retry(self, mock, verb):
        self.answer(mock, CANARY.encode(), 404, verb)
        self.assert_fails(ConnectorRefused, verb=verb)
        assert self.count_requests(mock, verb) == 1

    def test_429_waits_for_retry_after_and_continues(self, mock, verb):
        self.answer(mock, CANARY.encode(), 429, verb, headers={"Retry-After": "2.0"})
        self.answer_success(mock, verb)
        waits: list[float] = []
        if verb in self.never_retried:
            self.assert_fails(ConnectorThrottled, waits, verb)
            assert waits == []
        else:
            self.run(verb, waits)
            assert waits == [2.0]

    def test_a_long_429_is_not_waited_for(self, mock, verb):
        self.answer(mock, CANARY.encode(), 429, verb, headers={"Retry-After": "90"})
        waits: list[float] = []
        fault = self.assert_fails(ConnectorThrottled, waits, verb)
        assert isinstance(fault, ConnectorThrottled)
        assert fault.retry_after_s == 90
        assert waits == []

    def test_429_without_retry_after_is_not_retried(self, mock, verb):
        self.answer(mock, CANARY.encode(), 429, verb)
        fault = self.assert_fails(ConnectorThrottled, verb=verb)
        assert isinstance(fault, ConnectorThrottled)
        assert fault.retry_after_s == 30
        assert self.count_requests(mock, verb) == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_transient_5xx_is_retried(self, mock, status, verb):
        self.answer(mock, CANARY.encode(), status, verb)
        self.answer_success(mock, verb)
        if verb in self.never_retried:
            self.assert_fails(ConnectorUnavailable, verb=verb)
        else:
            self.run(verb)
        assert self.count_requests(mock, verb) == min(2, self.attempts(verb))

    def test_a_lasting_5xx_is_unavailable(self, mock, verb):
        self.answer(mock, CANARY.encode(), 503, verb)
        self.assert_fails(ConnectorUnavailable, verb=verb)
        assert self.count_requests(mock, verb) == self.attempts(verb)

    @pytest.mark.parametrize(
        "body",
        [
            b"<!doctype html><html><body>" + CANARY.encode() + b"</body></html>",
            b"",
            b"null",
            b"[]",
            b"42",
            b"\xff\xfe\x00",
            b"[" * 100_000,
        ],
        ids=["html", "empty", "null", "list", "number", "bytes", "deep"],
    )
    def test_200_with_something_else_is_unavailable_and_never_absent(self, mock, body, verb):
        self.answer(mock, body, verb=verb)
        if body in self.also_nothing:
            self.run(verb)
        else:
            self.assert_fails(ConnectorUnavailable, verb=verb)

    def test_a_truncated_answer_is_unavailable(self, mock, verb):
        well = self.describe_call(verb)[2]
        self.answer(mock, well[: len(well) // 2], verb=verb)
        self.assert_fails(ConnectorUnavailable, verb=verb)

    @pytest.mark.parametrize(
        "fault",
        [requests.ConnectTimeout(CANARY), requests.ReadTimeout(CANARY), requests.ConnectionError(CANARY)],
        ids=lambda fault: type(fault).__name__,
    )
    def test_no_answer_in_time_is_unavailable(self, mock, fault, verb):
        self.answer(mock, fault, verb=verb)
        self.assert_fails(ConnectorUnavailable, verb=verb)
        assert self.count_requests(mock, verb) == self.attempts(verb)

    def test_every_call_has_the_timeout(self, mock, verb):
        self.answer_success(mock, verb, match=[request_kwargs_matcher({"timeout": TIMEOUT_S})])
        assert TIMEOUT_S == (3.05, 20.0)
        self.run(verb)
        assert {call.request.req_kwargs["timeout"] for call in mock.calls} == {TIMEOUT_S}

    def test_a_redirect_is_refused_and_not_followed(self, mock, verb):
        away = "https://elsewhere.example/"
        self.answer(mock, b"", HTTPStatus.FOUND, verb, headers={"Location": away})
        mock.add(responses.GET, away, body=self.found)
        self.assert_fails(ConnectorRefused, verb=verb)
        assert not any(call.request.url.startswith(away) for call in mock.calls)

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
    @pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"Error": "odd"}'])
    def test_check_never_raises(self, mock, status, body):
        self.answer(mock, body, status)
        for line in self.connector([]).run_checks(SHOP):
            self.assert_silent(f"{line.name} {line.detail}")
            assert re.fullmatch(r"[a-z]+\.[a-z_]+", line.name)

    def test_check_reports_success(self, mock):
        self.answer(mock, self.nothing)
        assert not any(line.ok is False for line in self.connector([]).run_checks(SHOP))

    def test_check_reports_an_unreachable_system(self, mock):
        self.answer(mock, requests.ConnectionError(CANARY))
        assert any(line.ok is False for line in self.connector([]).run_checks(SHOP))

    def test_check_reports_a_refused_credential(self, mock):
        self.answer(mock, b"{}", 401)
        lines = {line.name: line.ok for line in self.connector([]).run_checks(SHOP)}
        assert list(lines.values()) == [True, True, False]

    def test_check_reports_unset_credentials(self, mock):
        assert [line.ok for line in self.unconfigured.run_checks(SHOP)] == [False]
        assert not mock.calls
