"""Run a request again, as a worker does after its lease has ended or an operator wants it."""

from __future__ import annotations

from typing import Any

from bridge.steps.requests.process import process_request


def acquire_lease(store: Any, request_id: str) -> Any:
    """Acquire the lease of a request; return None where another worker has it."""
    with store.transaction() as tx:
        return tx.requests.acquire_lease(request_id)


def acquire_lease_anew(store: Any, request_id: str) -> Any:
    """End the leases of all requests, take back their attempts, and acquire the lease of one."""
    with store.transaction() as tx:
        tx.session.connection.exec_driver_sql("UPDATE requests SET lease_until = NULL, attempts = 0")
    return acquire_lease(store, request_id)


def restart_and_process(services: Any, request_id: str) -> None:
    """Restart a request and process it."""
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    assert process_request(request_id, services=services)
