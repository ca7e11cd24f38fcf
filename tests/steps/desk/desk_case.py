"""Opens nominations, nominees' requests and incidents, approves them and works on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bridge.model import (
    IncidentParticulars,
    NominationParticulars,
    Principal,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.steps.desk.incidents.report_incident import record_incident_report
from bridge.steps.desk.two_person import approve_by_two
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, NOW, SHOP

INCIDENT_TEXT = "Somebody read the mail account of the shop."
RAVI = NominationParticulars(name="Ravi Qwertzuiop", contact="ravi@qwertzuiop.example", relation="brother")
MINA = NominationParticulars(name="Mina Qwertzuiop", contact="+919811122299")


def nominate(services, nominee=RAVI, *, source=RequestSource.OPERATOR, contact=None, run=True):
    request_id = open_person_request(
        RequestKind.NOMINATION,
        SHOP,
        ASHA,
        services.clock.now(),
        actor="operator:test",
        reason="a letter",
        services=services,
        source=source,
        details=RequestDetails(particulars=nominee, contact=contact),
    )
    if run:
        process_request(request_id, services=services)
    return request_id


def list_of_asha(services, principal=ASHA):
    with services.store.read() as tx:
        return tx.nominations.list_nominations_of_person(SHOP, principal)


def read_with_task(services, request_id):
    """Return a request and its first task."""
    with services.store.read() as tx:
        return tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)[0]


def approve_and_process(services, request_id, *actors):
    for actor in actors:
        approve_by_two(request_id, actor=actor, reason="seen", services=services)
        process_request(request_id, services=services)


def open_incident(services, noticed_at=NOW - timedelta(hours=1)):
    details = RequestDetails(particulars=IncidentParticulars(noticed_at=noticed_at, text=INCIDENT_TEXT))
    request_id = open_person_request(
        RequestKind.INCIDENT,
        SHOP,
        Principal(),
        services.clock.now(),
        actor="operator:a",
        reason="ticket 1",
        services=services,
        details=details,
    )
    process_request(request_id, services=services)
    return request_id


def record_report(services: Any, request_id: str, recipient: Any, **given: Any) -> None:
    """Record that somebody was informed, and work on the incident."""
    usual = {"at": services.clock.now(), "actor": "operator:a", "reason": "sent", "services": services}
    record_incident_report(request_id, recipient, **(usual | given))
    process_request(request_id, services=services)
