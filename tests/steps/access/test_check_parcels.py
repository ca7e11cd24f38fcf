"""A carrier's record is the data subject's by evidence, never by its number alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import Absence, Finding, Outcome, ParcelStatus, TaskState
from bridge.rules.index.minimise import extract_sighting
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND
from bridge.steps.access.gather import gather_records
from tests.factories import ASHA, NOW, SHOP, make_request, make_task, opened, order_body
from tests.fakes import FakeCarrier, page
from tests.steps.parcel_case import ADDRESS, A, B, fulfillment

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ASHAS = {"name": "Asha Qwertzuiop", "phones": ["9811122233"], "pin": "560001"}
OTHERS = {"name": "Bikram Other", "phones": ["9822233344"], "pin": "700091", "address_lines": ["1 Elsewhere"]}


class Carrier(FakeCarrier):
    """A carrier whose records are given by number."""

    def __init__(self):
        super().__init__("delhivery")
        self.records = {}

    def gather(self, principal, *, shop, parcels, cursor=""):
        self.asked.append((principal, tuple(parcel.number for parcel in parcels), cursor))
        for number in range(int(cursor or 0), len(parcels)):
            body = self.records.get(parcels[number].number)
            found = Finding(kind="shipment", ref=parcels[number].number, matched_by="waybill", body=body or {})
            yield replace(page(*([found] if body else [])), cursor=str(number + 1))


def record(number, reference="#1001", consignee=ASHAS, **more):
    return {"waybill": number, "order_reference": reference, "status": "delivered", "consignee": consignee} | more


def platform_order(*numbers, **more):
    """Make the finding of order 1001 with these numbers in one fulfilment."""
    tracking = [{"company": "Delhivery", "number": number, "url": None} for number in numbers]
    body = {
        "legacyResourceId": "1001",
        "name": "#1001",
        "shippingAddress": {"name": "Asha Qwertzuiop", "zip": "560001", "phone": ASHA.phone},
        "fulfillments": [{"id": "gid://shopify/Fulfillment/80001", "status": "SUCCESS", "trackingInfo": tracking}],
    }
    return Finding(kind="order", ref="1001", matched_by="customer_id", body=body | more)


@pytest.fixture
def gathered(services, platform):
    """Return a runner of Asha's access request: first the platform, then the carrier."""
    services.connectors["delhivery"] = carrier = Carrier()
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id), make_task(request.id, "delhivery"))

    def run(*systems):
        for system in systems or ("shopify", "delhivery"):
            with services.store.transaction() as tx:
                tx.session.connection.exec_driver_sql("UPDATE requests SET lease_until = NULL, attempts = 0")
            with services.store.transaction() as tx:
                lease = tx.requests.acquire_lease(request.id)
                [task] = [one for one in tx.tasks.list_tasks(request.id) if one.system == system]
            saved = gather_records(request, task, lease, services=services)
        return saved

    def learn(*events):
        for topic, body in events:
            with services.store.transaction() as tx:
                tx.index.ingest_sightings(SHOP, [extract_sighting(topic, body)])

    run.carrier, run.learn, run.request, run.platform = carrier, learn, request, platform
    return run


def stored(services, gathered):
    with services.store.transaction() as tx:
        return [found.ref for system, found in tx.findings.read_findings(gathered.request.id) if system == "delhivery"]


def list_parcel_reviews(services, *, is_open=True):
    with services.store.transaction() as tx:
        return tx.reviews.list_reviews(kind=PARCEL_REVIEW_KIND, is_open=is_open)


def decide(services, decision):
    [review] = list_parcel_reviews(services)
    with services.store.transaction() as tx:
        assert tx.reviews.close_review(review.id, actor="op", reason="looked", decision=decision)


CREATED = ("orders/create", order_body(1001, shipping_address=ADDRESS))


def test_a_number_that_was_corrected_is_not_asked_about(services, gathered):
    wrong, right = ("fulfillments/create", fulfillment(A)), ("fulfillments/update", fulfillment(B, at=1))
    gathered.learn(CREATED, wrong, right)
    gathered.carrier.records = {A: record(A, "#1002", OTHERS), B: record(B)}
    task = gathered()
    assert [asked for _, asked, _ in gathered.carrier.asked] == [(B,)]
    assert (task.outcome, task.gaps, stored(services, gathered)) == (Outcome.FOUND, (), [B])


