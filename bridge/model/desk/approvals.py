"""What waits for a person before it changes anything: the gate of a request, its plan, and who approved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.model.requests import RequestSource


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalGate:
    """What keeps a request from changing anything until its plan is approved.

    `door` is how the request came, or the wider wish that joined it. Before `free_at` it can be taken back, and nothing is
    done even if it is approved; None: there is no such time. Since `begun_at` it may act; None: it may not. `shown_digest`
    is of the plan that a person saw last, `shown_parts` holds the digest of each part of it.
    """

    request_id: str
    door: RequestSource
    opened_at: datetime
    free_at: datetime | None = None
    begun_at: datetime | None = None
    shown_digest: str = ""
    shown_parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """That a person approved a plan, by its digest."""

    request_id: str
    actor: str
    plan_digest: str
    approved_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AwaitingRequest:
    """A request that waits for approvals: how many it has, and its clocks."""

    request_id: str
    kind: str
    door: RequestSource
    approvals: int
    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeedPlan:
    """What a request will do, part by part, ready for JSON: codes, counts and days, and of a person what is masked.

    `unread` says by part why it could not be read now: such a part is empty.
    """

    parts: Mapping[str, Any]
    unread: Mapping[str, str] = field(default_factory=dict)
