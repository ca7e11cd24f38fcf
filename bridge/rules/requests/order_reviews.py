"""Say which review decides whose an order is that carries a person's address and is another customer's. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from bridge.model import Principal

ORDER_REVIEW_KIND = "order_in_doubt"
ORDER_REVIEW_SUBJECT = (
    "an order of another customer of the shop has the e-mail address of the request, or is named by it"
)
# The kind of a finding that holds the number of such an order and nothing of its content, until somebody has decided.
DOUBTED_ORDER_KIND = "doubted_order"


class OrderDecision(StrEnum):
    """What an operator decided: the order is the data subject's, or it is not."""

    RELEASED = "released"
    REFUSED = "refused"


def build_order_review_key(order_id: str, subject: str) -> str:
    """Return what makes a review the same: one decision holds for one order and one data subject, in every request."""
    return f"{order_id}|{subject}"


def apply_order_decision(principal: Principal, order_id: str, decision: OrderDecision) -> Principal:
    """Return the principal with the order as its own, or as another person's."""
    confirmed = [one for one in principal.confirmed_order_ids if one != order_id]
    foreign = [one for one in principal.foreign_order_ids if one != order_id]
    (confirmed if decision is OrderDecision.RELEASED else foreign).append(order_id)
    return replace(principal, confirmed_order_ids=tuple(confirmed), foreign_order_ids=tuple(foreign))