@pytest.mark.parametrize("order_of_arrival", [(0, 1), (1, 0), (1, 0, 0), (0, 1, 0)])
def test_a_late_event_brings_no_number_back(gathered, order_of_arrival):
    events = [("fulfillments/create", fulfillment(A)), ("fulfillments/update", fulfillment(B, at=1))]
    gathered.learn(CREATED, *(events[at] for at in order_of_arrival))
    gathered.carrier.records = {B: record(B)}
    gathered()
    assert gathered.carrier.asked[0][1] == (B,)


def test_the_orders_own_event_corrects_too(gathered):
    newer = order_body(1001, at=NOW, fulfillments=[fulfillment(B, at=2)])
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)), ("orders/updated", newer))
    gathered()
    assert gathered.carrier.asked[0][1] == (B,)


def test_what_the_platform_lists_now_counts_where_a_webhook_was_missed(gathered):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    gathered.platform.pages = [page(platform_order(B))]
    gathered()
    assert gathered.carrier.asked[0][1] == (B,)


def test_two_fulfilments_and_several_numbers_of_one_all_stay(gathered):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)), ("fulfillments/create", fulfillment(B, number=2)))
    gathered.learn(("fulfillments/create", fulfillment("14908123456730", "14908123456744", number=3)))
    gathered()
    assert gathered.carrier.asked[0][1] == (A, B, "14908123456730", "14908123456744")


def test_a_number_that_moved_to_another_order_is_asked_about_for_that_one_only(gathered):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)), ("fulfillments/update", fulfillment(B, at=1)))
    gathered.learn(
        ("orders/create", order_body(1005)), ("fulfillments/create", fulfillment(A, number=9) | {"order_id": 1005})
    )
    gathered()
    assert gathered.carrier.asked[0][1] == (A, B), "both orders are Asha's"


@pytest.mark.parametrize("source", ["webhooks", "platform"])
def test_another_persons_record_is_withheld_counted_and_reviewed(services, gathered, source):
    if source == "webhooks":
        gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    else:
        gathered.platform.pages = [page(platform_order(A))]
    gathered.carrier.records = {A: record(A, "#1002", OTHERS)}
    task = gathered()
    assert (task.state, task.outcome, stored(services, gathered)) == (TaskState.DONE, Outcome.INCOMPLETE, [])
    [gap] = task.gaps
    assert (gap.absence, gap.what, gap.reason) == (Absence.WITHHELD, "1 waybill", "parcel_contradicted")
    [review] = list_parcel_reviews(services)
    assert review.request_id == gathered.request.id
    assert not [word for word in ("Bikram", "Other", "1002", A) if word in repr((review, task))]


@pytest.mark.parametrize(
    "agreeing",
    [{"reference": "MM-1001"}, {"name": "asha  QWERTZUIOP"}, {"phones": ["098111-22233"]}, {"pin": "560001"}],
    ids=lambda agreeing: next(iter(agreeing)),
)
def test_a_record_with_one_agreeing_field_passes(services, gathered, agreeing):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    reference = agreeing.get("reference", "#1002")
    person = OTHERS | {name: value for name, value in agreeing.items() if name != "reference"}
    gathered.carrier.records = {A: record(A, reference, person)}
    assert (gathered().outcome, stored(services, gathered)) == (Outcome.FOUND, [A])


def test_the_person_whom_a_gift_is_for_counts_as_well_as_the_customer(services, gathered):
    gift = ADDRESS | {"name": "Bikram Other", "phone": "9822233344", "zip": "700091"}
    gathered.learn(("orders/create", order_body(1001, shipping_address=gift)), ("fulfillments/create", fulfillment(A)))
    gathered.carrier.records = {A: record(A, None, OTHERS)}
    assert gathered().outcome is Outcome.FOUND


