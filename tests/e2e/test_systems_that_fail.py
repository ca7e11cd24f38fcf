"""Another system is down or refuses: the package names the gap, and the request never fails."""

import pytest

from tests.e2e import processes

ONCE = ["http_500", "reset", "truncated", "throttle", "token_expired"]

TAKEN: set[int] = set()


def with_parcel(town, carrier):
    """Return a person with a parcel at this carrier, each time another one."""
    for person in town.world.people[10:30]:
        carriers = {parcel.holder for order in town.world.list_orders(person) for parcel in order.parcels}
        if carrier in carriers and person.id not in TAKEN:
            TAKEN.add(person.id)
            return person
    raise AssertionError(carrier)


def gaps(shown):
    return {(gap["system"], gap["absence"]) for task in shown["tasks"] for gap in task["gaps"]}


@pytest.mark.parametrize("carrier", ["delhivery", "bluedart"])
def test_a_carrier_that_is_down_leaves_a_gap_and_a_package(town, tmp_path, carrier):
    person = with_parcel(town, carrier)
    getattr(town.stand_ins, carrier).faults.add("http_503", times=None)
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert (shown["state"], shown["complete"]) == ("waiting", False), (
        "it is tried again, and the data subject has an answer"
    )
    assert gaps(shown) == {(carrier, "unreached")}
    (task,) = (task for task in shown["tasks"] if task["system"] == carrier)
    assert (task["state"], task["outcome"], task["attempts"]) == ("retry", "unreached", 1)
    with town.package(shown["id"], tmp_path / "gap.zip") as bag:
        letter = next(bag.read(name) for name in bag.namelist() if name.endswith("00_letter.html")).decode()
    assert "complete" in letter.lower()
    assert {"delhivery": "Delhivery", "bluedart": "Blue Dart"}[carrier] in letter


@pytest.mark.parametrize("carrier", ["delhivery", "bluedart"])
def test_a_carrier_that_refuses_our_credentials_closes_the_request_with_a_gap(town, tmp_path, carrier):
    person = with_parcel(town, carrier)
    getattr(town.stand_ins, carrier).faults.add("http_401", times=None)
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert (shown["state"], shown["complete"]) == ("done", False)
    assert gaps(shown) == {(carrier, "denied")}
    (task,) = (task for task in shown["tasks"] if task["system"] == carrier)
    assert (task["state"], task["outcome"]) == ("failed", "denied")
    with town.package(shown["id"], tmp_path / "gap.zip") as bag:
        assert bag.testzip() is None


def test_after_the_credentials_are_mended_a_replay_completes_it_and_keeps_its_clock(town, tmp_path):
    person = with_parcel(town, "delhivery")
    town.stand_ins.delhivery.faults.add("http_401", times=None)
    town.post("customers/data_request", person=person)
    before = town.closed("access", person)
    town.stand_ins.delhivery.faults.clear()
    replayed = processes.say(town.environ, "dsr", "replay", before["id"], "--json")
    assert replayed.code == 0
    assert replayed.json["replayed"] == ["delhivery"]
    look = lambda: (shown := town.show(before["id"]))["complete"] and shown  # noqa: E731
    after = processes.until("the supplement is there", look)
    assert after["state"] == "done"
    for name in ("received_at", "acknowledge_due_at", "due_at", "due_governed_by", "clocks", "closed_at"):
        assert after[name] == before[name], name
    with town.package(before["id"], tmp_path / "whole.zip") as bag:
        assert bag.testzip() is None


@pytest.mark.parametrize("fault", ONCE)
def test_shopify_failing_once_is_asked_again_and_the_package_is_complete(town, fault):
    person = town.world.people[31 + ONCE.index(fault)]
    town.stand_ins.shopify.faults.add(fault, match="" if fault == "token_expired" else "graphql")
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert (shown["state"], shown["complete"]) == ("done", True)
    assert town.stand_ins.shopify.faults.fired_counts[fault] == 1


def test_shopify_that_denies_a_scope_is_said_to_have_denied(town):
    person = town.world.people[30]
    town.stand_ins.shopify.faults.add("deny_scope", scope="read_draft_orders")
    town.post("customers/data_request", person=person)
    shown = town.closed("access", person)
    assert (shown["state"], shown["complete"]) == ("done", False)
    assert ("shopify", "denied") in gaps(shown)
