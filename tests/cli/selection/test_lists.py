"""Lists are narrowed alike, say how many rows there are, how to see the next, and which filter leaves nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import DeliveryState
from bridge.rules.requests.failure_classes import describe_class
from tests.cli.conftest import open_office
from tests.e2e import processes

ROWS = 7


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A bridge with some requests of two kinds, and deliveries that failed for two reasons."""
    with open_office(tmp_path_factory.mktemp("busy"), 40) as office:
        for number in range(ROWS):
            office.take(
                "customers/data_request", person=office.world.people[number], request_id=600 + number, work=number < 2
            )
        office.take("customers/redact", person=office.world.people[1])
        for number in range(ROWS, ROWS + 2):
            office.fail(office.take("customers/redact", work=False, person=office.world.people[number]))
        lost = office.take("customers/redact", work=False, person=office.world.people[ROWS + 2])
        with office.services.store.transaction() as tx:
            lease, _ = tx.inbox.acquire_lease(lost)
            tx.inbox.finish_delivery(lease, DeliveryState.FAILED, "KeyMissing")
        yield office


@pytest.mark.parametrize("words", [("dsr", "list"), ("inbox", "list")])
def test_a_cut_list_says_of_how_many_and_how_to_see_the_next(busy, words):
    whole = busy.say(*words, "--json")
    assert whole.err == ""
    ids, seen, after = [row["id"] for row in whole.json], [], ()
    while True:
        page = busy.say(*words, "--limit", "2", *after, "--json")
        rows = page.json
        seen += [row["id"] for row in rows]
        if len(seen) == len(ids):
            break
        noun = {"dsr": "requests", "inbox": "deliveries"}[words[0]]
        assert page.err == f"2 of {len(ids)} {noun}. The next page: --after {rows[-1]['id']}\n"
        after = ("--after", rows[-1]["id"])
    assert seen == ids
    assert page.err == ""
    assert f"2 of {len(ids)}" in busy.say(*words, "--limit", "2").out
    assert "Nothing comes after" in busy.say(*words, "--after", ids[-1]).out
    unknown = busy.say(*words, "--after", "nothing")
    assert (unknown.code, "--after is the id of no row" in unknown.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("inbox", "list", "--state", "rejected"), "No deliveries with --state rejected; without it there are"),
        (
            ("inbox", "list", "--topic", "orders/create", "--state", "failed"),
            "No deliveries with --topic orders/create;",
        ),
        (("dsr", "list", "--kind", "shop_erasure"), "No requests with --kind shop_erasure;"),
        (("dsr", "list", "--late", "--kind", "access"), "No requests with --late;"),
        (("dsr", "list", "--shop", "nobody.myshopify.com"), "No requests with --shop nobody.myshopify.com;"),
        (("notice", "list", "--overdue"), "No notices."),
        (("review", "list", "--kind", "guard"), "There is nothing to review."),
    ],
)
def test_an_empty_list_says_which_filter_leaves_nothing(busy, words, printed):
    result = busy.say(*words)
    assert (result.code, result.out.startswith(printed)) == (0, True), result.out
    assert busy.say(*words, "--json").json == []


def test_closed_reviews_alone_are_nothing_to_review(busy):
    with busy.services.store.transaction() as tx:
        review_id = tx.reviews.open_review("a shop", "bank_details", "a note")
        assert tx.reviews.close_review(review_id, actor="operator:me", reason="looked")
    assert busy.say("review", "list").out == "There is nothing to review.\n"
    assert [row["id"] for row in busy.say("review", "list", "--all", "--json").json] == [review_id]
    assert busy.say("review", "list", "--kind", "guarrd").code == 2


def test_deliveries_are_found_and_counted_by_reason(busy):
    counts = {row["reason"]: row for row in busy.say("inbox", "list", "--by-reason", "--json").json}
    assert {reason: row["count"] for reason, row in counts.items()} == {"defect": 2, "key_missing": 1}
    assert counts["key_missing"]["page"] == "docs/runbooks/key-missing.md"
    assert counts["defect"]["command"] == "bridge inbox replay --failed"
    [row] = busy.say("inbox", "list", "--reason", "key_missing", "--json").json
    assert row["last_error"] == "KeyMissing"
    assert busy.say("inbox", "list", "--reason", "defect", "--shop", busy.world.shop, "--json").json
    assert "key_missing" in busy.say("inbox", "list", "--by-reason").out


def test_requests_are_found_by_what_is_due_and_by_time(busy):
    rows = busy.say("dsr", "list", "--json").json
    due = [datetime.fromisoformat(row["due_at"]) for row in rows]
    soon = (min(due) - datetime.now(UTC)) + timedelta(days=1)
    found = busy.say("dsr", "list", "--due-in", f"{soon.days + 1}d", "--json").json
    assert found
    assert busy.say("dsr", "list", "--due-in", "1m", "--json").json == []
    assert len(busy.say("dsr", "list", "--since", "1h", "--json").json) == len(rows)
    assert busy.say("dsr", "list", "--since", "2126-01-01", "--json").json == []
    for text in ("soon", "7", "d7", "-1d"):
        wrong = busy.say("dsr", "list", "--due-in", text)
        assert (wrong.code, "--due-in" in wrong.err) == (2, True)


def test_a_delivery_whose_key_is_missing_is_replayed_only_once_it_opens(busy):
    other = {**busy.environ, "BRIDGE_KEYS": f"k9:{processes.key(b'9')}"}
    dry = processes.say(other, "inbox", "replay", "--failed", "--dry-run", "--json")
    assert (dry.code, dry.json["replayed"], len(dry.json["not_replayed"])) == (1, [], 3)
    assert {why.partition(" is ")[0] for why in dry.json["not_replayed"].values()} == {"the key k1"}
    facts = len(busy.facts())
    result = busy.say(
        "inbox",
        "replay",
        "--failed",
        "--reason-class",
        "key_missing",
        "--reason",
        "the key is back",
        "--as",
        "asha",
        "--json",
    )
    assert (result.code, len(result.json["replayed"])) == (0, 1)
    with busy.services.store.read() as tx:
        *_, last = tx.evidence.iterate_facts()
    assert (last.seq, last.fact, last.actor) == (facts + 1, "delivery.replayed", "operator:asha")
    assert last.detail["reason"] == "the key is back"
    waiting = busy.say("inbox", "replay", "--failed", "--limit", "1", "--wait", "--timeout", "0m")
    assert (waiting.code, "1 deliveries go on" in waiting.err) == (1, True)


def test_a_json_list_is_a_list_also_where_it_is_cut(busy):
    assert isinstance(json.loads(busy.say("dsr", "list", "--limit", "1", "--json").out), list)


def test_a_reason_that_no_class_knows_has_a_page_too():
    assert describe_class("something_new").page == "waiting-request"
    assert describe_class("shop_unknown", is_delivery=True).page == "rejected-delivery"
