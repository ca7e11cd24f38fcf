"""`review …`: list, show, find and close what waits for a person."""

from __future__ import annotations

import pytest

from bridge.model import DoubtedCustomer, FindingPage, Outcome, TaskState
from bridge.sandbox.processes import ROOT
from bridge.steps.access.doubtful_orders import record_doubtful_orders
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.doubtful_customers import record_doubtful_customers
from tests.e2e import processes
from tests.factories import accepted, make_request, make_task, opened, order_body

NOTE = "IFSC HDFC0001234"


@pytest.fixture
def flagged(tmp_path):
    """A database in which two notes were flagged."""
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    with processes.services(environ) as services:
        accepted(services.store, "orders/create", order_body(1001, note=NOTE), shop=processes.SHOP)
        accepted(services.store, "customers/update", {"id": 7001, "note": NOTE}, shop=processes.SHOP)
        index_deliveries(processes.SHOP, services=services)
        with services.store.transaction() as tx:
            tx.reviews.open_review(processes.SHOP, "quarantine", "metafield x.y", request_id="req_1")
    return environ


def say(environ, *words):
    return processes.say(environ, "review", *words)


def test_reviews_are_listed_by_kind_and_named_by_doctor(flagged):
    rows = say(flagged, "list", "--kind", "bank_details", "--json").json
    assert sorted(row["what"] for row in rows) == ["customer note: ifsc", "order note: ifsc"]
    assert len(say(flagged, "list", "--json").json) == 3
    checks = processes.say(flagged, "doctor", "--offline", "--json").json["checks"]
    waiting = {check["name"]: (check["ok"], check["detail"][:2]) for check in checks if "reviews" in check["name"]}
    assert waiting == {"reviews bank_details": (None, "2 "), "reviews quarantine": (None, "1 ")}


def test_the_order_is_named_only_with_a_reason_and_found_by_its_number(flagged):
    (order_note,) = (row for row in say(flagged, "list", "--json").json if row["what"].startswith("order"))
    plain = say(flagged, "show", order_note["id"])
    assert plain.code == 0
    assert "1001" not in plain.out
    assert say(flagged, "show", order_note["id"], "--reveal").code == 2
    shown = say(flagged, "show", order_note["id"], "--reveal", "--reason", "to clear the note", "--json").json
    assert (shown["order_id"], shown["order_name"]) == ("1001", "#1001")
    found = say(flagged, "find", "--shop", processes.SHOP, "--order-id", "gid://shopify/Order/1001", "--json").json
    assert [row["id"] for row in found] == [order_note["id"]]
    assert say(flagged, "find", "--shop", processes.SHOP, "--order-id", "1002", "--json").json == []
    found = say(flagged, "find", "--shop", processes.SHOP, "--customer-id", "7001", "--json").json
    assert [row["what"] for row in found] == ["customer note: ifsc"]
    assert say(flagged, "find", "--shop", processes.SHOP, "--customer-id", "7002", "--json").json == []
    assert say(flagged, "find", "--shop", processes.SHOP).code == 2
    blank = say(flagged, "show", found[0]["id"], "--reveal", "--reason", "to clear the note", "--json").json
    assert (blank["order_id"], blank["order_name"]) == ("", "")
    with processes.services(flagged) as services, services.store.transaction() as tx:
        revealed = [event.detail for event in tx.evidence.iterate_facts() if event.fact == "personal_data.revealed"]
    assert revealed[0] == {"what": "review", "review": order_note["id"], "reason": "to clear the note"}


def test_a_review_is_closed_once(flagged):
    mark = say(flagged, "list", "--kind", "quarantine", "--json").json[0]["id"]
    assert say(flagged, "close", mark).code == 2
    assert say(flagged, "close", mark, "--reason", "field is ours", "--json").json == {"id": mark, "closed": True}
    assert say(flagged, "close", mark, "--reason", "again").code == 1
    assert say(flagged, "show", "rev_nobody").code == 1
    assert mark not in say(flagged, "list").out
    assert mark in say(flagged, "list", "--all").out


def test_a_review_of_a_parcel_is_closed_with_a_decision(flagged):
    with processes.services(flagged) as services, services.store.transaction() as tx:
        review = tx.reviews.open_parcel_review(processes.SHOP, "why", order_id="1001", waybill="AWB1")
    assert say(flagged, "close", review.id, "--reason", "looked").code == 2
    closed = say(flagged, "close", review.id, "--reason", "looked", "--release", "--yes", "--json").json
    assert closed == {"id": review.id, "closed": True, "decision": "released", "entries": 0}
    assert say(flagged, "close", review.id, "--reason", "again", "--refuse", "--yes").code == 1
    assert say(flagged, "show", review.id, "--json").json["decision"] == "released"
    (note, *_) = say(flagged, "list", "--kind", "bank_details", "--json").json
    assert say(flagged, "close", note["id"], "--reason", "cleared", "--refuse", "--yes").code == 2


