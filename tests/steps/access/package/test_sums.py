"""Every figure of a copy can be counted again, and is the same wherever it stands."""

from __future__ import annotations

import csv
import io
import json
import re
from copy import deepcopy
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.model import Finding
from tests.kit.suite.examples import count_examples
from tests.steps.access.export_case import NOW, Package, case, fixture, found, task

CARRIERS = ("Delhivery", "Blue Dart", "Pigeon Post", "")


@st.composite
def drawn_orders(draw):
    """Draw an order with any number of its parts."""
    body = deepcopy(fixture("order__cod_delhivery"))
    number = draw(st.integers(1000, 9999))
    parcels = st.builds(
        lambda carrier, waybill: {"company": carrier, "number": waybill},
        st.sampled_from(CARRIERS),
        st.sampled_from(["AB1", "AB2", "AB 1", ""]),
    )
    body |= {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "transactions": body["transactions"] * draw(st.integers(0, 2)),
        "refunds": body["refunds"] * draw(st.integers(0, 2)),
        "returns": body["returns"] * draw(st.integers(0, 2)),
        "clientIp": draw(st.sampled_from(["203.0.113.7", ""])),
    }
    body["fulfillments"][0]["trackingInfo"] = draw(st.lists(parcels, max_size=3))
    if draw(st.booleans()):
        del body["shippingAddress"]
    return found("order", body)


@st.composite
def drawn_shipments(draw):
    """Draw a carrier's record of a parcel: one that it has, or one that it does not know."""
    body = fixture("shipment__delhivery") | {"waybill": draw(st.sampled_from(["AB1", "AB3"]))}
    if draw(st.booleans()):
        body = {"waybill": body["waybill"], "carrier": "delhivery", "status": "not_found", "account_holder": "merchant"}
    return found("shipment", body, "delhivery")


OWN_BODIES = {
    "own_invoice": {"document": "invoice", "number": "#1", "issued_at": NOW.isoformat(), "total": "1.00", "law": ""},
    "own_refund_account": {"refund_id": "R", "account": "****9012", "state": "open", "opened_at": NOW.isoformat()},
    "own_index_entry": {"order": "#1", "waybill": "AB9", "carrier": "delhivery", "carrier_id": "delhivery"},
    "own_webhook": {"topic": "orders/create", "received_at": NOW.isoformat(), "message": {"id": 1}},
    "own_request": {"request": "req_1", "kind": "access", "received_at": NOW.isoformat()},
    "own_notice_item": {"request": "req_1", "processor": "delhivery", "about": "a parcel"},
    "own_suppression_key": {"code_of": "e-mail", "count": "2"},
}
REQUEST_TRACES = {"own_request", "own_notice_item", "own_suppression_key"}
OWN_RECORDS = st.sampled_from(sorted(OWN_BODIES)).map(
    lambda kind: ("bridge_store", Finding(kind=kind, ref="1", matched_by="our own records", body=OWN_BODIES[kind]))
)
CUSTOMERS = st.just(found("customer", fixture("customer__asha")))
DRAFTS = st.just(found("draft_order", fixture("draft_order__note")))
RECORDS = st.lists(st.one_of(drawn_orders(), drawn_shipments(), OWN_RECORDS, CUSTOMERS, DRAFTS), max_size=12)


def count_csv_rows(package: Package, path: str) -> int:
    """Return how many rows a CSV file has."""
    return len(list(csv.DictReader(io.StringIO(package.files[path].decode(), newline=""))))


def find_letter_figure(letter: str, pattern: str) -> int:
    """Return the figure that a line of the letter has; 0 where it has no such line."""
    match = re.search(rf"(?m)^- ([\d,]+) {pattern}", letter)
    return int(match.group(1).replace(",", "")) if match else 0


@settings(max_examples=count_examples(60), deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow])
@given(records=RECORDS)
def test_letter_tables_summary_and_manifest_agree(records):
    tasks = [task("shopify", records=99), task("delhivery", records=99)]  # what a task says is not what is counted
    package = Package(case(records, tasks=tasks, searches_own_records=True))
    letter, summary = package.text("00_letter.txt"), package.json("01_summary.json")
    manifest = json.loads(package.files["manifest.json"])
    held = sum(
        finding.body.get("status") != "not_found" and finding.kind not in REQUEST_TRACES for _, finding in records
    )
    by_system = {source["system"]: source["records"] for source in summary["sources"]}
    table = {
        system: int(re.search(rf"(?m)^- {name}.*records: (\d+)", letter).group(1))
        for system, name in (("shopify", "Shopify"), ("delhivery", "Delhivery"), ("bridge_store", "our own records"))
    }
    assert held == summary["records"] == sum(by_system.values()) == manifest["counts"]["records"]
    assert by_system == table == manifest["counts"]["sources"]
    assert package.manifest.records == held
    headline = re.search(r"We hold data about you: ([\d,]+) records?", " ".join(letter.split()))
    assert (int(headline.group(1)) if headline else 0) == held
    for pattern, name in (
        (r"address", "addresses"),
        (r"payment", "payments"),
        (r"refund", "refunds"),
        (r"(?:entry|entries) about consent", "consents"),
        (r"customer profile", "profile"),
        (r"order", "orders"),
        (r"draft order", "draft_orders"),
    ):
        rows = count_csv_rows(package, f"data/records/{name}.csv")
        if not (name == "refunds" and not rows):
            assert find_letter_figure(letter, pattern) == rows, name
    waybills = {
        "".join(row["waybill"].split()).upper()
        for name in ("shipments", "order_index")
        for row in csv.DictReader(io.StringIO(package.text(f"records/{name}.csv"), newline=""))
        if row["waybill"]
    }
    assert find_letter_figure(letter, "parcel") == (len(waybills) if waybills else 0)
    assert {row["category"]: row["records"] for row in summary["categories"]} == {
        row["category"]: row["records"] for row in package.json("04_retention.json")["categories"]
    }
    for file in manifest["files"]:
        if file["path"].endswith(".csv") and "records" in file:
            assert file["records"] == count_csv_rows(package, file["path"]), file["path"]
        elif "records" in file:
            document = json.loads(package.files[file["path"]])
            assert file["records"] == document["count"] == len(document["records"]), file["path"]
    recipients = package.json("02_recipients.json")["recipients"]
    assert len(recipients) == manifest["counts"]["recipients"] == count_csv_rows(package, "data/02_recipients.csv")
    shared = re.search(r"shared with ([\d,]+) recipient", letter)
    assert not shared or int(shared.group(1)) == len(recipients)
    assert held or not {one["id"] for one in recipients} & {"shopify", "bridge_host", "payment_gateway"}
    complete = manifest["completeness"]
    assert complete["complete"] is package.manifest.complete is (not complete["gaps"] and complete["recipients_named"])
