"""Another customer's waybill stands in an order: what access, erasure and the operator's commands make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND
from bridge.sandbox import webhooks
from tests.e2e import processes


@pytest.fixture
def two(town):
    """Return a person with a parcel at Delhivery on the merchant's account, and another's parcel there."""
    parcels = [
        (person, order.parcels[0])
        for person in town.world.people[20:]  # the first ones are the other tests'
        for order in town.world.list_orders(person)
        if order.parcels and order.parcels[0].carrier == order.parcels[0].holder == "delhivery"
    ]
    people = [one for one in parcels if not town.asked("access", one[0]) and not town.asked("erasure", one[0])]
    (person, own), *others = people
    other = next(each for who, each in others if who.id != person.id and who.last != person.last)
    town.ship(person)
    return person, own, other


def post_fulfillment(town, topic, parcel, waybill, *, number, at):
    body = json.loads(webhooks.build_body("fulfillments/create", town.world, parcel=parcel))
    body |= {"id": number, "updated_at": at.isoformat(), "tracking_number": waybill, "tracking_numbers": [waybill]}
    body |= {"tracking_url": None, "tracking_urls": []}
    assert town.post_raw(topic, json.dumps(body).encode()) == 200
    town.settled()


def read_package(town, request_id, target):
    with town.package(request_id, target) as bag:
        return b"".join(bag.read(name) for name in bag.namelist()), json.loads(
            next(bag.read(name) for name in bag.namelist() if name.endswith("manifest.json"))
        )


def test_a_number_that_was_corrected_is_not_in_the_package(town, two, tmp_path):
    person, own, other = two
    now = datetime.now(UTC)
    post_fulfillment(town, "fulfillments/create", own, other.waybill, number=77001, at=now - timedelta(hours=2))
    post_fulfillment(town, "fulfillments/update", own, own.waybill, number=77001, at=now - timedelta(hours=1))
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert shown["complete"] is True
    content, _ = read_package(town, shown["id"], tmp_path / "corrected.zip")
    assert own.waybill.encode() in content
    assert other.waybill.encode() not in content


def test_a_number_that_nobody_corrected_is_withheld_until_an_operator_decides(town, two, tmp_path):
    person, own, other = two
    post_fulfillment(town, "fulfillments/create", own, other.waybill, number=77002, at=datetime.now(UTC))
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert shown["complete"] is False
    content, manifest = read_package(town, shown["id"], tmp_path / "withheld.zip")
    gaps = manifest["completeness"]["gaps"]
    assert {gap["source"] for gap in gaps} == {"delhivery", "aftership"}, "each of them has a copy"
    assert {(gap["kind"], gap["reason"], gap["what"]) for gap in gaps} == {
        ("withheld", "parcel_contradicted", "1 waybill")
    }
    others = (other.waybill, other.consignee.name, other.order_name, other.consignee.phone.removeprefix("+91"))
    assert [word for word in others if word.encode() in content] == []
    doctor = processes.say(town.environ, "doctor", "--offline", "--json").json["checks"]
    assert f"reviews {PARCEL_REVIEW_KIND}" in {check["name"] for check in doctor}

    town.control("redact", customer_id=person.id)
    town.post("customers/redact", person=person)
    erasure = town.closed("erasure", person)
    with town.services.store.transaction() as tx:
        items = tx.notice_items.list_items(request_id=erasure["id"])
    waiting = {item.reference: bool(item.matters) for item in items}
    assert waiting[other.waybill] is True
    assert waiting[own.waybill] is False

    reviews = processes.say(town.environ, "review", "list", "--kind", PARCEL_REVIEW_KIND, "--json").json
    [review] = [row for row in reviews if row["request_id"] == shown["id"]]
    close = ("review", "close", review["id"], "--reason", "typing error")
    assert processes.say(town.environ, *close).code == 2, "it must be decided"
    assert processes.say(town.environ, *close, "--refuse", "--yes", "--json").json["entries"] == 1
    assert processes.say(town.environ, *close, "--refuse", "--yes").code == 1
    with town.services.store.transaction() as tx:
        items = tx.notice_items.list_items(request_id=erasure["id"])
    assert other.waybill not in {item.reference for item in items}
