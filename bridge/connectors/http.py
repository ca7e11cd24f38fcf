"""Sends HTTP requests to external systems: the only place with a timeout, a retry and a session.

Every call is bounded in total seconds and in bytes of the decompressed answer (`exchange_limits`). Never follows a redirect (it would carry a credential to another host), never takes a proxy or password from the
environment's files, never puts a URL, a header or a body into a message or a log. Status codes become the
four families of `bridge.errors`; each system's file states its deviations in `StatusRules`.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

import requests
import urllib3

from bridge.connectors.exchange_limits import (
    CHUNK_BYTES,
    AnswerTooLong,
    BoundedSession,
    ExchangeLimits,
    limit_exchange,
    read_answer_body,
    read_beginning,
)
from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
    SystemBusy,
)
from bridge.ports import CallLimits
from bridge.telemetry import observe

TIMEOUT_S = (3.05, 20.0)
# For a call with all its attempts and pauses, headers and body included; of a file, for each of its parts.
EXCHANGE_TIMEOUT_S = 60.0
MAX_ANSWER_BYTES = 16_777_216  # decompressed; the largest page of Shopify has a few megabytes
MAX_ERROR_BYTES = 65_536  # what is read of an answer that only its status and first words classify
MAX_CALL_ATTEMPTS = 3
# Between the attempts of one call; longer waits are scheduled in the database.
CALL_RETRY_PAUSES_S = (0.25, 1.0)
MAX_RETRY_WAIT_S = 5.0
DEFAULT_THROTTLE_WAIT_S = 30.0  # for a 429 without Retry-After: the pause that Delhivery's portal asks for
BUSY_SILENCE_S = 600.0  # after this a silent system is an outage, and not asking it an attempt
MAX_RETRY_AFTER_S = 86_400.0  # a day; `inf` cannot be added to a time

# urllib3 logs the path with its query at DEBUG and WARNING; Blue Dart's licence key travels there.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class AnswerLate(ConnectorUnavailable):
    """No answer came in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpResponse:
    """A response with a status below 300, or one that the status rules declare readable. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusRules:
    """The status codes that one system uses differently from others.

    `error_by_status` names the error of a status; `readable_statuses` are returned to the caller as responses;
    `classify_error` may name the error by status and body; `min_wait_s` is the shortest pause in seconds after
    a status, whatever Retry-After says.
    """

    error_by_status: Mapping[int, type[BridgeError]] = field(default_factory=dict)
    readable_statuses: frozenset[int] = frozenset()
    classify_error: Callable[[int, bytes], type[BridgeError] | None] = lambda _status, _content: None
    min_wait_s: Mapping[int, float] = field(default_factory=dict)


DEFAULT_STATUS_RULES = StatusRules()


class HttpClient:
    """An HTTP client of one system, which keeps its connections open. Not shared between processes."""

    def __init__(
        self,
        system: str,
        *,
        error_by_status: Mapping[int, type[BridgeError]] | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        exchange_timeout_s: float = EXCHANGE_TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
        limits: CallLimits | None = None,
    ) -> None:
        """Take the system's name for messages and the errors of its statuses; `sleep` waits between attempts.

        A call takes at most `exchange_timeout_s` seconds in all, and its answer has at most `max_answer_bytes`. With
        `limits`, one call that gets no answer in time is enough for a while, of all workers.
        """
        self.system = system
        self._error_by_status = dict(error_by_status or {})
        self._max_answer_bytes, self._exchange_timeout_s = max_answer_bytes, exchange_timeout_s
        self._sleep, self._limits = sleep, limits
        self._session = BoundedSession()

    def call(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        idempotent: bool = True,
        status_rules: StatusRules = DEFAULT_STATUS_RULES,
        **request: Any,
    ) -> HttpResponse:
        """Send one request, up to three times in all if it is `idempotent` and the error is retryable.

        `operation` is a constant word for what it is about, for spans: addresses hold numbers of parcels.
        `request` are the keywords of requests (`params`, `headers`, `data`, `json`). Raises
        ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused; SystemBusy where it was not sent.
        """
        if self._limits is None:
            return self._call_with_retries(method, url, operation, idempotent, status_rules, **request)
        if silence := self._limits.find_silence(self.system):
            left_s, silent_s = silence
            kind = ConnectorUnavailable if silent_s > BUSY_SILENCE_S else SystemBusy
            raise kind(f"{self.system}: does not answer", retry_after_s=left_s)
        is_late = False
        try:
            return self._call_with_retries(method, url, operation, idempotent, status_rules, **request)
        except AnswerLate:
            is_late = True
            raise
        finally:
            (self._limits.report_silence if is_late else self._limits.report_answer)(self.system)

    def _call_with_retries(
        self, method: str, url: str, operation: str, idempotent: bool, status_rules: StatusRules, **request: Any
    ) -> HttpResponse:
        attempts = MAX_CALL_ATTEMPTS if idempotent else 1
        deadline = time.monotonic() + self._exchange_timeout_s
        for attempt in range(1, attempts + 1):
            try:
                return self._send_once(method, url, operation, status_rules, deadline, **request)
            except Retryable as fault:
                wait = fault.retry_after_s
                is_late = self._limits is not None and isinstance(fault, AnswerLate)
                if is_late or attempt == attempts or (wait is not None and wait > MAX_RETRY_WAIT_S):
                    raise
                pause = CALL_RETRY_PAUSES_S[attempt - 1]
                pause = wait if wait is not None else random.uniform(pause / 2, pause)  # noqa: S311
                if time.monotonic() + pause >= deadline:
                    raise
                self._sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    def stream_lines(self, url: str, *, status_rules: StatusRules = DEFAULT_STATUS_RULES) -> Iterator[bytes]:
        """Yield the lines of a file whose address alone authorises the reader; requested once.

        A separate session sends no credential and no cookie. The file may have any length, but none of its lines may
        be longer or take longer than an answer. Raises as `call`, between lines too.
        """
        with self._translate_transport_errors(), BoundedSession() as session:
            with (
                observe("outside.call", system=self.system, operation="download", method="GET") as span,
                limit_exchange(time.monotonic() + self._exchange_timeout_s, math.inf) as limits,
            ):
                reply = session.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True)
                span.fields["status"] = reply.status_code
            with reply:
                if reply.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                    raise self._build_status_error(reply, status_rules, read_beginning(reply, MAX_ERROR_BYTES))
                yield from self._split_lines(reply, limits)

    def _split_lines(self, reply: requests.Response, limits: ExchangeLimits) -> Iterator[bytes]:
        rest = bytearray()
        for chunk in reply.iter_content(CHUNK_BYTES):
            *lines, tail = (chunk if chunk.find(b"\n") < 0 else bytes(rest) + chunk).split(b"\n")
            if lines:
                yield from (line.removesuffix(b"\r") for line in lines)
                rest.clear()
                limits.deadline = time.monotonic() + self._exchange_timeout_s
            rest += tail
            if len(rest) > self._max_answer_bytes:
                raise AnswerTooLong
        if rest:
            yield bytes(rest)

    def _send_once(
        self, method: str, url: str, operation: str, status_rules: StatusRules, deadline: float, **request: Any
    ) -> HttpResponse:
        with (
            observe("outside.call", system=self.system, operation=operation, method=method) as span,
            self._translate_transport_errors(),
            limit_exchange(deadline, self._max_answer_bytes),
            self._session.request(
                method, url, timeout=TIMEOUT_S, allow_redirects=False, stream=True, **request
            ) as reply,
        ):
            status = span.fields["status"] = reply.status_code
            if status < HTTPStatus.MULTIPLE_CHOICES or status in status_rules.readable_statuses:
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return HttpResponse(
                    status=status, headers=headers, content=read_answer_body(reply, self._max_answer_bytes)
                )
            raise self._build_status_error(reply, status_rules, read_beginning(reply, MAX_ERROR_BYTES))

    @contextmanager
    def _translate_transport_errors(self) -> Iterator[None]:
        """Raise our error for one of the libraries below, named by its type: its message may quote the request."""
        try:
            yield
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as fault:
            raise self._build_transport_error(fault) from None

    def _build_transport_error(self, fault: Exception) -> BridgeError:
        """Return the error of a call without a response."""
        is_request_header = isinstance(fault, requests.exceptions.InvalidHeader) and fault.request is None
        if is_request_header or isinstance(fault, UnicodeError):  # a line break or a curly quote pasted into a secret
            return CredentialRejected(f"{self.system}: a credential cannot be sent in a header")
        causes = list(_iterate_causes(fault))
        if any(isinstance(cause, AnswerTooLong) for cause in causes):
            return ConnectorUnavailable(f"{self.system}: the answer is too long")
        if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
            return AnswerLate(f"{self.system}: no answer in time")
        return ConnectorUnavailable(f"{self.system}: {type(fault).__name__}")

    def _build_status_error(self, reply: requests.Response, status_rules: StatusRules, content: bytes) -> BridgeError:
        status, text = reply.status_code, f"{self.system}: HTTP {reply.status_code}"
        kind = (
            status_rules.classify_error(status, content)
            or status_rules.error_by_status.get(status)
            or self._error_by_status.get(status)
            or _choose_default_error(status)
        )
        if not issubclass(kind, Retryable):
            return kind(text)
        wait = parse_retry_after(reply.headers.get("Retry-After", ""))
        if wait is None and issubclass(kind, ConnectorThrottled):
            wait = DEFAULT_THROTTLE_WAIT_S
        if status in status_rules.min_wait_s:
            wait = max(wait or 0.0, status_rules.min_wait_s[status])
        return kind(text, retry_after_s=wait)


def _iterate_causes(fault: BaseException | None) -> Iterator[BaseException]:
    """Yield the fault and those that it hides: the libraries wrap each other's errors."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


def _choose_default_error(status: int) -> type[BridgeError]:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ConnectorThrottled
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ConnectorUnavailable
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CredentialRejected
    return ConnectorRefused


def parse_retry_after(value: str) -> float | None:
    """Return the seconds of a Retry-After header: `2`, `2.0` (Shopify) or an HTTP date; None if it is neither."""
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return min(max(0.0, wait), MAX_RETRY_AFTER_S) if math.isfinite(wait) else None
