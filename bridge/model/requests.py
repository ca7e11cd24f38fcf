"""A right that somebody exercises, and what each system must do for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.model.findings import Gap, Outcome


class RequestKind(StrEnum):
    """What a privacy request asks for."""

    ACCESS = "access"
    ERASURE = "erasure"
    SHOP_ERASURE = "shop_erasure"


class RequestSource(StrEnum):
    """Which door a request came through."""

    WEBHOOK = "webhook"
    OPERATOR = "operator"


class RequestState(StrEnum):
    """Where a privacy request stands.

    `waiting`: she can be answered, others have to answer; or, while it is not closed, a person of ours must act.
    """

    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class TaskAction(StrEnum):
    """What a task does at its system."""

    GATHER = "gather"
    LOCATE_PARCELS = "locate"
    SEAL_INVOICES = "seal"
    REQUEST_PLATFORM_ERASURE = "ask"
    REMOVE_PLATFORM_RESIDUE = "redact"
    ERASE = "erase"
    POLL_PLATFORM_ERASURE = "follow"
    NOTIFY_PROCESSOR = "instruct"


class TaskState(StrEnum):
    """Where one task stands. `retry` is scheduled by the database, `waiting` is on somebody else."""

    PENDING = "pending"
    RETRY = "retry"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """The person a request is about, as far as it names her; ids are Shopify's numbers. Sealed at rest."""

    customer_id: str = ""
    email: str = ""
    phone: str = ""
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """Every clock of a request: `due` maps a rule's id to the moment it asks for, the earliest governs."""

    acknowledge_due_at: datetime
    due_at: datetime
    due_governed_by: str
    due_by_rule: Mapping[str, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyRequest:
    """One right exercised by one person (or a shop that leaves), with its clocks."""

    id: str
    shop: str
    kind: RequestKind
    source: RequestSource
    state: RequestState
    subject: str
    principal: Principal
    received_at: datetime
    received_at_basis: str
    webhook_received_at: datetime | None
    acknowledge_due_at: datetime
    due_at: datetime
    due_governed_by: str
    clocks: Mapping[str, str]
    external_ref: str = ""
    policy_sha256: str = ""
    retention_sha256: str = ""
    complete: bool | None = None
    closed_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What one system must do for one request."""

    id: str
    request_id: str
    system: str
    action: TaskAction
    state: TaskState
    attempts: int = 0
    records: int = 0
    outcome: Outcome | None = None
    last_error: str = ""
    cursor: str = ""
    gaps: tuple[Gap, ...] = ()
    wake_at: datetime | None = None
    expected_by: datetime | None = None
    finished_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
