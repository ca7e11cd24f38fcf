"""`shop …`, and the other commands after a rename: either name is accepted, the present one is shown."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from bridge.sandbox.merchant_files import write_merchant_files
from tests.e2e import processes
from tests.factories import make_entry, make_notice
from tests.steps.sealed_case import make_legal_hold, seal

OLD, NEW = processes.SHOP, "minimiss-new.myshopify.com"


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    """A bridge whose only shop was renamed; an order and a request came under the old name."""
    folder = tmp_path_factory.mktemp("counter")
    files = write_merchant_files(folder, shops=[OLD], notice_terms={})
    environ = processes.environment(f"sqlite:///{folder}/bridge.db", "", **files)
    processes.migrate(environ)
    with processes.services(environ) as services:
        now = datetime.now(UTC)
        with services.store.transaction() as tx:
            tx.shop_names.register_domain(OLD)
            tx.shop_names.register_domain("unknown.myshopify.com")
            tx.shop_names.record_name(OLD, "548380009", seen_at=now)
            tx.shop_names.record_name(NEW, "548380009", seen_at=now + timedelta(seconds=1))
    return environ


def test_every_name_is_listed_with_its_number(counter):
    rows = processes.say(counter, "shop", "list", "--json").json
    assert [(row["domain"], row["number"]) for row in rows] == [
        (OLD, "548380009"),
        ("unknown.myshopify.com", None),
        (NEW, "548380009"),
    ]
    assert "unknown.myshopify.com" in processes.say(counter, "shop", "list").out


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_request_is_opened_under_either_name_and_shown_by_the_present_one(counter, name):
    words = ("--customer-id", "7001", "--reason", "letter", "--json")
    opened = processes.say(counter, "dsr", "open", "access", "--shop", name, *words)
    assert opened.code == 0, opened.err
    listed = {row["id"]: row["shop"] for row in processes.say(counter, "dsr", "list", "--shop", name, "--json").json}
    assert listed[opened.json["id"]] == NEW
    assert processes.say(counter, "dsr", "show", opened.json["id"], "--json").json["shop"] == NEW


def test_bank_details_of_a_refund_are_found_under_either_name(counter, monkeypatch):
    details = {"account_number": "001234567890", "ifsc": "HDFC0001234", "account_holder": "Asha Qwertzuiop"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(details)))
    kept = processes.say(counter, "refund", "keep", "--shop", NEW, "--order-id", "1001", "--refund-id", "R1", "--json")
    assert kept.code == 0, kept.err
    for name in (OLD, NEW):
        [row] = processes.say(counter, "refund", "list", "--shop", name, "--order-id", "1001", "--json").json
        assert (row["shop"], row["refund_id"]) == (NEW, "R1")
        shown = processes.say(counter, "refund", "show", row["id"], "--json").json
        assert (shown["shop"], shown["refund_id"]) == (NEW, "R1")


def test_what_was_stored_under_the_old_name_is_listed_under_the_present_one(counter):
    notice = make_notice(shop=OLD)
    with processes.services(counter) as services:
        seal(services, 1002, datetime(2010, 5, 1, tzinfo=UTC), shop=OLD)
        with services.store.transaction() as tx:
            tx.notices.open_notice(notice, [])
            tx.notice_items.add_items([make_entry(shop=OLD)])
            tx.legal_holds.open_legal_hold(make_legal_hold(shop=OLD), ["key"])
            review_id = tx.reviews.open_review(OLD, "quarantine", "metafield x.y", order_id="1002")
    rows = {
        command: processes.say(counter, *command.split(), "--json").json
        for command in (
            "notice list",
            f"notice show {notice.id}",
            "review list",
            f"review show {review_id}",
            f"review find --shop {NEW} --order-id 1002",
            "hold list",
            "hold sweep --dry-run --as-of 2044-04-01",
        )
    }
    shops = {command: set(re.findall(r'"shop": "([^"]*)"', json.dumps(shown))) for command, shown in rows.items()}
    assert shops == {command: {NEW} for command in rows}
    for command in ("review list", "notice list"):
        assert NEW in processes.say(counter, *command.split()).out
    assert NEW in processes.say(counter, "notice", "show", notice.id).out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nobody.myshopify.com", "1"), "nothing was stored under that domain"),
        (("unknown.myshopify.com", "one"), "the number is Shopify's id"),
        ((OLD, "5"), "given the shop's number already"),
    ],
)
def test_a_number_that_cannot_be_recorded_is_refused_in_words(counter, words, why):
    refused = processes.say(counter, "shop", "identify", "--yes", *words, "--reason", "test")
    assert refused.code == 1
    assert why in refused.err


def test_an_operator_states_the_number_of_a_domain_and_evidence_says_who(counter):
    done = processes.say(
        counter, "shop", "identify", "--yes", "unknown.myshopify.com", "77", "--reason", "letter", "--json"
    )
    assert (done.code, done.json) == (0, {"domain": "unknown.myshopify.com", "number": "77"})
    with processes.services(counter) as services, services.store.transaction() as tx:
        [fact] = [event for event in tx.evidence.iterate_facts() if event.fact == "shop.renamed"]
    assert fact.actor.startswith("operator:")
    assert fact.detail["by_operator"]


def test_doctor_says_that_the_merchant_file_names_an_old_domain(counter):
    checks = {check["name"]: check for check in processes.say(counter, "doctor", "--offline", "--json").json["checks"]}
    assert (checks[f"{OLD} name"]["ok"], NEW in checks[f"{OLD} name"]["detail"]) == (None, True)


def test_a_shop_that_the_merchant_file_does_not_name_by_any_domain_is_refused(counter):
    refused = processes.say(
        counter, "dsr", "open", "access", "--shop", "other.myshopify.com", "--customer-id", "1", "--reason", "test"
    )
    assert (refused.code, "does not name that shop" in refused.err) == (1, True)
