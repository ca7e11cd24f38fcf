"""Tells where the addresses of one erasure are several customers at the platform: it is asked to erase the first only.

The certificate says so, the request is not complete, and an operator sees a review.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Absence, Gap, PrivacyRequest, Task
from bridge.ports import Platform
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.requests.order_reviews import SEVERAL_CUSTOMERS
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

OTHER_CUSTOMERS_SUBJECT = "addresses of an erasure are several customers at the platform, which was asked to erase one"


def add_other_customers_gap(request: PrivacyRequest, task: Task, services: Services) -> Task:
    """Return the task with a gap for further customers than the one that is asked about. Raises as `Platform.gather`.

    Asks the platform only where the request names several addresses.
    """
    platform = services.connectors.get(task.system)
    if len(list_normal_forms("email", request.principal.email)) < 2 or not isinstance(platform, Platform):
        return task
    found = platform.list_customers(request.principal, shop=request.shop)
    others = set(found) - {request.principal.customer_id or next(iter(found), "")}
    if not others:
        return task
    what = f"{len(others)} further customer{'' if len(others) == 1 else 's'}"
    gap = Gap(system=task.system, absence=Absence.NOT_REMOVED, what=what, reason=SEVERAL_CUSTOMERS)
    return replace(task, gaps=tuple(dict.fromkeys((*task.gaps, gap))))


def open_other_customers_review(request: PrivacyRequest, task: Task, tx: Tx) -> None:
    """Open a review if the task has such a gap. Writes evidence."""
    if any(gap.reason == SEVERAL_CUSTOMERS for gap in task.gaps):
        tx.reviews.open_review(request.shop, SEVERAL_CUSTOMERS, OTHER_CUSTOMERS_SUBJECT, request_id=request.id)
