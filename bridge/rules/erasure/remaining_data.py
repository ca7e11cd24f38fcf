"""What an erasure leaves in the bridge beside sealed copies and proofs, and until when: nothing survives unnamed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bridge.model import Deed, Entry, Planned, Principal, RefundAccount
from bridge.rules.erasure.plan import bank
from bridge.rules.requests.lifecycle import BRIDGE
from config.retention_file.retention_model import Retention

ASKED_BY, INSTRUCTED_BY = "platform_must_still_be_asked", "processor_must_still_answer"
INSTRUCTIONS, CONTACT = "instruction_text", "contact"


def left(
    *,
    refunds: Iterable[RefundAccount],
    claimed: Collection[str],
    entries: Sequence[Entry],
    who: Principal,
    retention: Retention,
    now: datetime,
) -> list[Planned]:
    """Bank details of a refund that is not over, names of records at processors, and the id by which Shopify is asked."""
    named = sum(bool(entry.reference) for entry in entries)
    found = [
        line for line in bank(refunds, claimed, retention=retention, now=now) if line.deed is Deed.RESTRICT
    ]
    for category, count, reason, what in (
        (
            INSTRUCTIONS,
            named,
            INSTRUCTED_BY,
            "waybills and order names in instructions to processors, sealed",
        ),
        (CONTACT, int(who != Principal()), ASKED_BY, "what the platform is asked by, sealed"),
    ):
        if count:
            told = retention.categories.get(category)
            found.append(
                Planned(
                    system=BRIDGE,
                    category=category,
                    what=what,
                    deed=Deed.RESTRICT,
                    reason=reason,
                    count=count,
                    law=told.basis.get("IN", "") if told else "",
                    holds=(reason,),
                )
            )
    return found
