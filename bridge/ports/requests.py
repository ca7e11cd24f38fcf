"""What the steps need of privacy requests and their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bridge.model import (
    Principal,
    PrivacyRequest,
    RequestState,
    Task,
)
from bridge.ports.inbox import Lease


class Requests(Protocol):
    """Privacy requests and their tasks."""

    def open_request(
        self, request: PrivacyRequest, *, idempotency_key: str, tasks: Sequence[Task]
    ) -> PrivacyRequest | None:
        """Store a request with its tasks. None where `once` (its idempotency key) was opened before."""
        ...

    def find_request_by_idempotency_key(self, idempotency_key: str) -> PrivacyRequest | None:
        """The request that was opened under this idempotency key."""
        ...

    def find_open_request(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """The request of the same person and kind that is not done yet."""
        ...

    def widen_request(self, request_id: str, principal: Principal) -> None:
        """Join: the request now covers these identifiers and orders too, and what it did runs again."""
        ...

    def advance_deadlines(self, request_id: str, earlier_request: PrivacyRequest) -> None:
        """Take over the clocks of an asking that is due earlier; a clock never moves later."""
        ...

    def restart_request(self, request_id: str) -> None:
        """Run what failed, waits for a retry or came in part again; clocks stay as they are."""
        ...

    def replace_principal(self, request: PrivacyRequest, principal: Principal | None) -> None:
        """Replace what a request says of the person; None forgets her."""
        ...

    def get_request(self, request_id: str) -> PrivacyRequest | None:
        """One request, opened."""
        ...

    def list_tasks(self, request_id: str) -> list[Task]:
        """Its tasks in the order they were planned."""
        ...

    def acquire_lease(self, request_id: str) -> Lease | None:
        """Own a request that is due, or None."""
        ...

    def verify_lease(self, lease: Lease) -> None:
        """Prove and renew ownership at the start of a transaction. Raises ClaimLost."""
        ...

    def release_lease(
        self,
        lease: Lease,
        *,
        state: RequestState,
        wake_at: datetime | None,
        complete: bool | None,
        closed_at: datetime | None,
        last_error: str = "",
    ) -> None:
        """Give a request back in a new state. Raises ClaimLost."""
        ...

    def postpone_request(self, lease: Lease, error: str, retry_at: datetime) -> None:
        """Give a request back until `at` after a fault of ours. Raises ClaimLost."""
        ...

    def fail_request(self, lease: Lease, error: str) -> None:
        """A dead letter: shown to ops, run again by replay. Raises ClaimLost."""
        ...

    def save_task(self, task: Task, *, position: int = 99) -> None:
        """Insert or overwrite a task; `position` is its place in the plan when it is new."""
        ...
