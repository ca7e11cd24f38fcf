"""Corrects a person's data: at the platform, in the bridge's index, and by an instruction to each recipient (GDPR Art 16, 19).

Invoices stay as they were issued (CGST Rules r.56(8)). Each value is read back: what the platform refused or did not keep is
declined, with a code. No transaction is open while the platform answers; doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    CorrectableRecord,
    CorrectionParticulars,
    CorrectionProgress,
    Fact,
    FieldChange,
    Lease,
    LetterKind,
    NoticePurpose,
    Outcome,
    PrivacyRequest,
    RequestDetails,
    Task,
    TaskState,
)
from bridge.ports import ChangesCustomers, Platform
from bridge.rules.index.identity import normalise_identifier
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.requests.particulars import MAX_VALUE_CHARS
from bridge.rules.requests.rights.corrections import (
    ADDRESS,
    is_same_value,
    list_open_values,
    parse_address_text,
    select_own_changes,
)
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.rights.inform_recipients import inform_recipients
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

INDEXED_FIELDS = ("email", "phone")
Former = Mapping[str, str]  # what stood there before, by field


class _Correction:
    """One run of a correction: what is wanted, whose it is at the platform, and what was found there."""

    def __init__(self, request: PrivacyRequest, details: RequestDetails, services: Services) -> None:
        self.request, self.details, self.services = request, details, services
        particulars = details.particulars
        self.particulars = particulars if isinstance(particulars, CorrectionParticulars) else None
        changes = self.particulars.changes if self.particulars else ()
        self.declined = {change.field: "unreadable" for change in changes if not _is_readable(change)}
        self.wanted = {change.field: change.new for change in changes if change.field not in self.declined}
        self.customer_id, self.orders, self.orders_refused = "", 0, 0

    @property
    def corrected(self) -> tuple[str, ...]:
        """The fields that are right at the platform now."""
        return tuple(field for field in self.wanted if field not in self.declined)

    def run(self, platform: Platform, changer: ChangesCustomers) -> None:
        """Find the customer, remember what stands there, write, and read back. Raises as `ports.ChangesCustomers`."""
        shop = self.request.shop
        numbers = self.request.principal.customer_ids[:1] or tuple(
            dict.fromkeys(one.id for one in platform.list_customers(self.request.principal, shop=shop))
        )
        record = changer.read_correctable_record(numbers[0], shop=shop) if len(numbers) == 1 else None
        if record is None:
            self.declined |= dict.fromkeys(self.wanted, "several_customers" if len(numbers) > 1 else "customer_unknown")
            return
        self.customer_id = numbers[0]
        former = self._remember(record)
        before = replace(
            record, values=former
        )  # the address has the former name and phone, not what an earlier try wrote
        open_values = list_open_values(self.wanted, record.values)
        of_address = {
            field: self.wanted[field] for field in self.wanted if field in ("first_name", "last_name", "phone")
        }
        refused = changer.correct_customer(self.customer_id, before, of_address | open_values, shop=shop)
        self.declined |= {field: code for field, code in refused.items() if field in open_values}
        accepted = {field: self.wanted[field] for field in self.corrected}
        for order in record.orders:
            changes = select_own_changes(accepted, former, order.values)
            if changes:
                changer.correct_order(order, changes, shop=shop)
        self._read_back(changer.read_correctable_record(self.customer_id, shop=shop), accepted, former)

    def _remember(self, record: CorrectableRecord) -> Former:
        """Save, sealed with the request, what stands at the platform before it is written. Return it by field."""
        changes = self.particulars.changes if self.particulars else ()
        known = {change.field: change for change in changes}
        for field, change in known.items():
            current = record.values.get(field, "")
            if (
                field in self.wanted
                and not is_same_value(field, current, change.new)
                and len(current) <= MAX_VALUE_CHARS
            ):
                known[field] = replace(change, old=current)
        if self.particulars and tuple(known.values()) != changes:
            self.particulars = replace(self.particulars, changes=tuple(known.values()))
            self.details = replace(self.details, particulars=self.particulars)
            with self.services.store.transaction() as tx:
                tx.request_details.save_details(self.request.id, self.request.shop, self.details)
        return {field: change.old for field, change in known.items() if change.old}

    def _read_back(self, record: CorrectableRecord | None, accepted: Mapping[str, str], former: Former) -> None:
        values = record.values if record else {}
        self.declined |= dict.fromkeys(list_open_values(accepted, values), "not_kept")
        for order in record.orders if record else ():
            has_new = any(is_same_value(field, order.values.get(field, ""), new) for field, new in accepted.items())
            self.orders += has_new
            self.orders_refused += bool(select_own_changes(accepted, former, order.values))

    def list_former_contacts(self) -> list[tuple[str, str, str]]:
        """Return (field, former, new) of the contacts that the index finds the person by."""
        changes = self.particulars.changes if self.particulars else ()
        return [
            (change.field, change.old, change.new)
            for change in changes
            if change.field in INDEXED_FIELDS and change.field in self.corrected
        ]


def _is_readable(change: FieldChange) -> bool:
    if change.field == ADDRESS:
        return parse_address_text(change.new) is not None
    return change.field not in INDEXED_FIELDS or bool(normalise_identifier(change.field, change.new))


def correct_records(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Correct what is asked for. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    platform, now = services.connectors.get(PLATFORM), services.clock.now()
    with services.store.read() as tx:
        correction = _Correction(request, tx.request_details.get_details(request.id, request.kind), services)
    if correction.particulars is None:
        after = fail_task(task, Outcome.INCOMPLETE, "particulars_missing", now)
    elif not isinstance(platform, Platform) or not isinstance(platform, ChangesCustomers):
        after = fail_task(task, Outcome.DENIED, "not_configured", now)
    else:
        try:
            correction.run(platform, platform)
            outcome = Outcome.CHANGED if correction.corrected else Outcome.RETAINED
            after = finish_task(replace(task, attempts=task.attempts + 1), outcome, now)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if after.state is TaskState.DONE:
            return _save_correction(request, after, correction, tx, services)
        tx.tasks.save_task(after)
        record_task_result(request, after, tx, outcome=after.outcome, reason=after.last_error)
    return after


def _save_correction(request: PrivacyRequest, task: Task, correction: _Correction, tx: Tx, services: Services) -> Task:
    corrected, declined = correction.corrected, tuple(sorted(correction.declined.items()))
    for field, former, new in correction.list_former_contacts():
        tx.index.replace_contact(request.shop, correction.customer_id, field, former, new)
    notices = None
    if corrected:
        principal = replace(request.principal, customer_id=correction.customer_id)
        notices = inform_recipients(request, principal, NoticePurpose.CORRECT, tx=tx, services=services)
    progress = CorrectionProgress(
        corrected=corrected,
        declined=declined,
        orders=correction.orders,
        orders_refused=correction.orders_refused,
        recipients=notices.counts if notices else {},
    )
    task = replace(task, records=len(corrected), progress=progress)
    tx.tasks.save_task(task)
    number = sum(letter.kind is LetterKind.CORRECTED for letter in tx.person_letters.list_letters(request.id))
    if notices:
        notices.record(tx)
    codes = [f"{field}:{code}" for field, code in declined]
    tx.evidence.append_fact(
        Fact.RECORDS_CORRECTED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        system=task.system,
        fields=list(corrected),
        declined=codes,
        orders=progress.orders,
        orders_refused=progress.orders_refused,
        recipients=dict(progress.recipients),
    )
    values = {"fields": ",".join(corrected), "recipients": ",".join(progress.recipients), "declined": ",".join(codes)}
    queue_letter(request, LetterKind.CORRECTED, tx=tx, number=number, values=values)
    record_task_result(request, task, tx, outcome=task.outcome, records=task.records)
    return task
