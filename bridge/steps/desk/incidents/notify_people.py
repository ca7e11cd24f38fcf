"""Has the persons that a breach concerns written to, each where an address is known. Sends nothing itself.

A letter belongs to the newest request of a person that names an address: the bridge's index has none. Its text is that of
the incident, whose id stands among its values. Who is written to twice by two clicks gets one letter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, PayloadInvalid, SealBroken
from bridge.model import IncidentProgress, IncidentRecipient, IncidentReport, LetterKind, PrivacyRequest, get_progress
from bridge.rules.desk.incident_notice import list_missing_fields
from bridge.rules.operations.batch_pace import BatchPace
from bridge.services import Services
from bridge.steps.batches import cut_batches
from bridge.steps.desk.desk_tasks import open_desk_task
from bridge.steps.desk.incidents.report_incident import (
    read_incident_account,
    read_incident_progress,
    save_incident_report,
)
from bridge.steps.desk.two_person import is_approved_by_two
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

LETTERS_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleNotice:
    """How many persons have a letter now, and how many have no known address: these are told by other means."""

    persons: int
    letters: int
    without_address: int


def notify_people(request_id: str, *, actor: str, services: Services) -> PeopleNotice:
    """Queue a letter to each person whose address is known; where all are, the people count as told.

    Raises PayloadInvalid: as `open_desk_task`, `approvals_missing`, `fields_missing`, `persons_not_searched`.
    """
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        account = read_incident_account(request, tx=tx, services=services)
        if not is_approved_by_two(request, tx):
            raise PayloadInvalid("approvals_missing")
        if list_missing_fields(account, IncidentRecipient.PEOPLE):
            raise PayloadInvalid("fields_missing")
        if account.affected.counted_at is None:
            raise PayloadInvalid("persons_not_searched")
        requests_by_person = tx.incident_persons.find_requests_of_persons(account.affected.persons)
    letters, day = 0, account.particulars.noticed_at.date().isoformat()
    pace = BatchPace(LETTERS_AT_ONCE)
    for batch in cut_batches(sorted(requests_by_person), pace):
        with services.store.transaction(pace) as tx:
            for person in batch:
                letters += _write_to_person(requests_by_person[person], request_id, day, actor, tx)
    persons = len(account.affected.persons)
    with services.store.transaction() as tx:
        request, task = open_desk_task(request_id, IncidentProgress, tx)
        task = replace(task, progress=replace(get_progress(task, IncidentProgress), letters=letters))
        tx.tasks.save_task(task)
        informed = {report.recipient for report in read_incident_progress(request_id, tx).reports}
        if letters == persons and IncidentRecipient.PEOPLE not in informed:
            report = IncidentReport(recipient=IncidentRecipient.PEOPLE, at=services.clock.now())
            save_incident_report(request, task, report, actor=actor, tx=tx)
    return PeopleNotice(persons=persons, letters=letters, without_address=persons - letters)


def _write_to_person(request_ids: list[str], incident_id: str, day: str, actor: str, tx: Tx) -> bool:
    """Queue the letter on the newest request with an address, unless it was queued before. Return whether there is one."""
    for request_id in request_ids:
        request = _read_requester(request_id, tx)
        if request is None or not _has_address(request, tx):
            continue
        known = [one for one in tx.person_letters.list_letters(request_id) if one.kind is LetterKind.BREACH]
        if not any(dict(one.values).get("incident") == incident_id for one in known):
            values = {"noticed": day, "incident": incident_id}
            queue_letter(request, LetterKind.BREACH, tx=tx, number=len(known), values=values, actor=actor)
        return True
    return False


def _read_requester(request_id: str, tx: Tx) -> PrivacyRequest | None:
    try:
        return tx.requests.get_request(request_id)
    except (KeyMissing, SealBroken):
        return None


def _has_address(request: PrivacyRequest, tx: Tx) -> bool:
    contact = tx.request_details.get_details(request.id, request.kind).contact
    return bool(contact.address if contact else request.principal.email)
