"""Plans what an erasure does, line by line: system, field, action, reason, law, day. Pure: what there is is given.

There is an action for each field (erase, anonymise, pseudonymise, restrict, seal, keep, keep as evidence, quarantine),
and nothing stays without a reason. The same lines are built before and during the erasure, so that both can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bridge.model import Document, DocumentForm, ErasureAction, LegalHold, PlanLine, RefundAccount, RefundState
from bridge.rules.erasure.platform_fields import KEPT_BY_LAW, describe_kept, plan_platform_fields
from bridge.rules.notices.timing import SHIPMENT_CATEGORY
from bridge.rules.refunds.settlement import REFUND_BANK_CATEGORY as REFUNDS
from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.requests.lifecycle import BRIDGE, VAULT
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.rules.retention.citations import describe_basis
from bridge.rules.retention.consent_evidence import plan_kept_consents
from bridge.rules.retention.holds import UNREADABLE_RULE_CITATION, find_retention_holds
from bridge.rules.retention.release import INVOICE_CATEGORY, DocumentRetention, DocumentRetentionCalculator
from bridge.rules.retention.statutory_last_days import local_day
from config.retention_file.retention_model import Category, Retention

INDEX_CATEGORY = "parcel_index"  # of the retention file
HELD_ORDERS, HELD_CUSTOMER = "orders with their parcels", "the customer: keyed hashes of customer id, e-mail, phone"
# What the bridge's own tables hold of a data subject: category of the retention file, and what it is.
PERSONAL_DATA_TABLES: Mapping[str, tuple[str, str]] = {
    "customers": (INDEX_CATEGORY, "keyed hashes of customer id, e-mail, phone"),
    "orders": (INDEX_CATEGORY, "orders: keyed hashes, number and id sealed"),
    "parcels": (INDEX_CATEGORY, "parcels: waybill sealed, carrier, dates"),
    "findings": ("access_package", "what was gathered for an earlier request"),
    "packages": ("access_package", "packages of an earlier request"),
    "nominations": ("request_evidence", "nominations: name and contact of the nominee, sealed"),
    "deliveries": ("webhook_payload", "webhook bodies that wait for a replay"),
    "mails": ("support", "mails that were read, and their texts"),
}
CUSTOMER_MERGED_AWAY = "merged_into_another"  # a flag among the counts of an erasure, and why orders stay
SURVIVING_CUSTOMER_DATA = "orders, parcels, e-mail and phone of the customer that was kept"
PROOF_CATEGORIES = {  # what outlives an erasure as proof, and the event its category's clock starts at
    "suppression": "created_at",
    "request_evidence": "case_closed_at",
}
ERASURE_REQUESTED, INVOICE_COPY_MISSING = "erasure_asked_for", "copy_missing"
NO_HOLD_REMAINS, PROOF_OF_ERASURE, PROCESSOR_INSTRUCTED = (
    "nothing_holds_it_any_more",
    "proof_of_what_was_done",
    "processor_is_instructed",
)
MAX_AGE_GROUND = "max_age"  # of the category, where no law keeps it
CONSIGNEE_DATA = "consignee, address, phone, invoice value"
REFUND_OPEN, REFUND_BEING_RECONCILED = "refund_is_open", "refund_is_being_reconciled"


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureInputs:
    """What there is of the data subject now.

    `rows` counts by table, `orders_without_invoice_copy` the orders that stay for now, `held_rows` what a law keeps of the
    index: what it is, what keeps it, how many. `documents` and `legal_holds` are by order; `processor_records` says of each
    record at a processor of which category it is and what keeps it, `platform_retention` of each category; `refunds` are bank details that are still
    kept, and `legally_held_refund_ids` the ids of those that an active legal hold keeps. `opened_by_operator` None: nobody
    knows what the platform was asked. `kept_consents` counts those that were read at the platform, for proof.
    """

    rows: Mapping[str, int]
    orders_without_invoice_copy: int
    held_rows: Sequence[tuple[str, CategoryRetention, int]]
    documents: Mapping[str, Sequence[Document]]
    legal_holds: Mapping[str, Sequence[LegalHold]]
    processor_records: Sequence[tuple[str, str, CategoryRetention]]
    platform_retention: Mapping[str, CategoryRetention]
    refunds: Sequence[RefundAccount]
    legally_held_refund_ids: Collection[str]
    opened_by_operator: bool | None
    kept_consents: int = 0


def build_erasure_plan(
    inputs: ErasureInputs, other_lines: Sequence[PlanLine], *, retention: Retention, now: datetime
) -> list[PlanLine]:
    """Return the plan of one erasure, in the order in which it is shown. `other_lines` come from `plan_other_records`.

    Where the customer was merged into another, only what names the merged id is erased: the rest is the other's.
    """
    if inputs.rows.get(CUSTOMER_MERGED_AWAY):
        surviving_customer = PlanLine(
            system=BRIDGE,
            category=INDEX_CATEGORY,
            what=SURVIVING_CUSTOMER_DATA,
            action=ErasureAction.KEEP,
            reason=CUSTOMER_MERGED_AWAY,
        )
        return [*_plan_own_tables(inputs), surviving_customer, *plan_proofs(retention, now)]
    return [*_plan_own_tables(inputs), *other_lines]


def plan_other_records(inputs: ErasureInputs, *, retention: Retention, now: datetime) -> list[PlanLine]:
    """Return the lines of what is not in the bridge's own tables, or is no row of a data subject."""
    return [
        *_plan_vault_documents(inputs, retention, now),
        *plan_bank_details(inputs.refunds, inputs.legally_held_refund_ids, retention=retention, now=now),
        *_plan_platform(inputs, retention),
        *_plan_processor_records(inputs.processor_records, retention),
        *plan_kept_consents(inputs.kept_consents, now, retention=retention, now=now),
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
    yield from plan_held_rows(inputs.held_rows)
    if inputs.orders_without_invoice_copy:
        yield PlanLine(
            system=BRIDGE,
            category=INDEX_CATEGORY,
            what="orders whose statutory copy is missing",
            action=ErasureAction.RESTRICT,
            reason=INVOICE_COPY_MISSING,
            count=inputs.orders_without_invoice_copy,
        )


def plan_held_rows(held_rows: Iterable[tuple[str, CategoryRetention, int]]) -> Iterable[PlanLine]:
    """Yield a line for what a law keeps of the index: what it is, what keeps it, how many."""
    counts: Counter[tuple[str, CategoryRetention]] = Counter()
    for what, kept, count in held_rows:
        counts[what, kept] += count
    for (what, kept), count in sorted(counts.items(), key=lambda row: (row[0][0], str(row[0][1].last_day))):
        yield PlanLine(
            system=BRIDGE,
            category=INDEX_CATEGORY,
            what=what,
            action=ErasureAction.RESTRICT,
            reason=KEPT_BY_LAW,
            count=count,
            **describe_kept(kept),
        )


def _plan_platform(inputs: ErasureInputs, retention: Retention) -> Iterable[PlanLine]:
    if inputs.opened_by_operator is None:
        return ()
    return plan_platform_fields(retention, inputs.platform_retention, opened_by_operator=inputs.opened_by_operator)


def _plan_processor_records(
    records: Iterable[tuple[str, str, CategoryRetention]], retention: Retention
) -> Iterable[PlanLine]:
    for (processor, category_id, kept), count in sorted(
        Counter(records).items(), key=lambda row: (*row[0][:2], str(row[0][2].last_day))
    ):
        category = retention.categories.get(category_id)
        yield PlanLine(
            system=processor,
            category=category_id,
            what=category.title if category and category_id != SHIPMENT_CATEGORY else CONSIGNEE_DATA,
            action=ErasureAction.RESTRICT if kept.holds else ErasureAction.ERASE,
            reason=KEPT_BY_LAW if kept.holds else PROCESSOR_INSTRUCTED,
            count=count,
            **describe_kept(kept),
        )


def _plan_vault_documents(inputs: ErasureInputs, retention: Retention, now: datetime) -> Iterable[PlanLine]:
    for what, keeping, count in group_sealed_documents(
        inputs.documents, inputs.legal_holds, retention=retention, now=now
    ):
        yield PlanLine(
            system=VAULT,
            category=INVOICE_CATEGORY,
            what=what,
            action=ErasureAction.ERASE if keeping.is_erasable else ErasureAction.SEAL,
            reason=NO_HOLD_REMAINS if keeping.is_erasable else KEPT_BY_LAW,
            count=count,
            law="; ".join(dict.fromkeys(hold.citation for hold in keeping.holds)),
            until=find_legal_last_day(keeping),
            hold_ids=keeping.grounds,
        )


def group_sealed_documents(
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    *,
    retention: Retention,
    now: datetime,
) -> list[tuple[str, DocumentRetention, int]]:
    """Return the sealed copies in groups: what they hold, what keeps them until when, how many.

    `documents` and `legal_holds` are by order.
    """
    calculator = DocumentRetentionCalculator(today=local_day(now, retention.calendar), retention=retention)
    groups: dict[tuple[str, DocumentRetention], int] = {}
    for order, of_order in documents.items():
        keeping = calculator.calculate_retention(of_order, legal_holds.get(order, ()))
        for document in of_order:
            key = (_describe_document(document), keeping)
            groups[key] = groups.get(key, 0) + 1
    rows = [(what, keeping, count) for (what, keeping), count in groups.items()]
    return sorted(rows, key=lambda row: (row[0], str(row[1].last_day)))


def plan_bank_details(
    refunds: Iterable[RefundAccount], legally_held_refund_ids: Collection[str], *, retention: Retention, now: datetime
) -> Iterable[PlanLine]:
    """Yield lines of bank details: erased with the request where nothing keeps them, else by themselves on their day."""
    rule = retention.holds.get("refund_unsettled")
    law = retention.laws.get(rule.law) if rule else None
    groups: Counter[tuple[str, date | None, bool]] = Counter()
    for account in refunds:
        is_over = account.erase_at is not None and account.erase_at <= now and account.id not in legally_held_refund_ids
        reason = (
            NO_HOLD_REMAINS
            if is_over
            else REFUND_OPEN
            if account.state is RefundState.OPEN
            else REFUND_BEING_RECONCILED
        )
        last_day = local_day(account.erase_at, retention.calendar) - timedelta(days=1) if account.erase_at else None
        groups[reason, None if is_over else last_day, account.id in legally_held_refund_ids] += 1
    for (reason, until, is_on_legal_hold), count in sorted(groups.items(), key=str):
        is_erased = reason == NO_HOLD_REMAINS
        grounds = () if is_erased else ("refund_unsettled", *(["legal_claim"] if is_on_legal_hold else []))
        yield PlanLine(
            system=BRIDGE,
            category=REFUNDS,
            what="account number, IFSC, UPI id, holder",
            action=ErasureAction.ERASE if is_erased else ErasureAction.RESTRICT,
            reason=reason,
            count=count,
            law="" if is_erased else (law.title if law else UNREADABLE_RULE_CITATION),
            until=None if is_on_legal_hold else until,
            hold_ids=grounds,
        )


def find_legal_last_day(document_retention: DocumentRetention) -> date | None:
    """Return the last day by law; where the file still needs a decision, the day that stands if it is taken."""
    end = document_retention.erasable_from or document_retention.legal_end_day
    if end is None:
        return None
    return max((hold.last_day for hold in document_retention.holds if hold.last_day), default=None)


def _describe_document(document: Document) -> str:
    kind = document.kind.value.replace("_", " ")
    if document.form is DocumentForm.AS_ISSUED:
        return f"{kind} as issued"
    return f"{kind}: figures, State" + (", name and address" if document.names_buyer else "")


def plan_proofs(retention: Retention, now: datetime) -> list[PlanLine]:
    """Return a line for what stays as proof: keyed hashes and the record of the request, with law and last day."""
    proofs = []
    for category_id, event in PROOF_CATEGORIES.items():
        category = retention.categories.get(category_id)
        if category is not None:
            proofs.append(_plan_proof(category, event, retention, now))
    return proofs


def _plan_proof(category: Category, event: str, retention: Retention, now: datetime) -> PlanLine:
    today = local_day(now, retention.calendar)
    holds = find_retention_holds(
        category, events={event: now, "last_processing_at": now}, today=today, retention=retention
    )
    days = [hold.last_day for hold in holds]
    until = None if None in days else max((day for day in days if day), default=None)
    grounds = tuple(hold.ground for hold in holds)
    if not grounds and (months := category.max_age.get("months")):
        until, grounds = add_months_to_date(today, int(months)), (MAX_AGE_GROUND,)
    return PlanLine(
        system=BRIDGE,
        category=category.id,
        what=category.title,
        action=ErasureAction.KEEP_AS_EVIDENCE,
        reason=PROOF_OF_ERASURE,
        law="; ".join(hold.citation for hold in holds) or describe_basis(category, "IN", today, retention),
        until=until,
        hold_ids=grounds,
    )
