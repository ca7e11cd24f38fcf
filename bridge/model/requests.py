"""A right that a data subject exercises, and what each system must do for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from bridge.model.desk.outcomes import AnswerBasis, RequestEnding
from bridge.model.findings import Gap, Outcome
from bridge.model.progress import Progress


class RequestKind(StrEnum):
    """What a privacy request asks for."""

    ACCESS = "access"
    ERASURE = "erasure"
    SHOP_ERASURE = "shop_erasure"
    CORRECTION = "correction"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    NOMINATION = "nomination"
    NOMINEE_EXERCISE = "nominee_exercise"
    GRIEVANCE = "grievance"
    PROCESSOR_LIST = "processor_list"
    INCIDENT = "incident"

    @property
    def stands_alone(self) -> bool:
        """Whether a second one of the same person is another request: each says something of its own."""
        return self in (
            RequestKind.CONSENT_WITHDRAWAL,
            RequestKind.GRIEVANCE,
            RequestKind.NOMINATION,
            RequestKind.NOMINEE_EXERCISE,
            RequestKind.INCIDENT,
        )


class RequestSource(StrEnum):
    """How a request reached the bridge: the door it came by.

    `ledger`: a restored backup does not know it, and it goes on with what holds kept, by its suppression keys. `law`: nobody
    asked, and a law demands it.
    """

    WEBHOOK = "webhook"
    OPERATOR = "operator"
    API = "api"
    PAGE = "page"
    MAIL = "mail"
    LEDGER = "ledger"
    LAW = "law"

    @property
    def is_merchants(self) -> bool:
        """Whether the merchant received it, so that the platform does not know of it and must be asked."""
        return self in (RequestSource.OPERATOR, RequestSource.API, RequestSource.PAGE, RequestSource.MAIL)


class RequestState(StrEnum):
    """Where a privacy request stands.

    `awaiting_approval`: nothing was changed for it, and nothing is before its plan is approved. `waiting`: the data subject
    can be answered and others must still answer, or, while the request is not closed, an operator must act, or the time in
    which it can be taken back is not over.
    """

    AWAITING_APPROVAL = "awaiting_approval"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class TaskAction(StrEnum):
    """What a task does at its system."""

    GATHER = "gather"
    FIND_CUSTOMERS = "identify"
    LOCATE_PARCELS = "locate"
    SEAL_INVOICES = "seal"
    KEEP_CONSENTS = "consents"
    REQUEST_PLATFORM_ERASURE = "ask"
    REMOVE_PLATFORM_RESIDUE = "redact"
    ERASE = "erase"
    POLL_PLATFORM_ERASURE = "follow"
    NOTIFY_PROCESSOR = "instruct"
    STOP_MARKETING = "stop_marketing"
    ERASE_CONSENT_DATA = "erase_consented"
    ANSWER_GRIEVANCE = "answer_grievance"
    LIST_PROCESSORS = "list_processors"
    CORRECT = "correct"
    RESTRICT = "restrict"
    WEIGH_OBJECTION = "weigh"
    RECORD_NOMINATION = "nominate"
    ADMIT_NOMINEE = "admit_nominee"
    REPORT_INCIDENT = "report"


class TaskState(StrEnum):
    """Where one task stands. `retry` is scheduled by the database, `waiting` is on somebody else."""

    PENDING = "pending"
    RETRY = "retry"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class WaitReason(StrEnum):
    """Why a task does not go on, where a step or a query decides by it.

    A task waits on more than this; what it waits on then is a text for people, in `Task.last_error`.
    """

    INVOICE_COPY_MISSING = "copy_missing"
    ACCESS_IN_PROGRESS = "access_in_flight"
    PACKAGE_NOT_HANDED_OVER = "package_not_handed_over"
    PLAN_CHANGED = "plan_changed"
    INSTALLED_AGAIN = "installed_again"
    VAULT_NOT_RETURNED = "vault_not_returned"
    PRECHECK_BLOCKED = "guard"
    MERGE_POSSIBLE = "merge_possible"
    SHOP_UNIDENTIFIED = "shop_unidentified"
    GAVE_WAY = "gave_way"
    PLATFORM_UNCONFIRMED = "platform_unconfirmed"
    HELD_BY_LAW = "held_by_law"
    IDENTITY_PENDING = "identity_pending"
    IDENTITY_NOT_PROVEN = "identity_not_proven"
    GRIEVANCE_UNANSWERED = "grievance_unanswered"
    PERSON_RESTRICTED = "person_restricted"
    RESTRICTION_IN_FORCE = "restriction_in_force"
    OBJECTION_UNDECIDED = "objection_undecided"
    NOMINATOR_UNPROVEN = "nominator_unproven"
    NOMINATION_MISSING = "nomination_missing"
    TWO_APPROVALS_MISSING = "two_approvals_missing"
    INCIDENT_NOT_REPORTED = "incident_not_reported"
    LAW_NOT_IN_FORCE = "law_not_in_force"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """The data subject, as far as a request names them; ids are Shopify's numbers. Sealed at rest.

    `confirmed_order_ids` and `foreign_order_ids` are orders of another customer that an operator decided to be, or not to
    be, the data subject's. `further_customer_ids` are the data subject's other customers at the platform,
    `foreign_customer_ids` those that an operator decided to be somebody else. `stated_countries` (ISO codes) are where the
    data subject says to be. `cutoff_at` is set where the same signed bytes came before: the request is about what was known then, and about the
    orders that it names. A shop that leaves has nothing but that. `pseudonyms` (field, keyed HMAC) name the data subject and orders
    where the values themselves are lost: after a restored backup.
    """

    customer_id: str = ""
    email: str = ""
    phone: str = ""
    order_ids: tuple[str, ...] = ()
    confirmed_order_ids: tuple[str, ...] = ()
    foreign_order_ids: tuple[str, ...] = ()
    further_customer_ids: tuple[str, ...] = ()
    foreign_customer_ids: tuple[str, ...] = ()
    stated_countries: tuple[str, ...] = ()
    cutoff_at: datetime | None = None
    pseudonyms: tuple[tuple[str, str], ...] = ()

    def list_pseudonyms(self, field: str) -> list[str]:
        """Return the given pseudonyms of a field (`customer`, `email`, `phone`, `order`)."""
        return [key for of, key in self.pseudonyms if of == field]

    @property
    def customer_ids(self) -> tuple[str, ...]:
        """The numbers of all customers at the platform that are the data subject."""
        return tuple(filter(None, (self.customer_id, *self.further_customer_ids)))

    @property
    def for_others(self) -> Principal:
        """What notices and questions to other systems name: of what came after a cut-off nothing but the named orders."""
        return self if self.cutoff_at is None else Principal(order_ids=self.order_ids)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """Every clock of a request: `due_by_rule` maps a rule's id to its deadline, and the earliest governs."""

    acknowledge_due_at: datetime
    due_at: datetime
    due_governed_by: str
    due_by_rule: Mapping[str, datetime]

    def build_request_values(self) -> dict[str, Any]:
        """Return the clocks under the names that `PrivacyRequest` has for them; each rule's as ISO 8601."""
        values = {name: getattr(self, name) for name in ("acknowledge_due_at", "due_at", "due_governed_by")}
        return values | {"clocks": {rule: due_at.isoformat() for rule, due_at in self.due_by_rule.items()}}


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyRequest:
    """One right exercised by one data subject, or the erasure of a shop that leaves, with its clocks.

    `closed_at` is when it could be answered, `answered_at` when the data subject had the answer or gave it up,
    `handed_over_at` when its access package last left the bridge.
    """

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
    handed_over_at: datetime | None = None
    answered_at: datetime | None = None
    answer_basis: AnswerBasis | None = None
    ending: RequestEnding | None = None
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingPackage:
    """The access package of a request that has not left the bridge in its present form.

    `ready_at` is None while there is none: it is being made, or that has failed.
    """

    request_id: str
    due_at: datetime
    ready_at: datetime | None
    has_failed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What one system must do for one request.

    `last_error` is a text for people, shown in commands, certificates and evidence: nothing is decided by it.
    `customer` is the pseudonym of the one customer that it is about, '' where the data subject is not several customers.
    `wait_reason` and `progress` are what steps decide by; `progress` is None while a new task was never saved.
    """

    id: str
    request_id: str
    system: str
    action: TaskAction
    state: TaskState
    customer: str = ""
    attempts: int = 0
    records: int = 0
    outcome: Outcome | None = None
    last_error: str = ""
    wait_reason: WaitReason | None = None
    progress: Progress | None = None
    gaps: tuple[Gap, ...] = ()
    wake_at: datetime | None = None
    expected_by: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldTask:
    """A task that waits because a law holds what it would destroy, and the clocks of its request.

    It looks again at `looks_at`: then something is released, or, without `has_end`, nobody can say when. `held_by` are the
    holds of the retention file.
    """

    request_id: str
    held_by: tuple[str, ...]
    looks_at: datetime
    has_end: bool
    received_at: datetime
    due_at: datetime


ProgressKind = TypeVar("ProgressKind", bound=Progress)


def get_progress(task: Task, kind: type[ProgressKind]) -> ProgressKind:
    """Return the task's progress, an empty one for a new task. Raise TypeError where the task has another kind."""
    if task.progress is None:
        return kind()
    if not isinstance(task.progress, kind):
        raise TypeError(f"a task with {type(task.progress).__name__} has no {kind.__name__}")
    return task.progress
