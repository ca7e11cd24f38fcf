"""The receiver of a parcel: the data subject, a generic word, or another person, whose name is masked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.steps.access.export_case import Package, case, fixture, found


def make_shipment(received_by: str | None, consignee: str | None = "Asha Sharma", **changes: Any) -> dict[str, Any]:
    """Return a carrier's record; the customer record is missing unless a test adds it."""
    values = {"received_by": received_by, "consignee": consignee and {"name": consignee}}
    return fixture("shipment__delhivery") | values | changes


def masked(body: dict[str, Any], *more: Any) -> dict[str, Any]:
    """Return the record as the package shows it."""
    package = Package(case([found("shipment", body, "delhivery"), *more]))
    data: dict[str, Any] = package.json("records/shipments.json")["records"][0]["data"]
    assert package.table("shipments")[0]["received_by"] == (data["received_by"] or "")
    return data


@pytest.mark.parametrize(
    ("received_by", "consignee"),
    [
        ("ASHA", "Asha Sharma"),
        ("Sharma, Asha", "Asha Sharma"),
        ("Mrs. Asha Sharma", "Smt Asha Rani Sharma"),
        ("A. Sharma", "Asha Sharma"),
        ("A.R. SHARMA", "Asha Rani Sharma"),
        ("ASHA Q", "Asha Qwertzuiop"),
        ("asha dsouza", "Asha D'Souza"),
        ("आशा शर्मा", "आशा शर्मा"),
        ("Asha", "asha"),
        ("Security", "Asha Sharma"),
        ("Neighbour", None),
        ("SELF", None),
        ("...", None),
        ("", None),
        (None, None),
    ],
)
def test_the_data_subject_and_generic_receivers_are_shown(received_by, consignee):
    """S-09: the first name and no foreign word; an initial only together with a complete name of the data subject."""
    assert masked(make_shipment(received_by, consignee))["received_by"] == received_by


@pytest.mark.parametrize(
    ("received_by", "consignee"),
    [
        ("Ravi Sharma", "Asha Sharma"),
        ("Sharma", "Asha Sharma"),
        ("A.", "Asha Sharma"),
        ("S. Sharma", "Asha Sharma"),
        ("Asha Kumar", "Asha Sharma"),
        ("Asha K", "Asha Sharma"),
        ("Rani Sharma", "Asha Rani Sharma"),
        ("Neighbour Ramesh", "Asha Sharma"),
        ("Ravi Neighbour", None),
        ("Asha", None),
        ("Asha", ""),
        ("Asha", "Mrs."),
        ("रवि शर्मा", "आशा शर्मा"),
        ("9876543210", "Asha Sharma"),
    ],
)
def test_any_other_receiver_is_another_person(received_by, consignee):
    """S-09: one common word is not enough; without a name of the data subject every name is another person's."""
    assert masked(make_shipment(received_by, consignee))["received_by"] == "another person"


def test_the_name_in_the_customer_record_counts_in_any_order():
    """The carrier's records come first and may lack the consignee."""
    customer = found("customer", fixture("customer__asha"))
    assert masked(make_shipment("Asha Qwertzuiop", None), customer)["received_by"] == "Asha Qwertzuiop"
    assert masked(make_shipment("Asha Qwertzuiop", "Office"), customer)["received_by"] == "Asha Qwertzuiop"
    nameless = found("customer", {"id": "1", "firstName": None, "lastName": "Sharma"})
    assert masked(make_shipment("Sharma", None), nameless)["received_by"] == "another person"


def test_a_masked_name_is_masked_in_remarks_and_scans():
    """Notes, scans and unknown fields, in any spelling; the data subject's own name and the places remain."""
    scan = {"at": "2026-05-09", "status": "delivered", "place": "Ravi_Nagar_DC", "note": "Delivered to RAVI KUMAR"}
    raw = {
        "ReceiverName": "Ravi",
        "Relation": "neighbour",
        "deep": [{"said": "ravi.kumar at gate, Travis Kumaran too"}, 5],
        "Consignee": "Asha Sharma",
    }
    body = make_shipment(
        "Ravi Kumar (neighbour)", note="Mr Kumar, Sharma house", events=[scan, "odd"], raw_unrecognised=raw
    )
    data = masked(body)
    assert data["received_by"] == "another person"
    assert data["note"] == "Mr another person, Sharma house"
    assert data["events"] == [scan | {"note": "Delivered to another person"}, "odd"]
    assert data["raw_unrecognised"] == {
        "ReceiverName": "another person",
        "Relation": "neighbour",
        "deep": [{"said": "another person at gate, Travis Kumaran too"}, 5],
        "Consignee": "Asha Sharma",
    }


def test_a_relative_is_masked_with_the_shared_surname():
    """The surname remains where it stands with the data subject's own first name."""
    data = masked(make_shipment("Neighbour Ravi Sharma", note="neighbour Ravi Sharma for Asha Sharma", events=None))
    assert data["note"] == "neighbour another person for Asha Sharma"


def test_a_receiver_in_the_raw_answer_is_masked_too():
    """An unknown field shows no more than a known one."""
    raw = {"ReceiverName": "Ravi Kumar", "SignedBy": "ASHA"}
    data = masked(make_shipment(None, note="given to Ravi", raw_unrecognised=raw))
    assert data["raw_unrecognised"] == {"ReceiverName": "another person", "SignedBy": "ASHA"}
    assert data["note"] == "given to another person"


def test_each_masked_place_is_counted():
    """An initial of a masked name masks nothing else."""
    body = make_shipment("Ravi K", note="Ravi took it, K block", events=[])
    package = Package(case([found("shipment", body, "delhivery")]))
    assert package.json("08_withheld.json")["left_out"][0]["places"] == 2
    data = package.json("records/shipments.json")["records"][0]["data"]
    assert data["note"] == "another person took it, K block"
