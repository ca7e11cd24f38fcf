"""Access after an erasure is answered from the tombstone: what was erased, when, what is sealed until when."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import ConnectorUnavailable
from bridge.model import BankDetails, ErasureRecord, ErasureState, Outcome, RequestState, TaskState
from bridge.rules.erasure.tombstone import PriorErasureSummary, RemainingData
from tests.factories import CANARIES, NOW, SHOP, make_finding, redact_body
from tests.fakes import page
from tests.steps.access.export_case import Package, case, task
from tests.steps.access.test_package import breaches
from tests.steps.retention.test_seal_invoices import refund_body, sold_body
from tests.steps.sealed_case import make_legal_hold

TAX = "Income-tax Act 2025 s.62; Income-tax Rules 2026 r.46(8),(9); for tax years before April 2026 Income-tax Act 1961 s.44AA, Rules 1962 r.6F(5)"
SEALED = RemainingData(
    category="invoice_document",
    what="invoice: figures, State",
    count=2,
    laws=("CGST Act 2017 s.36", TAX),
    grounds=("gst_books", "income_tax_books"),
    until=date(2034, 3, 31),
    erasable_from=date(2034, 4, 1),
)
LOCKED = RemainingData(
    category="cod_refund_bank",
    what="account number, IFSC, UPI id, holder",
    count=1,
    laws=("Contract",),
    grounds=("refund_unsettled",),
    until=None,
    erasable_from=None,
)
CONSENTS = RemainingData(
    category="marketing_consent",
    what="consents to marketing",
    count=2,
    laws=("The published privacy policy",),
    grounds=("evidence_3y",),
    until=date(2029, 4, 5),
    erasable_from=date(2029, 4, 6),
)
NOTHING = [task("shopify", records=0), task("delhivery", records=0)]


def before(*rests, **given):
    values = {
        "erasure": ErasureRecord(request_id="req_01OLD", erased_at=datetime(2026, 3, 2, 20, 0, tzinfo=UTC)),
        "finished": True,
        "removed": {"customers": 1, "orders": 2},
        "rests": rests,
        "codes_until": date(2033, 3, 3),
    }
    return PriorErasureSummary(**values | given)


def plain(package):
    return " ".join(package.text("00_letter.txt").split())


def test_s08_the_letter_states_the_erasure_and_what_is_sealed_until_when():
    package = Package(case([], tasks=NOTHING, prior_erasures=[before(SEALED, LOCKED)]))
    for letter in (plain(package), package.text("00_letter.html")):
        body, notes = letter.split("[1] Our" if letter.startswith("MINI") else "<footer>")
        assert (
            "You asked us to erase your data. We did on 3 March 2026 (reference req_01OLD). From our own records "
            "went: 1 customer record, 2 orders."
        ) in body, "the day of the merchant's own time zone"
        assert (
            "What the tax law makes us keep is sealed until 31 March 2034: 2 invoices. Each opening is recorded."
            in body
        )
        assert "Bank particulars for 1 refund are kept sealed until the refund is settled." in body
        assert "They go after 3 March 2033." in body
        assert ("s.36" in body, "s.62" in body) == (False, False), "statutes belong in the footnotes"
        assert ("CGST Act 2017 s.36" in notes, TAX in notes) == (True, True)


def test_s08_the_json_states_the_same_and_matches_the_schema():
    package = Package(case([], tasks=NOTHING, prior_erasures=[before(SEALED, LOCKED), before(codes_until=None)]))
    schema = package.json("schema/access-package.schema.json")
    for name in ("01_summary.json", "08_withheld.json"):
        body = package.json(name)
        assert breaches(body, schema, schema) == []
        first, second = body["earlier_erasures"]
        assert (first["erased_on"], first["reference"], first["finished"]) == ("2026-03-03", "req_01OLD", True)
        assert first["erased"] == [{"what": "customer records", "count": 1}, {"what": "orders", "count": 2}]
        assert first["sealed"] == [
            {
                "what": "invoice: figures, State",
                "count": 2,
                "law": f"CGST Act 2017 s.36; {TAX}",
                "until": "2034-03-31",
                "erasable_from": "2034-04-01",
            },
            {
                "what": "account number, IFSC, UPI id, holder",
                "count": 1,
                "law": "Contract",
                "until": "",
                "erasable_from": "",
            },
        ]
        assert (first["suppression_keys"]["until"], second["suppression_keys"]["until"]) == ("2033-03-03", "")
        assert breaches(body | {"earlier_erasures": [{}]}, schema, schema) != []


@pytest.mark.parametrize(
    ("records", "tasks", "rests", "answer", "says"),
    [
        ([], NOTHING, [SEALED], "yes", "nothing beside what is sealed"),
        ([], NOTHING, [], "no", "No. We found no data about you"),
        ([], [task("shopify", outcome=Outcome.UNREACHED)], [SEALED], "yes", "there may be more"),
        ([], [task("shopify", outcome=Outcome.UNREACHED)], [], "could_not_match", "We cannot say yet"),
        (None, NOTHING, [SEALED], "yes", "Yes. We hold data about you: 4 records"),
    ],
    ids=["sealed", "nothing sealed", "sealed, one is down", "nothing sealed, one is down", "ordered again"],
)
def test_the_answer_is_explicit(records, tasks, rests, answer, says):
    """P-10 and S-07: sealed data is still held, so the answer is never no; with everything erased it is."""
    package = Package(case(records, tasks=tasks, prior_erasures=[before(*rests)]))
    section = package.json("01_summary.json")["do_we_hold_data"]
    assert (section["answer"], says in section["in_words"], says in plain(package)) == (answer, True, True)
    assert ("Nothing of it is sealed with us." in plain(package)) is not bool(rests)


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        (replace(SEALED, count=1, grounds=("legal_claim",), until=None), "dispute or claim is open: 1 invoice."),
        (replace(SEALED, until=None), "is sealed; the last day is still to be worked out: 2 invoices."),
        (replace(SEALED, grounds=(), laws=()), "No law keeps this any more, and it is destroyed next: 2 invoices."),
        (replace(SEALED, what="credit note as issued"), "31 March 2034: 2 credit notes."),
        (replace(LOCKED, grounds=()), "Bank particulars for 1 refund are no longer needed"),
        (replace(LOCKED, grounds=("refund_unsettled", "legal_claim")), "kept sealed while a dispute or claim"),
        (replace(LOCKED, until=date(2026, 4, 5)), "kept sealed until 5 April 2026."),
        (
            CONSENTS,
            "2 consents to marketing, without your address: kept until 5 April 2029, to prove what you agreed to",
        ),
        (replace(CONSENTS, grounds=()), "without your address: no longer needed, and destroyed next."),
    ],
)
def test_each_reason_to_keep_has_its_words(rest, says):
    assert says in plain(Package(case([], prior_erasures=[before(rest)])))


def test_documents_with_the_same_end_are_one_sentence():
    note = replace(SEALED, what="credit note as issued", count=1)
    letter = plain(Package(case([], prior_erasures=[before(SEALED, replace(SEALED, what="invoice as issued"), note)])))
    assert "sealed until 31 March 2034: 4 invoices, 1 credit note. Each opening is recorded." in letter


def test_an_erasure_with_excluded_orders_is_not_called_done():
    letter = plain(Package(case([], prior_erasures=[before(finished=False, removed={})])))
    assert "We began on 3 March 2026 (reference req_01OLD) and have not finished" in letter
    assert "We did on" not in letter


def test_without_an_erasure_the_package_mentions_none():
    package = Package(case())
    for name in ("01_summary.json", "08_withheld.json"):
        assert "earlier_erasures" not in package.json(name)
    assert "erased before" not in package.text("00_letter.html") + package.text("00_letter.txt")


# ---- the complete flow


def later_body(services, number=1002):
    at = services.clock.at.isoformat()
    return sold_body(number, created_at=at, updated_at=at)


def erasures(files):
    return json.loads(files["data/01_summary.json"]).get("earlier_erasures", [])


def test_p65_after_an_erasure_access_is_answered_from_the_tombstone(kept, run_delivery, request_access, platform):
    run_delivery("orders/paid", sold_body())
    assert erasures(request_access(1)) == []
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    erased = run_delivery("customers/redact", redact_body(1001))
    kept.clock.at += timedelta(days=200)
    files = request_access(2)
    [erasure] = erasures(files)
    assert erasure["platform"] == {"waits": False, "until": ""}
    assert (erasure["erased_on"], erasure["reference"], erasure["finished"]) == ("2026-11-22", erased, True)
    assert {"what": "orders", "count": 1} in erasure["erased"]
    [output_file] = erasure["sealed"]
    assert (output_file["what"], output_file["count"]) == ("invoice: figures, State", 1)
    assert (output_file["until"], output_file["erasable_from"]) == ("2034-03-31", "2034-04-01")
    assert "Income-tax Act 2025" in output_file["law"]
    letter = " ".join(files["data/00_letter.txt"].split())
    assert f"We did on 22 November 2026 (reference {erased})" in letter
    assert "sealed until 31 March 2034: 1 invoice. Each opening is recorded." in letter
    assert "nothing beside what is sealed" in letter
    whole = "".join(files.values()).casefold()
    assert [each for each in (*CANARIES, "Asha", "1030.00") if each.casefold() in whole] == []


def test_while_shopify_waits_with_its_erasure_the_letter_says_so_and_until_when(kept, run_delivery, request_access):
    """Requirement C-04: what waits for the platform is told to the person, too."""
    run_delivery("orders/paid", sold_body())
    run_delivery("customers/redact", redact_body(1001))
    files = request_access()
    assert erasures(files)[0]["platform"] == {"waits": True, "until": "2027-05-21"}
    letter = " ".join(files["data/00_letter.txt"].split())
    assert "Shopify has not confirmed yet that it erased its own copy. We wait for that until 21 May 2027" in letter
    assert letter.index("until 21 May 2027") < letter.index("WHERE WE LOOKED"), "on the first page"


@pytest.mark.parametrize("until", [None, date(2027, 5, 19)])
def test_a_wait_without_an_end_says_that_it_has_none(until):
    waits = before(SEALED, platform_waits=True, platform_waits_until=until)
    letter = plain(Package(case([], tasks=NOTHING, prior_erasures=[waits])))
    assert ("until 19 May 2027" in letter, "do not know yet until when" in letter) == (bool(until), not until)
    assert "not confirmed yet" not in plain(Package(case([], tasks=NOTHING, prior_erasures=[before(SEALED)])))


def test_an_order_after_the_erasure_is_a_new_contract_and_appears(kept, run_delivery, request_access, platform):
    run_delivery("orders/paid", sold_body())
    run_delivery("customers/redact", redact_body(1001))
    kept.clock.at += timedelta(days=30)
    run_delivery("orders/paid", later_body(kept))
    platform.pages = [page(make_finding("1002", id="gid://shopify/Order/1002"))]
    files = request_access()
    sources = {one["system"]: one["records"] for one in json.loads(files["data/01_summary.json"])["sources"]}
    assert sources["shopify"] == 1
    assert sources["bridge_store"] == 3, "the sealed copies of both orders, and the note of the new one"
    assert "1002" in files["data/records/orders.json"]
    assert [row["count"] for row in erasures(files)[0]["sealed"]] == [1], (
        "the new order's copy is no remaining data of the erasure"
    )


def test_two_erasures_are_listed_newest_first_and_no_document_twice(kept, run_delivery, request_access, platform):
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")] * 2  # else the second joins the first
    run_delivery("orders/paid", sold_body())
    first = run_delivery("customers/redact", redact_body(1001))
    kept.clock.at += timedelta(days=300)
    run_delivery("orders/paid", later_body(kept))
    second = run_delivery("customers/redact", redact_body(1002))
    listed = erasures(request_access())
    assert [each["reference"] for each in listed] == [second, first]
    assert [[row["until"] for row in each["sealed"]] for each in listed] == [["2035-03-31"], ["2034-03-31"]]


def test_a_credit_note_after_the_erasure_is_listed_too(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body())
    run_delivery("customers/redact", redact_body(1001))
    run_delivery("refunds/create", refund_body())
    sealed = erasures(request_access())[0]["sealed"]
    assert {row["what"].partition(":")[0]: row["count"] for row in sealed} == {"invoice": 1, "credit note": 1}
    assert {row["until"] for row in sealed} == {"2035-03-31"}, "the latest of linked documents counts for all"


def test_a_legal_hold_and_an_open_refund_are_listed(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body())
    details = BankDetails(account_number="50100012347890", ifsc="HDFC0001234", account_holder="Asha Qwertzuiop")
    with kept.store.transaction() as tx:
        account = tx.refunds.seal_bank_details(SHOP, details, order_id="1001", refund_id="R1", opened_at=NOW)
    run_delivery("customers/redact", redact_body(1001))
    with kept.store.transaction() as tx:
        tx.legal_holds.open_legal_hold(make_legal_hold(), [account.order_key])
    files = request_access()
    output_file, bank = erasures(files)[0]["sealed"]
    assert (output_file["until"], bank["until"], bank["count"]) == ("", "", 1)
    letter = " ".join(files["data/00_letter.txt"].split())
    assert "Sealed while a dispute or claim is open: 1 invoice." in letter
    assert "Bank particulars for 1 refund are kept sealed while a dispute or claim is open." in letter
    assert "50100012347890" not in "".join(files.values())


def test_excluded_orders_leave_the_erasure_unfinished(kept, run_delivery, request_access, platform):
    run_delivery("orders/create", sold_body(1001))
    run_delivery("orders/paid", sold_body(1002))
    platform.sold["1001"] = ConnectorUnavailable("shopify: HTTP 503")
    request_id = run_delivery("customers/redact", redact_body(1001, 1002))
    with kept.store.transaction() as tx:
        assert TaskState.WAITING in {one.state for one in tx.tasks.list_tasks(request_id)}
        assert tx.requests.get_request(request_id).state is RequestState.IN_PROGRESS
    [erasure] = erasures(request_access())
    assert (erasure["finished"], [row["count"] for row in erasure["sealed"]]) == (False, [1])


def test_another_person_with_the_same_phone_sees_no_erasure(kept, run_delivery, request_access):
    run_delivery("orders/paid", sold_body())
    run_delivery("customers/redact", redact_body(1001))
    phone = sold_body()["phone"]
    assert erasures(request_access(1, id=7009, email="bhavna@example.com", phone=phone)) == []
    assert erasures(request_access(2, id=None, email=None, phone=phone)) == []
    assert len(erasures(request_access(3, id=None, email=sold_body()["email"], phone=None))) == 1
