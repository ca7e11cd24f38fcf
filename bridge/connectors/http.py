"""HTTP to other people's systems: the only place with a timeout, a retry and a session.

Never follows a redirect (it would carry a credential elsewhere), never takes a proxy or password from the
environment's files, never puts a URL, a header or a body into a message. Status codes become the four
families of `bridge.errors`; what a system means by an odd code is said by its own file in `also`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)

TIMEOUT_S = (3.05, 20.0)
ATTEMPTS = 3
PAUSES_S = (0.25, 1.0)  # between attempts of one call; longer waits belong to the database's schedule
LONGEST_WAIT_S = 5.0
UNAVAILABLE = frozenset({408, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back with a status below 300. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Http:
    """Calls to one system, connections kept between them. Not shared between processes."""

    def __init__(
        self,
        system: str,
        *,
        also: Mapping[int, type[BridgeError]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._system = system
        self._also = dict(also or {})
        self._sleep = sleep
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=16))

    def call(self, method: str, url: str, *, idempotent: bool = True, **request: Any) -> Answer:
        """One call, asked again up to three times in all where `idempotent` and the fault may pass.

        `request` are the keywords of requests (`params`, `headers`, `data`, `json`). Raises
        ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        attempts = ATTEMPTS if idempotent else 1
        for attempt in range(1, attempts + 1):
            try:
                return self._once(method, url, **request)
            except Retryable as fault:
                wait = fault.retry_after_s
                if attempt == attempts or (wait is not None and wait > LONGEST_WAIT_S):
                    raise
                pause = PAUSES_S[attempt - 1]
                self._sleep(wait if wait is not None else random.uniform(pause / 2, pause))  # noqa: S311
        raise AssertionError  # the last attempt returns or raises

    def _once(self, method: str, url: str, **request: Any) -> Answer:
        try:
            reply = self._session.request(method, url, timeout=TIMEOUT_S, allow_redirects=False, **request)
        except requests.Timeout:
            raise ConnectorUnavailable(f"{self._system}: no answer in time") from None
        except requests.RequestException as fault:
            raise ConnectorUnavailable(f"{self._system}: {type(fault).__name__}") from None
        if reply.status_code < 300:
            headers = {name.lower(): value for name, value in reply.headers.items()}
            return Answer(status=reply.status_code, headers=headers, content=reply.content)
        raise self._fault(reply)

    def _fault(self, reply: requests.Response) -> BridgeError:
        status, text = reply.status_code, f"{self._system}: HTTP {reply.status_code}"
        wait = _retry_after_s(reply.headers.get("Retry-After", ""))
        kind = self._also.get(status)
        if kind is None:
            if status == 429:
                kind = ConnectorThrottled
            elif status in UNAVAILABLE or status >= 500:
                kind = ConnectorUnavailable
            else:
                kind = CredentialRejected if status in (401, 403) else ConnectorRefused
        return kind(text, retry_after_s=wait) if issubclass(kind, Retryable) else kind(text)


def _retry_after_s(value: str) -> float | None:
    """Seconds of a Retry-After header: `2`, `2.0` (Shopify) or an HTTP date; None where it says nothing."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None

