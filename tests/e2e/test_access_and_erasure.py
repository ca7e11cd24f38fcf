"""One person requests a copy, another erasure, a shop leaves: what can be seen from outside."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bridge.model import Fact, Principal
from bridge.sandbox import webhooks
from tests.e2e import processes


def words(person, world):
    """Return all values that identify a person."""
    orders = world.list_orders(person)
    return [
        person.last,
        person.email,
        person.phone.removeprefix("+91"),
        str(person.address["address1"]),
        str(person.id),
        *(str(order.id) for order in orders),
        *(parcel.waybill for order in orders for parcel in order.parcels),
    ]


def test_an_access_request_becomes_a_package_with_all_that_was_planted(town, tmp_path):
    asha = town.world.asha
    town.ship(asha)
    town.post("customers/data_request", request_id=501)
    shown = town.closed("access", asha)
    assert (shown["state"], shown["complete"], shown["external_ref"]) == ("done", True, "501")
    assert {task["system"]: task["state"] for task in shown["tasks"]} == {
        "shopify": "done",
        "delhivery": "done",
        "bluedart": "done",
        "shiprocket": "done",
        "aftership": "done",
    }
    with town.package(shown["id"], tmp_path / "asha.zip") as bag:
        assert bag.testzip() is None
        files = {name.partition("/")[2] or name: bag.read(name) for name in bag.namelist()}
    assert "00_letter.html" in files
    assert "manifest-sha256.txt" in files
    everything = b"".join(files.values())
    parcels = [parcel for order in town.world.list_orders(asha) for parcel in order.parcels]
    seeded = [asha.email, asha.last, "7 Nowhere Lane", "Happy birthday Asha", *(parcel.waybill for parcel in parcels)]
    assert [word for word in seeded if word.encode() not in everything] == []
    assert town.world.bikram.email.encode() not in everything


def test_t21_no_personal_data_is_in_the_clear_while_it_is_held(town):
    """Requirement P-66."""
    canaries = words(town.world.asha, town.world)
    seeded = town.folder / "planted"
    seeded.write_text(f"nobody but {canaries[1]}")
    assert town.traces(canaries) == ["planted"], "the search finds what is there"
    seeded.unlink()
    assert town.traces(canaries) == []


def test_an_erasure_ends_in_a_certificate_and_a_late_webhook_brings_nobody_back(town, tmp_path):
    bikram = town.world.bikram
    town.ship(bikram)
    town.control("redact", customer_id=bikram.id)
    town.post("customers/redact", person=bikram)
    shown = town.closed("erasure", bikram)
    assert (shown["state"], shown["complete"]) == ("waiting", False), "the carriers have not answered"
    tasks = {(task["system"], task["action"]): task for task in shown["tasks"]}
    assert tasks["bridge", "erase"]["outcome"] == "erased"
    assert tasks["shopify", "follow"]["outcome"] == "erased"
    for carrier in ("delhivery", "bluedart", "shiprocket"):
        task = tasks[carrier, "instruct"]
        assert (task["state"], task["outcome"], task["records"]) == ("waiting", "unconfirmed", 1)
    certificate = town.certificate(shown["id"], tmp_path / "certificate.json")
    assert certificate["outcome"] == "erased_here_others_must_answer"
    counts = {row["table"]: row["count"] for row in certificate["erased"]}
    assert (counts["orders"], counts["parcels"]) == (3, 3)
    kept = {row["category"]: row for row in certificate["kept"]}
    assert all(row["grounds"] for row in kept.values())
    assert kept["suppression"]["until"]
    assert kept["request_evidence"]["until"]
    assert {row["records"] for row in certificate["processors"]} == {1}
    dropped = town.count(Fact.LATE_DELIVERY_DROPPED)
    for order in town.world.list_orders(bikram):
        town.post("orders/updated", order=order)
        town.post("fulfillments/update", parcel=order.parcels[0])
    town.settled()
    assert town.count(Fact.LATE_DELIVERY_DROPPED) > dropped
    who = Principal(
        customer_id=str(bikram.id),
        email=bikram.email,
        order_ids=tuple(str(order.id) for order in town.world.list_orders(bikram)),
    )
    with town.services.store.transaction() as tx:
        assert tx.index.list_parcels(town.world.shop, who) == []
    his = words(bikram, town.world)
    assert town.traces(his) == []
    evidence = (tmp_path / "certificate.json").read_text()
    assert [word for word in his if word in evidence] == []


def test_a_shop_that_leaves_without_data_is_closed_by_itself(town):
    shop = "never-had-anything.myshopify.com"
    body = {"shop_id": 954889, "shop_domain": shop}
    assert town.post_raw("shop/redact", json.dumps(body).encode(), shop=shop) == 200
    closed = lambda: [each for each in town.requests("shop_erasure") if each.shop == shop and each.closed_at]  # noqa: E731
    (request,) = processes.until("shop/redact is closed", closed)
    shown = town.show(request.id)
    assert (shown["state"], shown["complete"]) == ("done", True)
    assert shown["tasks"][0]["outcome"] == "absent"


def test_the_same_request_twice_and_at_once_is_one_request(town):
    person = town.world.people[5]
    raw = webhooks.build_body("customers/data_request", town.world, person=person, request_id=777)
    bodies = [raw + b" " * blanks for blanks in range(8)]  # other bytes, other ids: only Shopify's own id is equal
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda each: town.post_raw("customers/data_request", each), bodies)) == {200}
    shown = town.closed("access", person)
    town.settled()
    assert town.post_raw("customers/data_request", raw + b" " * 9) == 200
    town.settled()
    assert [each.id for each in town.asked("access", person)] == [shown["id"]]
    facts = town.facts(shown["id"])
    assert (facts["request.opened"], facts["request.joined"]) == (1, 8)


def test_another_request_of_the_same_person_later_is_answered_anew_with_a_clock_of_its_own(town):
    person = town.world.people[6]
    town.post("customers/data_request", person=person, request_id=801)
    first = town.closed("access", person)
    town.post("customers/data_request", person=person, request_id=802)
    both = processes.until(
        "both are answered",
        lambda: [
            len(closed) for closed in [[e for e in town.asked("access", person) if e.closed_at]] if len(closed) == 2
        ],
    )
    assert both == [2]
    assert first["id"] in {each.id for each in town.asked("access", person)}


def test_somebody_nobody_knows_is_told_that_nothing_is_held(town, tmp_path):
    stranger = replace(town.world.people[7], id=424242424242, email="stranger@example.com", phone="+919000099999")
    raw = webhooks.build_body("customers/data_request", town.world, person=stranger, request_id=901, orders=[])
    assert town.post_raw("customers/data_request", raw) == 200
    shown = town.closed("access", stranger)
    assert (shown["state"], shown["complete"]) == ("done", True)
    assert {task["outcome"] for task in shown["tasks"]} == {"absent"}
    with town.package(shown["id"], tmp_path / "nobody.zip") as bag:
        assert bag.testzip() is None


def test_two_people_whose_requests_carry_the_same_number_each_get_an_answer(town):
    one, other = town.world.people[8:10]
    for person in (one, other):
        town.post("customers/data_request", person=person, request_id=9999)
    ids = {town.closed("access", person)["id"] for person in (one, other)}
    assert len(ids) == 2