def test_where_nothing_can_be_compared_the_listing_is_enough_and_a_cancelled_one_is_not(services, gathered):
    blank = record(A, None, {"name": "A****", "phones": ["98******33"], "pin": None})
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    gathered.carrier.records = {A: blank}
    assert gathered().outcome is Outcome.FOUND
    gathered.learn(("fulfillments/update", fulfillment(A, at=1, status="cancelled")))
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(gathered.request.id)
    task = gathered()
    assert [(gap.absence, gap.reason) for gap in task.gaps] == [(Absence.WITHHELD, "parcel_unproven")]
    gathered.carrier.records = {A: record(A)}
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(gathered.request.id)
    assert gathered().outcome is Outcome.FOUND, "a cancelled shipment is the data subject's where its record shows it"


def test_a_parcel_that_goes_back_has_the_merchant_as_consignee(services, gathered):
    back = {"deliverable": {"tracking": {"carrierName": "Delhivery", "number": A}}}
    returned = [{"id": 9, "reverseFulfillmentOrders": [{"reverseDeliveries": [back]}]}]
    gathered.platform.pages = [page(platform_order(B, returns=returned))]
    merchant = {"name": "Mini Miss Warehouse", "phones": ["9000000099"], "pin": "282002"}
    gathered.carrier.records = {A: record(A, "RMA-77", merchant), B: record(B)}
    assert (gathered().outcome, stored(services, gathered)) == (Outcome.FOUND, [A, B])
    gathered.carrier.records[A] = record(A, "#1002", merchant)
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(gathered.request.id)
        tx.findings.delete_findings(gathered.request.id)
    assert (gathered().outcome, stored(services, gathered)) == (Outcome.INCOMPLETE, [B])


def test_a_second_waybill_goes_where_the_first_goes(services, gathered):
    class Returning(Carrier):
        def gather(self, principal, *, shop, parcels, cursor=""):
            for one in super().gather(principal, shop=shop, parcels=parcels, cursor=cursor):
                back = Finding(
                    kind="shipment",
                    ref="R1",
                    matched_by="waybill",
                    body=record("R1", f"074 - {A}", {"name": "Mini Miss"}) | {"belongs_to": A},
                )
                yield replace(one, findings=(*one.findings, back))

    services.connectors["delhivery"] = gathered.carrier = Returning()
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    gathered.carrier.records = {A: record(A)}
    gathered()
    assert stored(services, gathered) == [A, "R1"]
    gathered.carrier.records = {A: record(A, "#1002", OTHERS)}
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(gathered.request.id)
        tx.findings.delete_findings(gathered.request.id)
    gathered()
    assert stored(services, gathered) == []


def test_a_parcel_that_the_carrier_does_not_know_holds_nothing_to_withhold(services, gathered):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A)))
    gathered.carrier.records = {A: {"waybill": A, "status": ParcelStatus.NOT_FOUND.value, "consignee": None}}
    assert (gathered().gaps, stored(services, gathered)) == ((), [A])


@pytest.mark.parametrize(("decision", "asked", "kept"), [("released", 2, [A, B]), ("refused", 2, [B])])
def test_an_operators_decision_completes_the_request(services, gathered, decision, asked, kept):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A, B)))
    gathered.carrier.records = {A: record(A, "#1002", OTHERS), B: record(B)}
    assert gathered().outcome is Outcome.INCOMPLETE
    decide(services, decision)
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(gathered.request.id)
    task = gathered("delhivery")
    assert (task.outcome, task.gaps, stored(services, gathered)) == (Outcome.FOUND, (), kept)
    assert len(gathered.carrier.asked) == asked
    assert list_parcel_reviews(services) == []


def test_a_run_that_begins_again_asks_nobody_twice_and_keeps_its_count(services, gathered):
    gathered.learn(CREATED, ("fulfillments/create", fulfillment(A, B)))
    gathered.carrier.records = {A: record(A, "#1002", OTHERS), B: record(B)}
    gathered()
    with services.store.transaction() as tx:
        [task] = [one for one in tx.tasks.list_tasks(gathered.request.id) if one.system == "delhivery"]
        tx.tasks.save_task(replace(task, state=TaskState.PENDING))
    again = gathered("delhivery")
    assert [gap.what for gap in again.gaps] == ["1 waybill"]
    assert (len(list_parcel_reviews(services)), stored(services, gathered)) == (1, [B])
