"""What the bridge itself holds of the data subject is in the copy: the whole way, over a real store."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from bridge.model import BankDetails, DeliveryState, DocumentForm, ErasureState, Fact, Outcome
from bridge.steps.access.package import own_records
from bridge.steps.desk.record_nomination import end_nomination
from tests.factories import NOW, SHOP, accepted, make_finding, redact_body
from tests.fakes import page
from tests.steps.access.test_package import breaches
from tests.steps.desk.desk_case import MINA, nominate
from tests.steps.sales_case import sold_body
from tests.steps.sealed_case import facts, seal

STRANGER = {"id": None, "email": "nobody@example.com", "phone": None}


def read_table(files, name):
    """Return the rows of a table of records."""
    return list(csv.DictReader(io.StringIO(files[f"data/records/{name}.csv"], newline="")))


def read_letter(files):
    """Return the words of the letter on one line."""
    return " ".join(files["data/00_letter.txt"].split())


def fail_delivery(services, topic, body):
    """Leave a webhook failed, with its body."""
    delivery = accepted(services.store, topic, body)
    with services.store.transaction() as tx:
        lease, _ = tx.inbox.acquire_lease(delivery.id)
        tx.inbox.finish_delivery(lease, DeliveryState.FAILED, "KeyError")
    return delivery.id


def find_source(files, system="bridge_store"):
    """Return the row of a system in the summary."""
    [row] = [one for one in json.loads(files["data/01_summary.json"])["sources"] if one["system"] == system]
    return row


def test_sealed_invoices_are_in_the_copy_with_number_total_last_day_and_law(kept, run_delivery, request_access):
    """Requirement P-11: the summary lists what is held, the sealed copies too. Requirement P-30: the copy has them."""
    run_delivery("orders/paid", sold_body())
    files = request_access()
    [row] = read_table(files, "sealed_invoices")
    assert (row["document"], row["number"], row["total"], row["currency"]) == ("invoice", "#1001", "1030.00", "INR")
    assert (row["order_id"], row["kept_until"], row["content"]) == ("1001", "2034-03-31", "figures")
    assert "Income-tax Act 2025" in row["law"]
    letter = read_letter(files)
    assert "Invoice #1001 of " in letter
    assert "INR 1030.00: sealed, kept until 31 March 2034." in letter
    assert "Yes. We hold data about you" in letter
    body, notes = letter.split("[1] Our", 1)
    assert ("Income-tax Act" in body, "Income-tax Act" in notes) == (False, True), "statutes belong in the footnotes"
    note = notes.partition("[3] ")[2].partition("Our certificates")[0]
    assert "r.46(8),(9); for tax years before April 2026" in note, "one law with all its sections"
    assert note.count("CGST Act 2017") == note.count("Income-tax Act 2025") == 1
    categories = {row["category"]: row for row in json.loads(files["data/01_summary.json"])["categories"]}
    assert (categories["invoice_document"]["records"], categories["invoice_document"]["searched"]) == (1, True)
    [(_, opened)] = facts(kept, Fact.DOCUMENT_OPENED)
    assert len(opened["documents"]) == 1, "whoever reads the evidence sees which documents were opened, and for what"


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"not json", b"[1]", b'{"number": null}'])
def test_a_document_of_another_form_is_listed_without_figures(kept, run_delivery, request_access, content):
    """A shop's own document has its number in its own form; nothing of it is shown."""
    run_delivery("orders/create", sold_body())
    media_type = "application/pdf" if content.startswith(b"%PDF") else "application/json"
    seal(kept, form=DocumentForm.AS_ISSUED, content=content, media_type=media_type)
    [row] = read_table(request_access(), "sealed_invoices")
    assert (row["number"], row["total"], row["content"]) == ("", "", "the document as issued")
    assert row["kept_until"] == "2034-03-31"


def test_an_inbox_that_is_too_long_to_search_is_a_gap(kept, request_access, monkeypatch):
    monkeypatch.setattr(own_records, "MAX_SEARCHED_BODIES", 1)
    for number in (1005, 1006):
        fail_delivery(kept, "orders/create", sold_body(number))
    files = request_access()
    assert len(read_table(files, "platform_messages")) == 1
    [gap] = [
        one for one in json.loads(files["manifest.json"])["completeness"]["gaps"] if one["source"] == "bridge_store"
    ]
    assert (gap["what"], gap["reason"]) == ("messages of the shop platform", "list_too_long")


