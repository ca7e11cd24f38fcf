"""The nouns: what is received, asked, found, held and proven.

Frozen values and closed sets only; nothing here reads a clock, a table or the network.
Moments are aware UTC, ids are strings with a prefix (`dlv_`, `req_`, `tsk_`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class DeliveryState(StrEnum):
    """Where a webhook stands in the inbox."""

    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"


class Kind(StrEnum):
    """What a privacy request asks for."""

    ACCESS = "access"
    ERASURE = "erasure"
    SHOP_ERASURE = "shop_erasure"


class Source(StrEnum):
    """Which door a request came through."""

    WEBHOOK = "webhook"
    OPERATOR = "operator"


class RequestState(StrEnum):
    """Where a privacy request stands. `waiting`: ours is done, she can be answered, others have to answer."""

    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Action(StrEnum):
    """What a task does at its system."""

    GATHER = "gather"
    ASK = "ask"
    REDACT = "redact"
    ERASE = "erase"
    FOLLOW = "follow"
    INSTRUCT = "instruct"


class TaskState(StrEnum):
    """Where one task stands. `retry` is scheduled by the database, `waiting` is on somebody else."""

    PENDING = "pending"
    RETRY = "retry"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """What came of a task."""

    FOUND = "found"
    ABSENT = "absent"
    ERASED = "erased"
    ANONYMISED = "anonymised"
    RETAINED = "retained"
    UNCONFIRMED = "unconfirmed"
    INCOMPLETE = "incomplete"
    UNREACHED = "unreached"
    DENIED = "denied"


class Absence(StrEnum):
    """Why something is not in the package: three different things (empty needs no entry)."""

    DENIED = "denied"
    UNREACHED = "unreached"
    NOT_CONFIGURED = "not_configured"
    UNATTRIBUTED = "unattributed"
    LEFT = "left"


class Fact(StrEnum):
    """The vocabulary of evidence: noun.verb. A fact carries ids, counts and codes, never a person."""

    DELIVERY_REJECTED = "delivery.rejected"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_REPLAYED = "delivery.replayed"
    REQUEST_OPENED = "request.opened"
    REQUEST_JOINED = "request.joined"
    REQUEST_REPLAYED = "request.replayed"
    REQUEST_CLOSED = "request.closed"
    REQUEST_FAILED = "request.failed"
    TASK_DONE = "task.done"
    TASK_FAILED = "task.failed"
    TASK_RETRIED = "task.retried"
    TASK_WAITING = "task.waiting"
    INSTRUCTION_OPENED = "instruction.opened"
    PRINCIPAL_ERASED = "principal.erased"
    PRINCIPAL_SUPPRESSED = "principal.suppressed"
    LATE_DELIVERY_DROPPED = "late_delivery.dropped"
    CUSTOMERS_MERGED = "customers.merged"
    SHOP_ERASED = "shop.erased"
    SHOP_UNINSTALLED = "shop.uninstalled"
    PACKAGE_SEALED = "package.sealed"
    PACKAGE_RELEASED = "package.released"
    PERSONAL_DATA_REVEALED = "personal_data.revealed"
    PLATFORM_ERASURE_CANCELLED = "platform_erasure.cancelled"
    CERTIFICATE_ISSUED = "certificate.issued"
    EVIDENCE_EXPORTED = "evidence.exported"
    RAW_BODY_DESTROYED = "raw_body.destroyed"
    PACKAGE_DESTROYED = "package.destroyed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook as received. `raw` is the signed body, or empty once it was destroyed."""

    id: str
    shop: str
    topic: str
    received_at: datetime
    raw: bytes
    webhook_id: str = ""
    event_id: str = ""
    api_version: str = ""
    triggered_at: datetime | None = None
    secret_index: int = 0
    state: DeliveryState = DeliveryState.RECEIVED
    reason: str = ""
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """The person a request is about, as far as it names her; ids are Shopify's numbers. Sealed at rest."""

    customer_id: str = ""
    email: str = ""
    phone: str = ""
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """One parcel as the index knows it. `carrier` transports, `account_holder` has the contract."""

    number: str
    carrier: str
    account_holder: str = "merchant"
    order_id: str = ""
    order_name: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Something a system did not give. `what` names fields, documents or counts, never values."""

    system: str
    absence: Absence
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One record a system holds of the person.

    `kind` is the record file it belongs to (`customer`, `order`, `draft_order`, `shipment`), `ref` its id at
    the system, `matched_by` how it was found (`customer_id`, `email`, `phone`, `order_id`, `waybill`).
    `body` is JSON-ready and in the clear: seal it before it rests anywhere.
    """

    kind: str
    ref: str
    matched_by: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What one step of gathering gave. `cursor` resumes after this page; opaque, and sealed at rest."""

    findings: tuple[Finding, ...]
    cursor: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureState:
    """How far a platform's own erasure of a customer has come; `reason` is a code."""

    outcome: Outcome  # ERASED on the platform's word only, ABSENT: id unknown (no proof), else UNCONFIRMED
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Residue:
    """What another system wrote at a platform, whose own erasure leaves it. Names it, never its value."""

    system: str
    kind: str  # a key of the retention file's [platform_residue]
    ref: str
    what: str
    held: str = ""  # a code: why it must not be touched now


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of `doctor`. `ok` None means: could not be looked at."""

    name: str
    ok: bool | None
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """Every clock of a request: `due` maps a rule's id to the moment it asks for, the earliest governs."""

    acknowledge_due_at: datetime
    due_at: datetime
    due_governed_by: str
    due: Mapping[str, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyRequest:
    """One right exercised by one person (or a shop that leaves), with its clocks."""

    id: str
    shop: str
    kind: Kind
    source: Source
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
    action: Action
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of evidence as read back. `detail` is JSON without personal data."""

    seq: int
    at: datetime
    actor: str
    fact: str
    shop: str
    request_id: str
    subject: str
    detail: Mapping[str, Any]
    prev_hash: str
    hash: str
