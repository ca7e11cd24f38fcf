"""An erasure with parcels at a carrier and the readers of its results, shared by the tests of notices."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select

from bridge.model import (
    AnswerRow,
    NoticeChannel,
    ParcelStatus,
    Principal,
    ProcessorAnswer,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
    TrackingResult,
    Waybill,
)
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.notices.open_notice_items import open_notice_items
from bridge.steps.notices.record_answer import record_answer
from bridge.steps.requests.process import process_request
from bridge.store.schema.notice_tables import notice_links
from tests.factories import NOW, SHOP, make_request, make_services, make_task, notified_processors, settled_retention
from tests.fakes import FakeMailer, FakeTracker
from tests.kit.durations import days

ACCOUNT = f"{SHOP}|delhivery"
CONSIGNEE = '{"name": "Asha Qwertzuiop"}'


class Case:
    """One shop with two carriers that track parcels, and a mail server."""

    def __init__(self, store, clock, queue):
        self.store, self.clock, self.queue = store, clock, queue
        clock.at = NOW
        self.mailer = FakeMailer()
        self.carrier = FakeTracker("delhivery")
        other = FakeTracker("bluedart")
        other.parcels, other.tracked = self.carrier.parcels, self.carrier.tracked
        services = make_services(store, clock, queue, self.carrier, other, mailer=self.mailer)
        self.services = replace(
            services,
            settings=replace(services.settings, mail_from="Mini Miss <privacy@example.in>"),
            merchant=replace(services.merchant, processors=notified_processors()),
            retention=settled_retention(),
        )

    def at(self, moment):
        self.clock.at = moment

    def erasure(self, *numbers, carrier="delhivery", subject="subject-asha", arrived_days=190, **parcel):
        """Run an erasure with these parcels, which the carrier knows as delivered; return the request."""
        request = make_request(kind=RequestKind.ERASURE, subject=subject, state=RequestState.IN_PROGRESS)
        values = {"shipped_at": self.clock.at - days(200)} | parcel
        parcels = [
            Waybill(number=number, carrier=carrier, order_id="1001", order_name="#1001", **values) for number in numbers
        ]
        for number in numbers:
            self.carrier.parcels.setdefault(number, TrackingResult(number=number, status=ParcelStatus.UNKNOWN))
            if carrier != "unknown":
                self.move(number, ParcelStatus.DELIVERED, at=self.clock.at - days(arrived_days))
        erased = make_task(request.id, "bridge", TaskAction.ERASE, state=TaskState.DONE, finished_at=NOW)
        with self.store.transaction() as tx:
            tx.requests.open_request(request, idempotency_key=request.id, tasks=[erased])
            open_notice_items(request, Principal(), parcels, {}, tx=tx, services=self.services)
        return request

    def move(self, number, status, *, at=None, **values):
        known = {"cod": False, "consignee": CONSIGNEE} | values
        self.carrier.parcels[number] = TrackingResult(number=number, status=status, status_at=at, **known)

    def run(self, account=ACCOUNT):
        return process_notice_account(account, services=self.services)

    def process(self, request):
        process_request(request.id, services=self.services)

    def notices(self):
        with self.store.transaction() as tx:
            return tx.notices.list_notices()

    def entries(self, **which):
        with self.store.transaction() as tx:
            return tx.notice_items.list_items(**which)

    def tasks(self, request):
        with self.store.transaction() as tx:
            return [task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.NOTIFY_PROCESSOR]

    def request(self, request):
        with self.store.transaction() as tx:
            return tx.requests.get_request(request.id)

    def links(self):
        with self.store.transaction() as tx:
            return tx.session.connection.scalar(select(func.count()).select_from(notice_links))


def facts(case, request):
    with case.store.transaction() as tx:
        return [event.fact for event in tx.evidence.list_facts_of_request(request.id)]


def says(case, request):
    """Return the request's certificate."""
    with case.store.transaction() as tx:
        return tx.packages.find_certificate(request.id)


def erased_by(case, notice, answer=ProcessorAnswer.ERASED, **more):
    """Record the same answer for every item."""
    answer_row = AnswerRow(answer=answer, **more)
    entries = case.entries(notice_id=notice.id)
    return record_answer(
        notice.id,
        {entry.id: answer_row for entry in entries},
        via=NoticeChannel.PAGE,
        actor=f"processor:{notice.processor}",
        services=case.services,
    )
