"""Limits how often one client may ask: in memory, bounded, by a keyed digest of its address. A restart clears it.

A token of 256 random bits cannot be guessed; the limit keeps attempts away from the database.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from bridge.errors import RequestsTooMany

RATE_WINDOW_S = 60.0
MAX_FAILURES = 30
MAX_SUCCESSES = 120
MAX_CLIENTS = 10_000  # about 3 MB; beyond that the client whose last request is oldest is dropped


@dataclass(slots=True)
class _RateWindow:
    started_at: float
    failures: int = 0
    successes: int = 0


class RateLimiter:
    """Counts good and refused requests per client, within one window of time. `purpose` keeps the digests of limits apart."""

    def __init__(
        self,
        digest: Callable[[str, bytes], str],
        *,
        now: Callable[[], float] = time.monotonic,
        max_clients: int = MAX_CLIENTS,
        purpose: str = "notices",
        window_s: float = RATE_WINDOW_S,
        max_failures: int = MAX_FAILURES,
        max_successes: int = MAX_SUCCESSES,
    ) -> None:
        self._digest, self._now, self._max_clients = digest, now, max_clients
        self._purpose, self._window_s = purpose, window_s
        self._max_failures, self._max_successes = max_failures, max_successes
        self._windows: OrderedDict[str, _RateWindow] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, address: str) -> str:
        """Return the client's digest, which `count_request` takes. Raises RequestsTooMany."""
        client = self._digest(f"{self._purpose}|client", address.encode())
        with self._lock:
            window, now = self._windows.get(client), self._now()
            if window and now - window.started_at < self._window_s and self._is_limit_reached(window):
                raise RequestsTooMany(math.ceil(window.started_at + self._window_s - now))
        return client

    def count_request(self, client: str, *, succeeded: bool) -> None:
        """Count one more request of an admitted client."""
        with self._lock:
            now = self._now()
            window = self._windows.pop(client, None)
            if window is None or now - window.started_at >= self._window_s:
                window = _RateWindow(now)
            window.successes, window.failures = (window.successes + succeeded, window.failures + (not succeeded))
            self._windows[client] = window
            if len(self._windows) > self._max_clients:
                self._windows.popitem(last=False)

    def _is_limit_reached(self, window: _RateWindow) -> bool:
        return window.failures >= self._max_failures or window.successes >= self._max_successes


def resolve_client_address(environ: Mapping[str, Any], proxies: Collection[str]) -> str:
    """Return the client's address: the peer's, or the one that a trusted router names if the router is the peer.

    `proxies`: the routers' networks, or `private` for all that are not public. A router appends its client to X-Forwarded-For; what a client
    writes there itself stands before that, or comes from an address outside. Of IPv6 the /64 network counts, since
    each household owns 2^64 addresses.
    """
    peer = str(environ.get("REMOTE_ADDR", ""))
    named = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    return (
        (_normalise_client_address(named) if _is_trusted_peer(peer, proxies) else "")
        or _normalise_client_address(peer)
        or peer
    )


def _is_trusted_peer(peer: str, proxies: Collection[str]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return bool(proxies)  # a Unix socket: only the host itself connects to it
    return any(not address.is_global if each == "private" else address in ip_network(each) for each in proxies)


def _normalise_client_address(address: str) -> str:
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(read, IPv6Address):
        return str(read.ipv4_mapped or ip_network((read, 64), strict=False))
    return str(read)