def test_a_document_that_does_not_open_is_a_gap_and_is_still_listed(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body())
    with kept.store.transaction() as tx:
        [document] = tx.documents.list_documents()
        tx.session.connection.exec_driver_sql(f"UPDATE vault_documents SET doc = wrapped WHERE id = '{document.id}'")  # noqa: S608
    files = request_access()
    [row] = read_table(files, "sealed_invoices")
    assert (row["content"], row["number"], row["kept_until"]) == ("cannot be opened", "", "2034-03-31")
    assert json.loads(files["manifest.json"])["completeness"]["complete"] is False
    assert find_source(files)["result"] == "found in part"


def test_a_refund_account_is_in_the_copy_with_its_last_four_digits(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body())
    details = BankDetails(account_number="50100012347890", ifsc="HDFC0001234", account_holder="Ravi Holder")
    with kept.store.transaction() as tx:
        tx.refunds.seal_bank_details(SHOP, details, order_id="1001", refund_id="R1", opened_at=NOW)
    files = request_access()
    [row] = read_table(files, "refund_accounts")
    assert (row["refund_id"], row["order_id"], row["account"], row["state"]) == ("R1", "1001", "****7890", "open")
    assert "Bank account ending in 7890" in read_letter(files)
    whole = "".join(files.values())
    assert [value for value in ("50100012347890", "HDFC0001234", "Ravi Holder") if value in whole] == []
    categories = {row["category"]: row["records"] for row in json.loads(files["data/01_summary.json"])["categories"]}
    assert categories["cod_refund_bank"] == 1


def test_a_refund_of_somebody_else_stays_out(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body(2001, customer={"id": 8001}, email="bhavna@example.com"))
    details = BankDetails(upi_id="bhavna@okbank")
    with kept.store.transaction() as tx:
        tx.refunds.seal_bank_details(SHOP, details, order_id="2001", refund_id="R2", opened_at=NOW)
    files = request_access(1, 2001)
    assert read_table(files, "refund_accounts") == read_table(files, "sealed_invoices") == []


def test_the_body_of_a_webhook_that_waits_is_in_the_copy(kept, request_access):
    fail_delivery(kept, "orders/create", sold_body(1005))
    files = request_access()
    [row] = read_table(files, "platform_messages")
    assert (row["topic"], row["state"]) == ("orders/create", "failed")
    [record] = json.loads(files["data/records/platform_messages.json"])["records"]
    assert record["data"]["message"]["id"] == 1005


@pytest.mark.parametrize(
    "other",
    [
        {"customer": {"id": 8001}, "email": "bhavna@example.com", "phone": "+919811122233"},
        {"customer": {"id": 8001}},
        {"customer": None, "email": "bhavna@example.com"},
    ],
    ids=["the same phone", "the same e-mail of another customer", "a guest with the same phone"],
)
def test_the_body_of_somebody_else_stays_out(kept, request_access, other):
    """A phone alone tells nobody, and a body that names another customer is that customer's."""
    fail_delivery(kept, "orders/create", sold_body(1005, **other))
    assert read_table(request_access(), "platform_messages") == []


def test_orders_and_parcels_that_are_remembered_are_in_the_copy(kept, run_delivery, request_access, platform):
    """Also where Shopify has forgotten the order."""
    parcel = {"tracking_company": "Delhivery", "tracking_numbers": ["99900010004126"], "created_at": NOW.isoformat()}
    run_delivery("orders/create", sold_body(fulfillments=[parcel]))
    files = request_access()
    [row] = read_table(files, "order_index")
    assert (row["order"], row["order_id"], row["waybill"], row["carrier"]) == (
        "#1001",
        "1001",
        "99900010004126",
        "delhivery",
    )
    recipients = [one["id"] for one in json.loads(files["data/02_recipients.json"])["recipients"]]
    assert {"delhivery", "shopify"} <= set(recipients), "the order came from Shopify, the parcel went with Delhivery"


