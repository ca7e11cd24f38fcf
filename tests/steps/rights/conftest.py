"""A shop with Asha's order and a parcel at a carrier, a platform that can be changed, and an officer who opens requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import (
    ConsentEvent,
    CorrectableOrder,
    CorrectionParticulars,
    CustomerConsents,
    FieldChange,
    NoticePurpose,
    ParcelStatus,
    RequestDetails,
    RequestKind,
    TrackingResult,
)
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, NOW, SHOP, customer, make_services, notified_processors, order, settled_retention
from tests.fakes import FakeChangingPlatform, FakeMailer, FakeTracker
from tests.kit.operator_requests import let_act, list_answers

HOME = "address1: 7 Nowhere Lane\ncity: Agra\nzip: 282001"


class Desk:
    """What an officer does, and what can be seen of it."""

    def __init__(self, store, clock, queue):
        self.store, self.clock, self.mailer = store, clock, FakeMailer()
        clock.at = NOW
        self.platform, self.carrier = FakeChangingPlatform(), FakeTracker("delhivery")
        subscribed = ConsentEvent(
            purpose="marketing",
            channel="email",
            state="subscribed",
            at="2026-03-02T10:00:00Z",
            level="single_opt_in",
            collected_from="",
            contact=ASHA.email,
        )
        self.platform.customer_consents = [CustomerConsents(customer_id="7001", events=(subscribed,))]
        self.carrier.parcels["AWB7007007"] = TrackingResult(number="AWB7007007", status=ParcelStatus.IN_TRANSIT)
        values = {"first_name": "Asha", "last_name": "Qwertzuiop", "email": ASHA.email, "phone": ASHA.phone}
        self.platform.values["7001"] = values | {"address": HOME}
        self.platform.customers[ASHA.email] = "7001"
        self.platform.orders = [CorrectableOrder(id="1001", values=values | {"address": HOME})]
        services = make_services(store, clock, queue, self.platform, self.carrier, mailer=self.mailer)
        officer = replace(
            services.merchant.officer, name="O", designation="Officer", phone="1", domain_control_verified=True
        )
        merchant = replace(services.merchant, processors=notified_processors(), officer=officer)
        self.services = replace(
            services,
            settings=replace(services.settings, mail_from="Mini Miss <privacy@example.in>"),
            merchant=merchant,
            retention=settled_retention(),
        )
        with store.transaction() as tx:
            tx.index.ingest_sightings(SHOP, [customer(), order(1001, parcels=[("Delhivery", "AWB7007007")])])

    def open(self, kind, particulars, principal=ASHA):
        request_id = open_person_request(
            kind,
            SHOP,
            principal,
            self.clock.now(),
            actor="officer",
            reason="e-mail of 12 Nov",
            services=self.services,
            details=RequestDetails(particulars=particulars),
        )
        return let_act(self.services, request_id)

    def correct(self, **changes):
        given = tuple(FieldChange(field=field, new=new) for field, new in changes.items())
        request_id = self.open(RequestKind.CORRECTION, CorrectionParticulars(changes=given))
        self.process(request_id)
        return request_id

    def process(self, request_id):
        return process_request(request_id, services=self.services)

    def notify(self, processor="delhivery"):
        return process_notice_account(f"{SHOP}|{processor}", services=self.services)

    def request(self, request_id):
        with self.store.read() as tx:
            return tx.requests.get_request(request_id)

    def tasks(self, request_id):
        with self.store.read() as tx:
            return {(task.system, task.action): task for task in tx.tasks.list_tasks(request_id)}

    def facts(self, request_id):
        with self.store.read() as tx:
            return tx.evidence.list_facts_of_request(request_id)

    def letters(self, request_id):
        answers = list_answers(self.services, request_id)
        return [(letter.kind, letter.number, dict(letter.values)) for letter in answers]

    def items(self, request_id, purpose=NoticePurpose.CORRECT):
        with self.store.read() as tx:
            return [item for item in tx.notice_items.list_items(request_id=request_id) if item.purpose is purpose]

    def record(self, request_id):
        with self.store.read() as tx:
            return tx.packages.find_certificate(request_id)

    def details(self, request_id):
        request = self.request(request_id)
        with self.store.read() as tx:
            return tx.request_details.get_details(request_id, request.kind)


@pytest.fixture
def desk(store, clock, queue):
    return Desk(store, clock, queue)
