"""What an erasure does, line by line: system, field, action, reason, law, day. Pure: what is held is given.

An action per field (erase, anonymise, pseudonymise, restrict, seal, keep, keep as evidence, quarantine), and nothing that
survives without a reason. The same lines are made before and at the deed, so that both can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bridge.model import Deed, Document, DocumentForm, LegalClaim, Planned, RefundAccount, RefundState
from bridge.model.holding import as_plain
from bridge.rules.refunds.settlement import CATEGORY as REFUNDS
from bridge.rules.requests.lifecycle import BRIDGE, FIELDS, PLATFORM, VAULT
from bridge.rules.retention.holds import UNREADABLE, holds_on, local_day
from bridge.rules.retention.release import CATEGORY, Keeping, Kept
from config.retention_file.retention_model import Category, Retention

# What the bridge's own tables hold of a person: category of the retention file, and what it is.
TABLES: Mapping[str, tuple[str, str]] = {
    "customers": ("parcel_index", "keyed hashes of customer id, e-mail, phone"),
    "orders": ("parcel_index", "orders: keyed hashes, number and id sealed"),
    "parcels": ("parcel_index", "parcels: waybill sealed, carrier, dates"),
    "findings": ("access_package", "what was gathered for an earlier request"),
    "packages": ("access_package", "packages of an earlier request"),
    "deliveries": ("webhook_payload", "webhook bodies that wait for a replay"),
}
MERGED = "merged_into_another"  # a flag among the counts of an erasure, and why her orders stay
KEPT_ONES = "orders, parcels, e-mail and phone of the customer that was kept"
PROOFS = {  # what outlives an erasure as proof, and the event its category's clock starts at
    "suppression": "created_at",
    "request_evidence": "case_closed_at",
}
AT_PLATFORM = ("customer.", "order.", "checkout.", "fulfillment.")
AT_PLATFORM_DOES = {  # its own erasure takes the person out of an order and leaves the figures
    "erase": Deed.ERASE,
    "anonymise": Deed.ANONYMISE,
    "pseudonymise": Deed.ANONYMISE,
    "keep": Deed.EVIDENCE,
    "age_out": Deed.ERASE,
}
LEFT_THERE = {name: kind for kind, name in FIELDS.items()}
OF_OTHER_APPS = {  # names that a category claims and that are metafields or attributes wherever they rest at the platform
    "customer.birth_date",
    "customer.anniversary",
    "customer.ring_size",
    "customer.loyalty",
    "customer.cod_score",
    "customer.rto_count",
    "order.line_items.properties",
    "order.gift_message",
    "fulfillment.note",
    "checkout.otp_log",
}
CONSENT = "marketing_consent"  # the platform redacts it
ASKED, UNDER_LAW, COPY_MISSING = "erasure_asked_for", "law_keeps_it", "copy_missing"
NOTHING_HOLDS, PROVES, TOLD = "nothing_holds_it_any_more", "proof_of_what_was_done", "processor_is_instructed"
REFUND_OPEN, REFUND_FRESH = "refund_is_open", "refund_is_being_reconciled"
ITS_OWN, WE_ASK = "platform_erases_on_its_own", "platform_is_asked"
OF_OTHERS, LEAVES_IT = "retention_file_erases", "platform_leaves_what_others_wrote"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What there is of her now.

    `rows` by table, `spared` counts orders without a copy, `documents` and `claims` by order, `parcels` by processor,
    `refunds` are bank details that are still kept, `claimed` the ids of those that a live claim holds.
    """

    rows: Mapping[str, int]
    spared: int
    documents: Mapping[str, Sequence[Document]]
    claims: Mapping[str, Sequence[LegalClaim]]
    parcels: Mapping[str, int]
    refunds: Sequence[RefundAccount]
    claimed: Collection[str]
    by_hand: bool


def lines(held: Held, *, retention: Retention, now: datetime) -> list[Planned]:
    """The whole plan of one erasure, in the order in which it is told.

    Of an id that was merged away nothing goes but what names the id: the rest is the kept customer's.
    """
    if held.rows.get(MERGED):
        whole = Planned(system=BRIDGE, category="parcel_index", what=KEPT_ONES, deed=Deed.KEEP, reason=MERGED)
        return [*_own(held), whole, *proofs(retention, now)]
    return [
        *_own(held),
        *_vault(held, retention, now),
        *bank(held.refunds, held.claimed, retention=retention, now=now),
        *_platform(held, retention),
        *(
            Planned(
                system=processor,
                category="shipment",
                what="consignee, address, phone, invoice value",
                deed=Deed.ERASE,
                reason=TOLD,
                count=count,
            )
            for processor, count in sorted(held.parcels.items())
        ),
        *proofs(retention, now),
    ]


def _own(held: Held) -> Iterable[Planned]:
    for table, (category, what) in TABLES.items():
        if count := held.rows.get(table, 0):
            yield Planned(
                system=BRIDGE, category=category, what=what, deed=Deed.ERASE, reason=ASKED, count=count
            )
    if held.spared:
        yield Planned(
            system=BRIDGE,
            category="parcel_index",
            what="orders whose statutory copy is missing",
            deed=Deed.RESTRICT,
            reason=COPY_MISSING,
            count=held.spared,
        )


def _vault(held: Held, retention: Retention, now: datetime) -> Iterable[Planned]:
    for what, kept, count in sealed(held.documents, held.claims, retention=retention, now=now):
        yield Planned(
            system=VAULT,
            category=CATEGORY,
            what=what,
            deed=Deed.ERASE if kept.free else Deed.SEAL,
            reason=NOTHING_HOLDS if kept.free else UNDER_LAW,
            count=count,
            law="; ".join(dict.fromkeys(hold.citation for hold in kept.holds)),
            until=last_day(kept),
            holds=kept.grounds,
        )


