"""Decides which work may go on with the data of a person whose processing is restricted. Pure.

GDPR Art 18(2): data are stored, and used for nothing else but legal claims, other persons' rights and what the person
consents to. A person's own requests are such consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bridge.model import RequestKind, RequestSource, TaskAction

RESTRICTION_PREFIX = "restriction/"  # before the id of a request: a blocker of notice items until it is lifted


class Allowance(StrEnum):
    """Whether work goes on for a restricted person: always, never, or only for what the person asked for."""

    MAY = "may"
    SKIPS = "skips"
    OWN = "own"


# Every task action and every job: a test fails for one that is not here.
ALLOWANCES: Mapping[TaskAction, Allowance] = {
    TaskAction.GATHER: Allowance.OWN,
    TaskAction.FIND_CUSTOMERS: Allowance.OWN,
    TaskAction.LOCATE_PARCELS: Allowance.OWN,
    TaskAction.SEAL_INVOICES: Allowance.OWN,
    TaskAction.KEEP_CONSENTS: Allowance.OWN,
    TaskAction.REQUEST_PLATFORM_ERASURE: Allowance.OWN,
    TaskAction.REMOVE_PLATFORM_RESIDUE: Allowance.OWN,
    TaskAction.ERASE: Allowance.OWN,
    TaskAction.POLL_PLATFORM_ERASURE: Allowance.OWN,
    TaskAction.NOTIFY_PROCESSOR: Allowance.MAY,  # it reads answers; what is sent is blocked item by item
    TaskAction.CORRECT: Allowance.OWN,
    TaskAction.RESTRICT: Allowance.MAY,
    TaskAction.STOP_MARKETING: Allowance.MAY,
    TaskAction.ERASE_CONSENT_DATA: Allowance.OWN,
    TaskAction.WEIGH_OBJECTION: Allowance.MAY,
    TaskAction.ANSWER_GRIEVANCE: Allowance.MAY,
    TaskAction.LIST_PROCESSORS: Allowance.MAY,
    TaskAction.RECORD_NOMINATION: Allowance.OWN,
    TaskAction.ADMIT_NOMINEE: Allowance.MAY,  # it opens a request, whose tasks wait
    TaskAction.REPORT_INCIDENT: Allowance.MAY,
}
# What a person asks for by any door; Shopify's erasure webhook may also be the merchant's wish, and a nominee is another.
OWN_KINDS = frozenset(
    {RequestKind.ACCESS, RequestKind.CORRECTION, RequestKind.RESTRICTION, RequestKind.OBJECTION}
    | {RequestKind.CONSENT_WITHDRAWAL, RequestKind.NOMINATION, RequestKind.GRIEVANCE, RequestKind.PROCESSOR_LIST}
)


def is_own_request(kind: RequestKind, source: RequestSource) -> bool:
    """Return whether the data subject asked for this, or it was carried out before and a restored backup forgot it."""
    if kind is RequestKind.ERASURE:
        return source is not RequestSource.WEBHOOK
    return kind in OWN_KINDS


def must_wait_for_restriction(kind: RequestKind, source: RequestSource, action: TaskAction) -> bool:
    """Return whether a task waits while a restriction of all processing is in force on its data subject.

    The erasure of a shop that leaves, and an incident, are about no single person: they never wait.
    """
    if kind in (RequestKind.SHOP_ERASURE, RequestKind.INCIDENT) or ALLOWANCES[action] is Allowance.MAY:
        return False
    return ALLOWANCES[action] is Allowance.SKIPS or not is_own_request(kind, source)
