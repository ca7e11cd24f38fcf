"""Read what the bridge itself holds of the data subject, as findings: the package shows its own records like any other's.

Opens sealed invoice copies for their number and total only, and none that an earlier erasure left: those are for the
tax office and courts. Names nothing of a pseudonym, a bank account but its last four digits, or a legal hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.errors import KeyMissing, SealBroken
from bridge.model import (
    Absence,
    Delivery,
    Document,
    ErasureRecord,
    Finding,
    Gap,
    NoticeItem,
    ParcelListing,
    PrivacyRequest,
    RefundAccount,
    Waybill,
)
from bridge.rules.erasure.plan import find_legal_last_day, plan_bank_details
from bridge.rules.erasure.tombstone import compute_suppression_end
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.rules.index.identity import legacy_id
from bridge.rules.notices.parcel_reviews import ParcelDecision
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.requests.order_reviews import DOUBTED_ORDER_KIND
from bridge.rules.requests.same_person import DOUBTED_CUSTOMER_KIND
from bridge.rules.retention.release import DocumentRetentionCalculator
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.access.package.own_disclosures import read_disclosures
from bridge.steps.access.package.records.own_tables import FOUND_BY, OWN_RECORDS_SYSTEM, OwnKind

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_SEARCHED_BODIES = 2_000  # each must be opened to tell whose it is; an inbox keeps few, since bodies are destroyed
SEALED_UNREAD = "sealed since the erasure, not opened for this copy"


@dataclass
class OwnRecords:
    """The findings of the systems that were asked, followed by what the bridge holds itself, and what is missing of that.

    The bridge is read once, when the first reading of the findings has shown which orders are the data subject's.
    """

    request: PrivacyRequest
    erasures: Sequence[ErasureRecord]
    tx: Tx
    services: Services
    gaps: list[Gap] = field(default_factory=list)
    opened_document_ids: list[str] = field(default_factory=list)
    _findings: list[Finding] | None = None

    def iterate_records(self) -> Iterator[tuple[str, Finding]]:
        """Yield (system, finding) of all systems and then of the bridge; each call starts at the first record."""
        order_ids = []
        for system, finding in self.tx.findings.read_findings(self.request.id):
            if finding.kind in (DOUBTED_ORDER_KIND, DOUBTED_CUSTOMER_KIND):
                continue  # another person's, as far as anybody knows
            if system == PLATFORM and finding.kind == "order":
                order_ids.append(legacy_id(finding.ref) or finding.ref)
            yield system, finding
        if self._findings is None:
            self._findings = list(self._read_own_findings(order_ids))
        yield from ((OWN_RECORDS_SYSTEM, finding) for finding in self._findings)

    def _read_own_findings(self, order_ids: Sequence[str]) -> Iterator[Finding]:
        tx, shop, principal = self.tx, self.request.shop, self.request.principal
        rows = tx.person_lookup.list_order_rows(shop, principal)
        indexed = {row.order_key: tx.index.open_order_doc(row.shop, row) for row in rows}
        ids = dict.fromkeys([*(doc.get("id", "") for doc in indexed.values()), *order_ids])
        orders = {
            **tx.person_lookup.derive_order_keys(shop, ids),
            **{key: doc.get("id", "") for key, doc in indexed.items()},
        }
        yield from self._read_documents(orders)
        yield from self._read_refunds(orders)
        yield from self._read_index_entries(rows, indexed)
        deliveries, is_complete = tx.person_bodies.list_bodies(shop, principal, orders, limit=MAX_SEARCHED_BODIES)
        if not is_complete:
            self._add_gap("messages of the shop platform", "list_too_long")
        yield from map(_build_webhook_finding, deliveries)
        yield from self._read_requests()
        yield from self._read_suppression_keys()
        yield from self._read_nominations()
        erased = (key for erasure in self.erasures for key in erasure.order_keys)
        yield from read_disclosures(self.request, {*orders, *erased}, tx=tx, services=self.services)

    def _add_gap(self, what: str, reason: str) -> None:
        self.gaps.append(Gap(system=OWN_RECORDS_SYSTEM, absence=Absence.UNREACHED, what=what, reason=reason))

    def _read_documents(self, orders: dict[str, str]) -> Iterator[Finding]:
        """Yield the sealed copies of these orders, and those that earlier erasures left."""
        tx, retention, shop = self.tx, self.services.retention, self.request.shop
        erased_keys = {key for erasure in self.erasures for key in erasure.order_keys}
        found = [
            *tx.documents.list_documents_of_order_keys(shop, {*orders, *erased_keys}),
            *(one for erasure in self.erasures for one in tx.documents.list_documents_of_request(erasure.request_id)),
        ]
        by_order: dict[str, dict[str, Document]] = {}
        for document in found:
            by_order.setdefault(document.order_key, {})[document.id] = document
        holds = tx.legal_holds.find_legal_holds_by_order({(shop, key) for key in by_order})
        today = local_day(self.services.clock.now(), retention.calendar)
        calculator = DocumentRetentionCalculator(today=today, retention=retention)
        left_by = {erasure.request_id for erasure in self.erasures}
        for order_key, documents in by_order.items():
            keeping = calculator.calculate_retention(list(documents.values()), holds.get((shop, order_key), ()))
            until = find_legal_last_day(keeping)
            for document in documents.values():
                is_left = document.request_id in left_by or order_key in erased_keys
                yield _build_finding(
                    OwnKind.INVOICE,
                    document.id,
                    document=document.kind.value.replace("_", " "),
                    **({"content": SEALED_UNREAD} if is_left else self._read_figures(document)),
                    order_id="" if is_left else orders.get(order_key, ""),
                    issued_at=document.issued_at.isoformat(),
                    kept_until=until.isoformat() if until else "",
                    law="; ".join(dict.fromkeys(hold.citation for hold in keeping.holds)),
                    names_the_buyer="yes" if document.names_buyer else "no",
                    left_by_erasure=document.request_id if is_left else "",
                )

    def _read_figures(self, document: Document) -> dict[str, str]:
        """Return number and total of a sealed copy; a document as issued keeps them in its own form."""
        try:
            content = self.tx.documents.open_document(document.id) or b""
        except (SealBroken, KeyMissing):
            self._add_gap("the content of a sealed invoice", "seal_broken")
            return {"content": "cannot be opened"}
        self.opened_document_ids.append(document.id)
        try:
            values = json.loads(content) if document.media_type == "application/json" else {}
        except ValueError:
            values = {}
        values = values if isinstance(values, dict) else {}
        figures = {name: str(values.get(name) or "") for name in ("number", "total", "currency")}
        return figures | {"content": "figures" if figures["number"] else "the document as issued"}

    def _read_refunds(self, orders: dict[str, str]) -> Iterator[Finding]:
        tx, request = self.tx, self.request
        ids = {order_id for order_id in orders.values() if order_id}
        accounts = {
            account.id: account
            for account in (
                *tx.refunds.list_refund_accounts_of_orders(request.shop, ids, subject=request.subject),
                *(one for past in self.erasures for one in tx.refunds.list_refund_accounts_of_request(past.request_id)),
            )
        }
        left_by = {erasure.request_id for erasure in self.erasures}
        on_hold = tx.refunds.find_account_ids_on_legal_hold(list(accounts.values()))
        for account in accounts.values():
            yield self._build_refund_finding(account, orders, left_by, account.id in on_hold)

    def _build_refund_finding(
        self, account: RefundAccount, orders: dict[str, str], left_by: set[str], is_on_hold: bool
    ) -> Finding:
        [line] = plan_bank_details(
            [account],
            [account.id] if is_on_hold else [],
            retention=self.services.retention,
            now=self.services.clock.now(),
        )
        reference = self.tx.refunds.find_payment_reference(account.id)
        settlement = reference.settlement if reference else None
        return _build_finding(
            OwnKind.REFUND_ACCOUNT,
            account.id,
            refund_id=account.refund_id,
            order_id=orders.get(account.order_key, ""),
            method=reference.method if reference else "",
            account=f"****{reference.last_four}" if reference and reference.last_four else "",
            state=account.state.value,
            opened_at=account.opened_at.isoformat(),
            settled_on=settlement.on.isoformat() if settlement else "",
            amount=str(settlement.amount) if settlement else "",
            currency=settlement.currency if settlement else "",
            kept_until=line.until.isoformat() if line.until else "",
            law=line.law,
            left_by_erasure=account.request_id if account.request_id in left_by else "",
        )

    def _read_index_entries(self, rows: Sequence[Any], indexed: dict[str, dict[str, Any]]) -> Iterator[Finding]:
        """Yield the orders and parcels that the bridge remembers; not a parcel that may be another person's."""
        tx, shop = self.tx, self.request.shop
        parcels = tx.index.list_parcels_of_rows(shop, rows)
        reviews = tx.reviews.find_parcel_reviews(shop, [(parcel.order_id, parcel.number) for parcel in parcels])
        by_order: dict[str, list[Waybill]] = {}
        for parcel in parcels:
            review = reviews.get((parcel.order_id, parcel.number))
            is_doubted = review is not None and review.decision != ParcelDecision.RELEASED
            if not is_doubted and (review or parcel.listing is not ParcelListing.SUPERSEDED):
                by_order.setdefault(parcel.order_id, []).append(parcel)
        for row in rows:
            order = {"order": indexed[row.order_key].get("name", ""), "order_id": indexed[row.order_key].get("id", "")}
            order["at"] = row.placed_at.isoformat() if row.placed_at else ""
            for cells in list(map(_build_parcel_cells, by_order.get(order["order_id"], ()))) or [{}]:
                yield _build_finding(OwnKind.INDEX_ENTRY, cells.get("waybill") or order["order_id"], **order, **cells)

    def _read_requests(self) -> Iterator[Finding]:
        """Yield the data subject's requests, this one too, and what processors were asked because of each."""
        requests = self.tx.requests.list_requests_of_same_person(self.request)
        known_ids = dict.fromkeys([*(one.id for one in requests), *(one.request_id for one in self.erasures)])
        kept = self.tx.packages.filter_kept_packages(list(known_ids))
        for request in requests:
            facts = self.tx.evidence.list_facts_of_request(request.id)
            yield _build_finding(
                OwnKind.REQUEST,
                request.id,
                request=request.id,
                kind=request.kind.value.replace("_", " "),
                through=request.source.value,
                received_at=request.received_at.isoformat(),
                due_at=request.due_at.isoformat(),
                answered_at=request.closed_at.isoformat() if request.closed_at else "",
                state="this request" if request.id == self.request.id else request.state.value.replace("_", " "),
                evidence_entries=str(len(facts)),
                copy_kept="yes" if request.id in kept and request.id != self.request.id else "no",
            )
        for request_id in known_ids:
            for item in self.tx.notice_items.list_items(request_id=request_id):
                yield self._build_notice_finding(item)

    def _build_notice_finding(self, item: NoticeItem) -> Finding:
        notice = self.tx.notices.find_notice(item.notice_id) if item.notice_id else None
        return _build_finding(
            OwnKind.NOTICE_ITEM,
            item.id,
            request=item.request_id,
            processor=item.processor,
            about={"waybill": "a parcel", "order": "an order"}.get(item.names.value, "your data there"),
            state=item.state.value.replace("_", " "),
            sent_at=notice.sent_at.isoformat() if notice and notice.sent_at else "",
            answer=item.answer.value.replace("_", " ") if item.answer else "",
            answered_at=item.answered_at.isoformat() if item.answered_at else "",
            kept_there_until=item.until.isoformat() if item.until else "",
            number_still_sealed="yes" if item.reference else "no",
        )

    def _read_suppression_keys(self) -> Iterator[Finding]:
        for erasure in self.erasures:
            until = compute_suppression_end(erasure.erased_at, self.services.retention)
            for of, count in sorted(erasure.key_counts.items()):
                yield _build_finding(
                    OwnKind.SUPPRESSION_KEY,
                    f"{erasure.request_id}/{of}",
                    code_of={"customer": "customer number", "email": "e-mail", "order": "order number"}.get(of, of),
                    count=str(count),
                    at=erasure.erased_at.isoformat(),
                    because_of=erasure.request_id,
                    kept_until=until.isoformat() if until else "",
                )

    def _read_nominations(self) -> Iterator[Finding]:
        request = self.request
        for one in self.tx.nominations.list_nominations_of_person(request.shop, request.principal, request.subject):
            nominee = {name: getattr(one.nominee, name, "") for name in ("name", "contact", "relation")}
            ended_at, used = one.ended_at.isoformat() if one.ended_at else "", "yes" if one.exercised_by else "no"
            since = one.since.isoformat()
            yield _build_finding(OwnKind.NOMINATION, one.id, **nominee, since=since, ended_at=ended_at, used=used)


def _build_parcel_cells(parcel: Waybill) -> dict[str, str]:
    carrier = "" if parcel.carrier == UNKNOWN_CARRIER else parcel.carrier
    return {
        "waybill": parcel.number,
        "carrier": carrier,
        "carrier_id": carrier,
        "account_holder": parcel.account_holder,
        "shipped_on": parcel.shipped_at.isoformat() if parcel.shipped_at else "",
    }


def _build_webhook_finding(delivery: Delivery) -> Finding:
    return _build_finding(
        OwnKind.WEBHOOK,
        delivery.id,
        topic=delivery.topic,
        received_at=delivery.received_at.isoformat(),
        state=delivery.state.value,
        reason=delivery.reason.replace("_", " "),
        message=json.loads(delivery.raw),
    )


def _build_finding(kind: OwnKind, ref: str, /, **body: Any) -> Finding:
    return Finding(kind=kind.value, ref=ref, matched_by=FOUND_BY, body=body)