def test_requests_codes_and_notices_are_listed_after_an_erasure(kept, run_delivery, request_access, platform):
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    parcel = {"tracking_company": "Delhivery", "tracking_numbers": ["99900010004126"], "created_at": NOW.isoformat()}
    run_delivery("orders/paid", sold_body(fulfillments=[parcel]))
    first = read_table(request_access(1), "your_requests")
    assert [(row["kind"], row["state"]) for row in first] == [("access", "this request")]
    erased = run_delivery("customers/redact", redact_body(1001))
    kept.clock.at += timedelta(days=5)
    files = request_access(2)
    assert [(row["kind"], row["copy_kept"]) for row in read_table(files, "your_requests")] == [
        ("access", "no"),
        ("erasure", "no"),
        ("access", "no"),
    ]
    codes = {row["code_of"]: row for row in read_table(files, "suppression_codes")}
    assert codes.keys() == {"customer number", "e-mail", "phone", "order number"}
    assert {row["because_of"] for row in codes.values()} == {erased}
    assert {row["kept_until"] for row in codes.values()} == {"2033-11-22"}
    [notice] = read_table(files, "erasure_notices")
    assert (notice["request"], notice["processor"], notice["about"]) == (erased, "delhivery", "a parcel")
    assert "99900010004126" not in "".join(files.values()), "the number is sealed until the carrier has answered"
    [document] = read_table(files, "sealed_invoices")
    assert (document["number"], document["total"], document["left_by_erasure"]) == ("", "", erased)
    assert document["content"].startswith("sealed since the erasure")


def test_who_asked_before_and_has_no_data_is_told_of_the_request_only(kept, request_access):
    request_access(1, **STRANGER)
    letter = read_letter(request_access(2, **STRANGER))
    assert "No. Beside the record of your requests, we found no data about you" in letter
    assert "Your requests about personal data: 2" in letter


def test_a_stranger_s_letter_names_nobody(kept, run_delivery, request_access):
    """Requirement P-12: recipients are facts of this person. Requirement S-07: nothing found, the same package."""
    run_delivery("orders/paid", sold_body())
    files = request_access(**STRANGER)
    letter = read_letter(files)
    assert "No. We found no data about you" in letter
    who = letter.partition("WHO GOT YOUR DATA")[2].partition("WHAT YOU CAN DO")[0]
    assert who.strip().startswith("We know of no firm that got data about you from us.")
    assert json.loads(files["data/02_recipients.json"])["recipients"] == []
    assert json.loads(files["data/07_transfers.json"])["transfers"] == []
    assert json.loads(files["manifest.json"])["completeness"]["recipients_named"] is True
    summary = json.loads(files["data/01_summary.json"])
    assert [row["id"] for row in summary["not_searched"]] == ["mailbox", "accounts"]
    assert {row["records"] for row in summary["categories"] if row["category"] != "request_evidence"} == {0}
    assert summary["records"] == 0


def test_p15_nominees_are_in_the_persons_own_copy(kept, request_access):
    """Requirement P-15: a nomination is stored sealed, and the person who made it sees it."""
    nominate(kept)
    nominate(kept, MINA)
    with kept.store.read() as tx:
        ended = tx.nominations.list_nominations()[0]
    end_nomination(ended.id, actor="operator:test", reason="letter", services=kept)
    files = request_access()
    rows = {(row["name"], row["contact"], bool(row["ended_at"])) for row in read_table(files, "nominations")}
    assert len(rows) == 2
    assert {bool(name) for name, _, _ in rows} == {True, False}  # what ended says nothing any more
    assert "Your nominees, who may act for you" in read_letter(files)


def test_every_json_file_with_own_records_matches_the_schema(kept, run_delivery, request_access, platform):
    run_delivery("orders/paid", sold_body())
    fail_delivery(kept, "orders/create", sold_body(1005))
    platform.pages = [page(make_finding("1001", id="gid://shopify/Order/1001"))]
    files = request_access()
    schema = json.loads(files["data/schema/access-package.schema.json"])
    for path, text in files.items():
        if path.startswith("data/") and path.endswith(".json") and not path.endswith("schema.json"):
            assert breaches(json.loads(text), schema, schema) == [], path