def test_doctor_reports_a_word_of_scan_for_that_is_unknown(flagged, tmp_path):
    kept = (ROOT / "config" / "retention.toml").read_text()
    mistyped = tmp_path / "retention.toml"
    mistyped.write_text(kept.replace('scan_for = ["ifsc"', 'scan_for = ["ifcs"'))
    output = processes.say(flagged | {"BRIDGE_RETENTION_FILE": str(mistyped)}, "doctor", "--offline", "--json")
    (check,) = (check for check in output.json["checks"] if check["name"] == "scan_for")
    assert check["ok"] is False
    assert check["detail"].startswith("ifcs: not one of ifsc, ")
    assert output.code == 1


def test_a_review_of_an_order_is_closed_with_a_decision_and_runs_the_request_again(flagged):
    """The order is named on demand, though the index does not know it."""
    with processes.services(flagged) as services:
        request = make_request(shop=processes.SHOP, subject="asha")
        task = make_task(request.id, state=TaskState.DONE, outcome=Outcome.INCOMPLETE)
        with services.store.transaction() as tx:
            opened(tx, request, task)
            page = FindingPage(findings=(), cursor="", doubtful_orders=("2001",))
            record_doubtful_orders(request, task, page, tx)
            [review] = tx.reviews.list_reviews(kind="order_in_doubt")
    shown = say(flagged, "show", review.id, "--reveal", "--reason", "to see whose it is", "--json").json
    assert shown["order_id"] == "2001"
    assert say(flagged, "close", review.id, "--reason", "looked").code == 2
    closed = say(flagged, "close", review.id, "--reason", "the same customer", "--release", "--yes", "--json").json
    assert closed == {"id": review.id, "closed": True, "decision": "released", "request_id": request.id}
    assert say(flagged, "close", review.id, "--reason", "again", "--refuse", "--yes").code == 1
    with processes.services(flagged) as services, services.store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal.confirmed_order_ids == ("2001",)
        assert [one.state for one in tx.tasks.list_tasks(request.id)] == [TaskState.PENDING]


@pytest.mark.parametrize(
    ("flag", "field"), [("--release", "further_customer_ids"), ("--refuse", "foreign_customer_ids")]
)
def test_a_review_of_a_customer_is_closed_with_a_decision_and_runs_the_request_again(flagged, flag, field):
    with processes.services(flagged) as services:
        request = make_request(shop=processes.SHOP, subject="asha")
        task = make_task(request.id, state=TaskState.DONE, outcome=Outcome.INCOMPLETE)
        doubt = DoubtedCustomer(id="7002", found_by=(("email", "asha@work.example.com"),), beside="7001")
        with services.store.transaction() as tx:
            opened(tx, request, task)
            page = FindingPage(findings=(), cursor="", doubtful_customers=(doubt,))
            record_doubtful_customers(request, task, page, tx)
            [review] = tx.reviews.list_reviews(kind="several_customers")
    assert "7002" not in str(say(flagged, "show", review.id, "--json").json)
    shown = say(flagged, "show", review.id, "--reveal", "--reason", "to see who it is", "--json").json
    assert (shown["customer_id"], shown["found_by"]) == ("7002", "email")
    assert say(flagged, "close", review.id, "--reason", "looked").code == 2
    closed = say(flagged, "close", review.id, "--reason", "seen at the desk", flag, "--yes", "--json").json
    assert closed["request_id"] == request.id
    with processes.services(flagged) as services, services.store.transaction() as tx:
        assert getattr(tx.requests.get_request(request.id).principal, field) == ("7002",)


def test_a_review_that_names_no_customer_is_closed_without_a_decision(flagged):
    """The release before wrote such reviews."""
    with processes.services(flagged) as services, services.store.transaction() as tx:
        review_id = tx.reviews.open_review(processes.SHOP, "several_customers", "of the release before")
    assert say(flagged, "close", review_id, "--reason", "looked").code == 0


def test_v05_a_search_is_recorded_with_the_number_of_its_results(office):
    """Requirement V-05: by what, where and how many; never what was searched for."""
    person, shop = office.world.asha, office.world.shop
    [order, *_] = office.world.list_orders(office.world.bikram)
    searches = [
        ("review", "find", "--order-id", str(order.id)),
        ("review", "find", "--customer-id", str(person.id)),
        ("refund", "list", "--order-id", str(order.id)),
        ("vault", "list", "--order-id", str(order.id)),
        ("dsr", "open", "access", "--customer-id", str(person.id), "--reason", "a letter", "--dry-run"),
    ]
    for words in searches:
        assert office.say(*words, "--shop", shop, "--json").code == 0
    with office.services.store.read() as tx:
        facts = list(tx.evidence.iterate_facts())[-len(searches) :]
    assert {fact.fact for fact in facts} == {"records.searched"}
    assert [(fact.detail["by"], fact.detail["where"]) for fact in facts] == [
        ("order", "reviews"), ("customer", "reviews"), ("order", "refunds"), ("order", "documents"), ("person", "requests"),
    ]  # fmt: skip
    assert all(isinstance(fact.detail["results"], int) and fact.actor.startswith("operator") for fact in facts)
    assert str(person.id) not in str([fact.detail for fact in facts])
    assert office.say("vault", "list", "--json").code == 0
    assert office.facts()[-1] == "records.searched", "a listing is no search"
    assert office.facts().count("records.searched") == len(searches)
