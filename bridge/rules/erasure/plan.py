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

from bridge.model import (
    Document,
    DocumentForm,
    ErasureAction,
    LegalHold,
    PlanLine,
    RefundAccount,
    RefundState,
)
from bridge.model.holding import plan_line_as_json
from bridge.rules.refunds.settlement import REFUND_BANK_CATEGORY as REFUNDS
from bridge.rules.requests.lifecycle import BRIDGE, PLATFORM, RESIDUE_FIELDS, VAULT
from bridge.rules.retention.holds import UNREADABLE_RULE_CITATION, find_retention_holds, local_day
from bridge.rules.retention.release import INVOICE_CATEGORY, DocumentRetention, DocumentRetentionCalculator
from config.retention_file.retention_model import Category, Retention

# What the bridge's own tables hold of a person: category of the retention file, and what it is.
PERSONAL_DATA_TABLES: Mapping[str, tuple[str, str]] = {
    "customers": ("parcel_index", "keyed hashes of customer id, e-mail, phone"),
    "orders": ("parcel_index", "orders: keyed hashes, number and id sealed"),
    "parcels": ("parcel_index", "parcels: waybill sealed, carrier, dates"),
    "findings": ("access_package", "what was gathered for an earlier request"),
    "packages": ("access_package", "packages of an earlier request"),
    "deliveries": ("webhook_payload", "webhook bodies that wait for a replay"),
}
CUSTOMER_MERGED_AWAY = "merged_into_another"  # a flag among the counts of an erasure, and why her orders stay
SURVIVING_CUSTOMER_DATA = "orders, parcels, e-mail and phone of the customer that was kept"
PROOF_CATEGORIES = {  # what outlives an erasure as proof, and the event its category's clock starts at
    "suppression": "created_at",
    "request_evidence": "case_closed_at",
}
PLATFORM_FIELD_PREFIXES = ("customer.", "order.", "checkout.", "fulfillment.")
PLATFORM_ERASURE_ACTIONS = {  # its own erasure takes the person out of an order and leaves the figures
    "erase": ErasureAction.ERASE,
    "anonymise": ErasureAction.ANONYMISE,
    "pseudonymise": ErasureAction.ANONYMISE,
    "keep": ErasureAction.KEEP_AS_EVIDENCE,
    "age_out": ErasureAction.ERASE,
}
RESIDUE_KIND_BY_FIELD = {name: kind for kind, name in RESIDUE_FIELDS.items()}
APP_WRITTEN_FIELDS = {  # names that a category claims and that are metafields or attributes wherever they rest at the platform
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
CONSENT_CATEGORY = "marketing_consent"  # the platform redacts it
ERASURE_REQUESTED, KEPT_BY_LAW, INVOICE_COPY_MISSING = "erasure_asked_for", "law_keeps_it", "copy_missing"
NO_HOLD_REMAINS, PROOF_OF_ERASURE, PROCESSOR_INSTRUCTED = (
    "nothing_holds_it_any_more",
    "proof_of_what_was_done",
    "processor_is_instructed",
)
REFUND_OPEN, REFUND_BEING_RECONCILED = "refund_is_open", "refund_is_being_reconciled"
PLATFORM_ERASES_ITSELF, PLATFORM_IS_ASKED = "platform_erases_on_its_own", "platform_is_asked"
RETENTION_FILE_ERASES, PLATFORM_LEAVES_RESIDUE = "retention_file_erases", "platform_leaves_what_others_wrote"


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureInputs:
    """What there is of her now.

    `rows` by table, `spared` counts orders without a copy, `documents` and `claims` by order, `parcels` by processor,
    `refunds` are bank details that are still kept, `claimed` the ids of those that a live claim holds.
    """

    rows: Mapping[str, int]
    orders_without_invoice_copy: int
    documents: Mapping[str, Sequence[Document]]
    legal_holds: Mapping[str, Sequence[LegalHold]]
    parcels: Mapping[str, int]
    refunds: Sequence[RefundAccount]
    legally_held_refund_ids: Collection[str]
    opened_by_operator: bool


def build_erasure_plan(inputs: ErasureInputs, *, retention: Retention, now: datetime) -> list[PlanLine]:
    """The whole plan of one erasure, in the order in which it is told.

    Of an id that was merged away nothing goes but what names the id: the rest is the kept customer's.
    """
    if inputs.rows.get(CUSTOMER_MERGED_AWAY):
        whole = PlanLine(
            system=BRIDGE,
            category="parcel_index",
            what=SURVIVING_CUSTOMER_DATA,
            action=ErasureAction.KEEP,
            reason=CUSTOMER_MERGED_AWAY,
        )
        return [*_plan_own_tables(inputs), whole, *plan_proofs(retention, now)]
    return [
        *_plan_own_tables(inputs),
        *_plan_vault_documents(inputs, retention, now),
        *plan_bank_details(inputs.refunds, inputs.legally_held_refund_ids, retention=retention, now=now),
        *_plan_platform_fields(inputs, retention),
        *(
            PlanLine(
                system=processor,
                category="shipment",
                what="consignee, address, phone, invoice value",
                action=ErasureAction.ERASE,
                reason=PROCESSOR_INSTRUCTED,
                count=count,
            )
            for processor, count in sorted(inputs.parcels.items())
        ),
        *plan_proofs(retention, now),
    ]


def _plan_own_tables(inputs: ErasureInputs) -> Iterable[PlanLine]:
    for table, (category, what) in PERSONAL_DATA_TABLES.items():
        if count := inputs.rows.get(table, 0):
            yield PlanLine(
                system=BRIDGE,
                category=category,
                what=what,
                action=ErasureAction.ERASE,
                reason=ERASURE_REQUESTED,
                count=count,
            )
    if inputs.orders_without_invoice_copy:
        yield PlanLine(
            system=BRIDGE,
            category="parcel_index",
            what="orders whose statutory copy is missing",
            action=ErasureAction.RESTRICT,
            reason=INVOICE_COPY_MISSING,
            count=inputs.orders_without_invoice_copy,
        )


def _plan_vault_documents(inputs: ErasureInputs, retention: Retention, now: datetime) -> Iterable[PlanLine]:
    for what, kept, count in group_sealed_documents(
        inputs.documents, inputs.legal_holds, retention=retention, now=now
    ):
        yield PlanLine(
            system=VAULT,
            category=INVOICE_CATEGORY,
            what=what,
            action=ErasureAction.ERASE if kept.is_erasable else ErasureAction.SEAL,
            reason=NO_HOLD_REMAINS if kept.is_erasable else KEPT_BY_LAW,
            count=count,
            law="; ".join(dict.fromkeys(hold.citation for hold in kept.holds)),
            until=find_legal_last_day(kept),
            hold_ids=kept.grounds,
        )


def group_sealed_documents(
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    *,
    retention: Retention,
    now: datetime,
) -> list[tuple[str, DocumentRetention, int]]:
    """Sealed copies by order, grouped: what they hold, what keeps them until when, how many."""
    keeping = DocumentRetentionCalculator(today=local_day(now, retention.calendar), retention=retention)
    groups: dict[tuple[str, DocumentRetention], int] = {}
    for order, its in documents.items():
        kept = keeping.calculate_retention(its, legal_holds.get(order, ()))
        for document in its:
            key = (_describe_document(document), kept)
            groups[key] = groups.get(key, 0) + 1
    rows = [(what, kept, count) for (what, kept), count in groups.items()]
    return sorted(rows, key=lambda row: (row[0], str(row[1].last_day)))


def plan_bank_details(
    refunds: Iterable[RefundAccount],
    legally_held_refund_ids: Collection[str],
    *,
    retention: Retention,
    now: datetime,
) -> Iterable[PlanLine]:
    """Bank details of refunds: they go with the request where nothing holds them, else by themselves on their day."""
    rule = retention.holds.get("refund_unsettled")
    law = retention.laws.get(rule.law) if rule else None
    groups: Counter[tuple[str, date | None, bool]] = Counter()
    for account in refunds:
        over = (
            account.erase_at is not None
            and account.erase_at <= now
            and account.id not in legally_held_refund_ids
        )
        reason = (
            NO_HOLD_REMAINS
            if over
            else REFUND_OPEN
            if account.state is RefundState.OPEN
            else REFUND_BEING_RECONCILED
        )
        ends = (
            local_day(account.erase_at, retention.calendar) - timedelta(days=1) if account.erase_at else None
        )
        groups[reason, None if over else ends, account.id in legally_held_refund_ids] += 1
    for (reason, until, is_claimed), count in sorted(groups.items(), key=str):
        goes = reason == NO_HOLD_REMAINS
        grounds = () if goes else ("refund_unsettled", *(["legal_claim"] if is_claimed else []))
        yield PlanLine(
            system=BRIDGE,
            category=REFUNDS,
            what="account number, IFSC, UPI id, holder",
            action=ErasureAction.ERASE if goes else ErasureAction.RESTRICT,
            reason=reason,
            count=count,
            law="" if goes else (law.title if law else UNREADABLE_RULE_CITATION),
            until=None if is_claimed else until,
            hold_ids=grounds,
        )


def find_legal_last_day(document_retention: DocumentRetention) -> date | None:
    """The day of the law; where the file still needs a decision, the day that stands if it is taken."""
    free = document_retention.erasable_from or document_retention.legal_end_day
    return (
        None
        if free is None
        else max((hold.last_day for hold in document_retention.holds if hold.last_day), default=None)
    )


def _describe_document(document: Document) -> str:
    kind = document.kind.value.replace("_", " ")
    if document.form is DocumentForm.AS_ISSUED:
        return f"{kind} as issued"
    return f"{kind}: figures, State" + (", name and address" if document.names_buyer else "")


def _plan_platform_fields(inputs: ErasureInputs, retention: Retention) -> Iterable[PlanLine]:
    """Field by field what the platform holds: it erases on its own, or is asked to, and leaves what others wrote."""
    for category in retention.categories.values():
        for name in category.fields:
            if not name.startswith(PLATFORM_FIELD_PREFIXES):
                continue
            deed, reason = (
                PLATFORM_ERASURE_ACTIONS[category.on_request],
                PLATFORM_IS_ASKED if inputs.opened_by_operator else PLATFORM_ERASES_ITSELF,
            )
            if category.id == CONSENT_CATEGORY:
                deed = ErasureAction.ERASE
            if (
                name in RESIDUE_KIND_BY_FIELD
                and inputs.opened_by_operator
                and retention.residue.removes_kind(RESIDUE_KIND_BY_FIELD[name])
            ):
                deed, reason = ErasureAction.ERASE, RETENTION_FILE_ERASES
            elif name in RESIDUE_KIND_BY_FIELD or name in APP_WRITTEN_FIELDS:
                deed, reason = ErasureAction.QUARANTINE, PLATFORM_LEAVES_RESIDUE
            yield PlanLine(system=PLATFORM, category=category.id, what=name, action=deed, reason=reason)


def plan_proofs(retention: Retention, now: datetime) -> list[PlanLine]:
    """What stays as proof: keyed hashes and the record of the request, each with its law and last day."""
    found = []
    for category_id, event in PROOF_CATEGORIES.items():
        category = retention.categories.get(category_id)
        if category is not None:
            found.append(_plan_proof(category, event, retention, now))
    return found


def _plan_proof(category: Category, event: str, retention: Retention, now: datetime) -> PlanLine:
    today = local_day(now, retention.calendar)
    holds = find_retention_holds(
        category, events={event: now, "last_processing_at": now}, today=today, retention=retention
    )
    days = [hold.last_day for hold in holds]
    until = None if None in days else max((day for day in days if day), default=None)
    return PlanLine(
        system=BRIDGE,
        category=category.id,
        what=category.title,
        action=ErasureAction.KEEP_AS_EVIDENCE,
        reason=PROOF_OF_ERASURE,
        law="; ".join(hold.citation for hold in holds) or category.basis.get("IN", ""),
        until=until,
        hold_ids=tuple(hold.ground for hold in holds),
    )


def compare_plans(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is not the same in two plans (as `as_plain` writes their lines), line by line; proofs count by action."""
    was, becomes = _index_plan_lines(before), _index_plan_lines(after)
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


def _index_plan_lines(plan: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Lines by what they are about; two of the same kind with other days are told apart by the day."""
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for line in plan:
        proof = line["action"] == ErasureAction.KEEP_AS_EVIDENCE
        day = "" if proof else str(line["until"] or "")
        told = {"action": line["action"], "count": line["count"]} | (
            {} if proof else {"until": line["until"]}
        )
        found[line["system"], line["category"], line["what"], day] = told
    return found


def serialise_plan(plan: Iterable[PlanLine]) -> list[dict[str, Any]]:
    """The lines, JSON-ready."""
    return [dict(plan_line_as_json(line)) for line in plan]
