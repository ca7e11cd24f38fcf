"""Lists what an erasure leaves in the bridge besides sealed copies and proofs, and until when. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bridge.model import ErasureAction, NoticeItem, PlanLine, Principal, RefundAccount
from bridge.rules.erasure.plan import plan_bank_details
from bridge.rules.requests.lifecycle import BRIDGE
from config.retention_file.retention_model import Retention

PLATFORM_REQUEST_PENDING, PROCESSOR_ANSWER_PENDING = ("platform_must_still_be_asked", "processor_must_still_answer")
INSTRUCTION_TEXT_CATEGORY, CONTACT_CATEGORY = "instruction_text", "contact"


def list_remaining_data(
    *,
    refunds: Iterable[RefundAccount],
    legally_held_refund_ids: Collection[str],
    notice_items: Sequence[NoticeItem],
    principal: Principal,
    retention: Retention,
    now: datetime,
) -> list[PlanLine]:
    """Return lines for bank details of open refunds, references in notices, and the id by which Shopify is asked."""
    reference_count = sum(bool(item.reference) for item in notice_items)
    lines = [
        line
        for line in plan_bank_details(refunds, legally_held_refund_ids, retention=retention, now=now)
        if line.action is ErasureAction.RESTRICT
    ]
    for category_id, count, reason, what in (
        (
            INSTRUCTION_TEXT_CATEGORY,
            reference_count,
            PROCESSOR_ANSWER_PENDING,
            "waybills and order names in instructions to processors, sealed",
        ),
        (
            CONTACT_CATEGORY,
            int(principal != Principal()),
            PLATFORM_REQUEST_PENDING,
            "what the platform is asked by, sealed",
        ),
    ):
        if count:
            category = retention.categories.get(category_id)
            lines.append(
                PlanLine(
                    system=BRIDGE,
                    category=category_id,
                    what=what,
                    action=ErasureAction.RESTRICT,
                    reason=reason,
                    count=count,
                    law=category.basis.get("IN", "") if category else "",
                    hold_ids=(reason,),
                )
            )
    return lines
