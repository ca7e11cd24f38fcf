"""Words for why a decision about a request is refused, and for where its approval stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.cli.shared.dates import format_time
from bridge.model import PrivacyRequest
from bridge.services import Services
from bridge.steps.requests.approval.approve import ApprovalStatus, read_approval_status
from bridge.store import Tx

DECISION_FAULTS: Mapping[str, str] = {
    "not_awaiting": "it does not wait for an approval: it acts already, has ended, or needs none (`dsr show`)",
    "plan_not_shown": "nobody was shown its plan: look at `dsr plan` first",
    "plan_unknown": "that is not the plan that was shown last: look at `dsr plan` again",
    "plan_changed": "its plan has changed since it was shown: look at `dsr plan` again",
    "approved_by_you": "you approved this plan before; another person must approve it, too (--as NAME)",
    "ended_before": "it has ended, or was answered",
    "deed_begun": "something was done for it already; `dsr cancel` stops what was asked of Shopify",
    "not_withdrawable": "Shopify ordered it, or it is a breach: nobody can take it back",
    "not_refusable": "Shopify ordered it, and erases its own copy: an erasure by webhook is not refused",
    "code_unknown": "no reason has this code; `dsr refuse --help` lists them",
    "code_not_for_kind": "this reason is not for a request of this kind",
    "code_not_for_law": "no law that applies to this person knows this reason",
    "extension_reason_unknown": "no reason has this code; `dsr extend --help` lists them",
    "extension_unknown_to_law": "only the GDPR knows a longer term, for a person protected by it; Indian law knows none",
    "extended_before": "it was extended before, and can be extended once",
    "request_closed": "it is closed",
    "first_month_over": "the person must be told within the first month, and that is over",
    "not_later": "that day is not later than the day on which it is due",
    "beyond_two_months": "the law allows two further months, not more",
}


def describe_approval(tx: Tx, request: PrivacyRequest, services: Services) -> dict[str, Any]:
    """Return what is shown of the approval of a request; empty where nobody has to approve it."""
    return build_approval_view(read_approval_status(request, tx, services))


def build_approval_view(status: ApprovalStatus) -> dict[str, Any]:
    """Return where an approval stands, for display; empty where nobody has to approve the request."""
    if status.has_begun and not status.needed:
        return {}
    return {
        "needed": status.needed,
        "missing": status.missing,
        "approved_by": [one.actor for one in status.approvals],
        "can_be_taken_back_until": status.free_at,
        "acts": status.has_begun,
        "plan": status.shown_digest,
    }


def describe_next(request_id: str, status: ApprovalStatus) -> str:
    """Return in words what a request waits for now."""
    if status.missing:
        return f"{status.missing} more approval{'s' if status.missing > 1 else ''} needed, by another person."
    if status.free_at is not None:
        return f"It begins at {format_time(status.free_at)}; until then the person can take it back."
    return f"It begins within seconds: `bridge dsr show {request_id}`."
