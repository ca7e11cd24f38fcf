"""Decides whether a platform's own erasure counts as done, and when a person is asked about it. Pure.

Shopify documents one sign, the consent REDACTED, and no other. So two more end states count: the customer is unknown, or
no name, e-mail address, phone number and postal address is left of the customer and nothing speaks against an erasure:
no open order, or Shopify's own 180 days are over.
https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.model import (
    ErasureState,
    Outcome,
    PollProgress,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    WaitReason,
    get_progress,
)
from bridge.rules.requests.lifecycle import POLL_MAX_DAYS

NOTHING_LEFT = "nothing_left"  # a reason of `Platform.read_erasure_state`
RECORDED_BY_OPERATOR = "recorded_by_operator"
FINAL_OUTCOMES = (Outcome.ERASED, Outcome.ABSENT)
# What a certificate says of the platform's own erasure, by outcome and, where it matters, by reason.
NOT_CONFIRMED_STATEMENT = "Shopify has not confirmed the erasure."
STATEMENTS = {
    (Outcome.ERASED, ""): "Shopify has confirmed that it erased the customer's personal data.",
    (Outcome.ERASED, NOTHING_LEFT): "Shopify has not confirmed the erasure in words: it holds no name, e-mail address, "
    "phone number or postal address of the customer any more.",
    (Outcome.ERASED, RECORDED_BY_OPERATOR): "Shopify has not confirmed the erasure. A person examined the customer at "
    "Shopify and recorded that it is done.",
    (Outcome.ABSENT, ""): "Shopify does not know the customer any more.",
    (Outcome.RETAINED, ""): "The erasure at Shopify was cancelled.",
}


def evaluate_erasure_state(answer: ErasureState, *, asked_at: datetime, now: datetime) -> ErasureState:
    """Return the platform's answer; a customer without any data left counts as erased where plausible."""
    if answer.outcome is not Outcome.UNCONFIRMED or answer.reason != NOTHING_LEFT:
        return answer
    is_plausible = answer.open_orders == 0 or now >= asked_at + timedelta(days=POLL_MAX_DAYS)
    return replace(answer, outcome=Outcome.ERASED) if is_plausible else answer


def find_asked_at(request: PrivacyRequest, tasks: Iterable[Task]) -> datetime:
    """Return when the platform was asked to erase: by the bridge, or by whoever made it send the request."""
    return max(
        (
            task.finished_at
            for task in tasks
            if task.action is TaskAction.REQUEST_PLATFORM_ERASURE
            and task.finished_at is not None
            and task.state is TaskState.DONE
        ),
        default=request.received_at,
    )


def compute_poll_end(task: Task, *, asked_at: datetime, days: int) -> datetime:
    """Return when the platform is polled no more and a person is asked: so many days on, or as that person decided."""
    return get_progress(task, PollProgress).wait_until or asked_at + timedelta(days=days)


def list_unconfirmed_polls(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that ended without an answer of the platform, so that a person must decide."""
    return [
        task for task in tasks if task.state is TaskState.FAILED and task.wait_reason is WaitReason.PLATFORM_UNCONFIRMED
    ]


def describe_platform_erasure(task: Task) -> str:
    """Return what is true of the platform's own erasure, in a sentence for a certificate."""
    if task.outcome is None or task.state is not TaskState.DONE:
        return NOT_CONFIRMED_STATEMENT
    reason = get_progress(task, PollProgress).reason or ""
    return STATEMENTS.get((task.outcome, reason)) or STATEMENTS.get((task.outcome, "")) or NOT_CONFIRMED_STATEMENT