def sealed(
    documents: Mapping[str, Sequence[Document]],
    claims: Mapping[str, Sequence[LegalClaim]],
    *,
    retention: Retention,
    now: datetime,
) -> list[tuple[str, Kept, int]]:
    """Sealed copies by order, grouped: what they hold, what keeps them until when, how many."""
    keeping = Keeping(today=local_day(now, retention.calendar), retention=retention)
    groups: dict[tuple[str, Kept], int] = {}
    for order, its in documents.items():
        kept = keeping.of(its, claims.get(order, ()))
        for document in its:
            key = (_particulars(document), kept)
            groups[key] = groups.get(key, 0) + 1
    rows = [(what, kept, count) for (what, kept), count in groups.items()]
    return sorted(rows, key=lambda row: (row[0], str(row[1].last_day)))


def bank(
    refunds: Iterable[RefundAccount], claimed: Collection[str], *, retention: Retention, now: datetime
) -> Iterable[Planned]:
    """Bank details of refunds: they go with the request where nothing holds them, else by themselves on their day."""
    rule = retention.holds.get("refund_unsettled")
    law = retention.laws.get(rule.law) if rule else None
    groups: Counter[tuple[str, date | None, bool]] = Counter()
    for account in refunds:
        over = account.erase_at is not None and account.erase_at <= now and account.id not in claimed
        reason = NOTHING_HOLDS if over else REFUND_OPEN if account.state is RefundState.OPEN else REFUND_FRESH
        ends = (
            local_day(account.erase_at, retention.calendar) - timedelta(days=1) if account.erase_at else None
        )
        groups[reason, None if over else ends, account.id in claimed] += 1
    for (reason, until, is_claimed), count in sorted(groups.items(), key=str):
        goes = reason == NOTHING_HOLDS
        grounds = () if goes else ("refund_unsettled", *(["legal_claim"] if is_claimed else []))
        yield Planned(
            system=BRIDGE,
            category=REFUNDS,
            what="account number, IFSC, UPI id, holder",
            deed=Deed.ERASE if goes else Deed.RESTRICT,
            reason=reason,
            count=count,
            law="" if goes else (law.title if law else UNREADABLE),
            until=None if is_claimed else until,
            holds=grounds,
        )


def last_day(kept: Kept) -> date | None:
    """The day of the law; where the file still needs a decision, the day that stands if it is taken."""
    free = kept.erasable_from or kept.day_of_law
    return (
        None if free is None else max((hold.last_day for hold in kept.holds if hold.last_day), default=None)
    )


def _particulars(document: Document) -> str:
    kind = document.kind.value.replace("_", " ")
    if document.form is DocumentForm.AS_ISSUED:
        return f"{kind} as issued"
    return f"{kind}: figures, State" + (", name and address" if document.names_buyer else "")


def _platform(held: Held, retention: Retention) -> Iterable[Planned]:
    """Field by field what the platform holds: it erases on its own, or is asked to, and leaves what others wrote."""
    for category in retention.categories.values():
        for name in category.fields:
            if not name.startswith(AT_PLATFORM):
                continue
            deed, reason = AT_PLATFORM_DOES[category.on_request], WE_ASK if held.by_hand else ITS_OWN
            if category.id == CONSENT:
                deed = Deed.ERASE
            if name in LEFT_THERE and held.by_hand and retention.residue.touches(LEFT_THERE[name]):
                deed, reason = Deed.ERASE, OF_OTHERS
            elif name in LEFT_THERE or name in OF_OTHER_APPS:
                deed, reason = Deed.QUARANTINE, LEAVES_IT
            yield Planned(system=PLATFORM, category=category.id, what=name, deed=deed, reason=reason)


def proofs(retention: Retention, now: datetime) -> list[Planned]:
    """What stays as proof: keyed hashes and the record of the request, each with its law and last day."""
    found = []
    for category_id, event in PROOFS.items():
        category = retention.categories.get(category_id)
        if category is not None:
            found.append(_proof(category, event, retention, now))
    return found


def _proof(category: Category, event: str, retention: Retention, now: datetime) -> Planned:
    today = local_day(now, retention.calendar)
    holds = holds_on(
        category, events={event: now, "last_processing_at": now}, today=today, retention=retention
    )
    days = [hold.last_day for hold in holds]
    until = None if None in days else max((day for day in days if day), default=None)
    return Planned(
        system=BRIDGE,
        category=category.id,
        what=category.title,
        deed=Deed.EVIDENCE,
        reason=PROVES,
        law="; ".join(hold.citation for hold in holds) or category.basis.get("IN", ""),
        until=until,
        holds=tuple(hold.ground for hold in holds),
    )


def differences(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is not the same in two plans (as `as_plain` writes their lines), line by line; proofs count by action."""
    was, becomes = _by_line(before), _by_line(now)
    return [
        {
            "system": key[0],
            "category": key[1],
            "what": key[2],
            "before": was.get(key),
            "now": becomes.get(key),
        }
        for key in dict.fromkeys((*was, *becomes))
        if was.get(key) != becomes.get(key)
    ]


def _by_line(plan: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Lines by what they are about; two of the same kind with other days are told apart by the day."""
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for line in plan:
        proof = line["action"] == Deed.EVIDENCE
        day = "" if proof else str(line["until"] or "")
        told = {"action": line["action"], "count": line["count"]} | (
            {} if proof else {"until": line["until"]}
        )
        found[line["system"], line["category"], line["what"], day] = told
    return found


def written(plan: Iterable[Planned]) -> list[dict[str, Any]]:
    """The lines, JSON-ready."""
    return [dict(as_plain(line)) for line in plan]
