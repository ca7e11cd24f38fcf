"""The classes of what failed or waits for a person: the page about each, the command that ends it, whether a replay can.

Pure. A class is a word that is stored already: why a task waits, what became of it, why a delivery was rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import DeliveryState, Outcome, RequestState, Task, TaskAction, TaskState, WaitReason
from bridge.rules.notices.answers import BLOCKING_REASONS, PROBLEM_NOTICE_STATES

DEFECT, KEY_MISSING, SEAL_BROKEN = "defect", "key_missing", "seal_broken"
PROCESSOR_REFUSED = "processor_refused"
CLASS_BY_ERROR: Mapping[str, str] = {"KeyMissing": KEY_MISSING, "SealBroken": SEAL_BROKEN}
FAILED_OUTCOMES = (Outcome.UNREACHED, Outcome.DENIED, Outcome.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class FailureClass:
    """One class. `page` is one of docs/runbooks; `command` follows `bridge`; `needs` says what a replay cannot bring.

    `needs` is '' where a replay can help.
    """

    page: str
    command: str
    needs: str = ""


_NOTICE_STUCK = FailureClass(
    "notice-stuck", "notice list", "the notice is blocked: remove the cause, and it goes out by itself"
)
FAILURE_CLASSES: Mapping[str, FailureClass] = {
    Outcome.UNREACHED: FailureClass("gap-unreached", "dsr replay --reason-class unreached"),
    Outcome.DENIED: FailureClass("gap-credentials", "dsr replay --reason-class denied"),
    Outcome.INCOMPLETE: FailureClass("gap-credentials", "dsr replay --reason-class incomplete"),
    DEFECT: FailureClass("failed-request", "dsr replay --reason-class defect"),
    KEY_MISSING: FailureClass("key-missing", "keys list"),
    SEAL_BROKEN: FailureClass("seal-broken", "evidence verify", "its sealed values were altered and do not open"),
    WaitReason.INVOICE_COPY_MISSING: FailureClass(
        "waiting-request", "vault file", "an invoice copy is missing: `vault file` or `vault attest` goes on with it"
    ),
    WaitReason.PACKAGE_NOT_HANDED_OVER: FailureClass(
        "answer-not-handed-over", "dsr package", "the access package was not handed over: `dsr package` or `dsr waive`"
    ),
    WaitReason.PLAN_CHANGED: FailureClass("waiting-request", "dsr plan"),
    WaitReason.INSTALLED_AGAIN: FailureClass("shop-installed-again", "dsr continue"),
    WaitReason.VAULT_NOT_RETURNED: FailureClass(
        "vault-not-returned", "vault export", "documents were not returned: `vault export` or `vault waive`"
    ),
    WaitReason.PRECHECK_BLOCKED: FailureClass("guard-stopped", "dsr continue"),
    WaitReason.SHOP_UNIDENTIFIED: FailureClass(
        "waiting-request", "shop list", "which shop it is must be known first: `shop identify`"
    ),
    WaitReason.PLATFORM_UNCONFIRMED: FailureClass("waiting-request", "dsr close"),
    WaitReason.GRIEVANCE_UNANSWERED: FailureClass(
        "grievance-unanswered", "dsr answer", "the officer has not answered the grievance: `dsr answer`"
    ),
    WaitReason.HELD_BY_LAW: FailureClass(
        "held-by-law", "dsr show", "a law keeps the data until its day: it goes on by itself then"
    ),
    PROCESSOR_REFUSED: FailureClass(
        "notice-unanswered", "notice reopen", "the processor refused: `notice reopen` asks it again"
    ),
    "bounced": FailureClass(
        "notice-bounced", "notice resend --failed", "its letter did not arrive: `notice resend` sends it again"
    ),
    "expired": FailureClass(
        "notice-unanswered",
        "notice list --state expired",
        "the processor did not answer: `notice answer` records what it says",
    ),
    **dict.fromkeys(BLOCKING_REASONS, _NOTICE_STUCK),
}
# as stored in `last_error` of a task of a notice, or of a task that an earlier release wrote
STORED_CLASSES = tuple(str(each) for each in FAILURE_CLASSES if each not in FAILED_OUTCOMES)
assert set(map(str, PROBLEM_NOTICE_STATES)) <= FAILURE_CLASSES.keys()  # noqa: S101


def classify_task(task: Task) -> str:
    """Return the class of what failed in a task or what it waits for; '' where it is well or waits for its turn.

    The SQL of it is `store/selection.TASK_CLASS`.
    """
    if task.state is TaskState.PENDING or (task.state is TaskState.DONE and task.outcome is not Outcome.INCOMPLETE):
        return ""
    if task.wait_reason:
        return str(task.wait_reason) if task.wait_reason in FAILURE_CLASSES else ""
    if task.last_error in STORED_CLASSES:
        return task.last_error
    return str(task.outcome) if task.outcome in FAILED_OUTCOMES else ""


def is_rerun_by_replay(task: Task) -> bool:
    """Return whether a replay makes the task due now, from its last page or its start."""
    if task.state is TaskState.WAITING:  # a notice is answered from outside
        return task.action is not TaskAction.NOTIFY_PROCESSOR
    return task.state is not TaskState.DONE or task.outcome is Outcome.INCOMPLETE


def classify_request_error(state: RequestState, last_error: str) -> str:
    """Return the class of a request that the bridge gave up; '' for any other."""
    return CLASS_BY_ERROR.get(last_error, DEFECT) if state is RequestState.FAILED else ""


def describe_class(name: str, *, is_delivery: bool = False) -> FailureClass:
    """Return the page and the command of a class; those of a delivery's for deliveries."""
    if is_delivery:
        found = FAILURE_CLASSES.get(name) if name in CLASS_BY_ERROR.values() else None
        is_failed = name in (DEFECT, DeliveryState.FAILED)
        default = (
            ("failed-delivery", "inbox replay --failed")
            if is_failed
            else ("rejected-delivery", "inbox list --state rejected")
        )
        return found or FailureClass(*default)
    return FAILURE_CLASSES.get(name) or FailureClass("waiting-request", "dsr show")
