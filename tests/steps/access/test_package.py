"""The package as a bag and as files: hashes, schema, determinism, records, memory."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.model import Finding
from bridge.steps.access.package import write_access_package
from bridge.steps.access.package.records.tables import FLAT_TABLES
from tests.steps.access.export_case import NOW, REQUEST, Package, asha, case, fixture, found, task

FRONT = [
    "00_letter.html",
    "00_letter.txt",
    "01_summary.json",
    "02_recipients.json",
    "02_recipients.csv",
    "03_purposes_and_bases.json",
    "04_retention.json",
    "05_consents.json",
    "06_automated_decisions.json",
    "07_transfers.json",
    "08_withheld.json",
]


KINDS = {
    "string": str,
    "integer": int,
    "object": dict,
    "array": list,
    "boolean": bool,
    "number": float,
    "null": type(None),
}
KNOWN = {"$schema", "$id", "title", "description", "$defs", "format", "$ref", "oneOf", "anyOf", "type"}
KNOWN |= {"properties", "required", "additionalProperties", "items", "const", "enum", "pattern", "minimum"}


def breaches(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """Return the violations of a JSON Schema; a keyword that this checker does not know fails."""
    assert not schema.keys() - KNOWN, schema.keys() - KNOWN
    named = schema.get("type", list(KINDS))
    if type(value) not in [KINDS[name] for name in ([named] if isinstance(named, str) else named)]:
        return [f"{at}: not {named}"]
    simple = {
        "const": lambda rule: value == rule,
        "enum": lambda rule: value in rule,
        "pattern": lambda rule: re.search(rule, value),
        "minimum": lambda rule: value >= rule,
        "required": lambda rule: not isinstance(value, dict) or set(rule) <= value.keys(),
        "oneOf": lambda rule: sum(not breaches(value, one, root, at) for one in rule) == 1,
        "anyOf": lambda rule: any(not breaches(value, one, root, at) for one in rule),
        "$ref": lambda rule: not breaches(value, root["$defs"][rule.rpartition("/")[2]], root, at),
    }
    bad = [f"{at}: {word}" for word, test in simple.items() if word in schema and not test(schema[word])]
    for name, item in value.items() if isinstance(value, dict) else ():
        rule = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
        bad += [f"{at}: {name} unforeseen"] if rule is False else breaches(item, rule, root, f"{at}.{name}")
    for number, item in enumerate(value if isinstance(value, list) else ()):
        bad += breaches(item, schema.get("items", {}), root, f"{at}[{number}]")
    return bad


def test_the_bag_is_valid_and_in_order():
    """Every hash of both manifests can be computed again, and nothing is unlisted."""
    package = Package(case())
    names = list(package.files)
    assert names[0] == "bagit.txt"
    assert names[1:12] == [f"data/{name}" for name in FRONT]
    assert package.files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    listed = set()
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in package.files[manifest].decode().splitlines():
            digest, path = line.split("  ", 1)
            assert hashlib.sha256(package.files[path]).hexdigest() == digest
            listed.add(path)
    assert listed | {"tagmanifest-sha256.txt"} == set(names)
    payload = [body for name, body in package.files.items() if name.startswith("data/")]
    oxum = f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}\n"
    assert oxum in package.files["bag-info.txt"].decode()
    digest = hashlib.sha256(package.files["manifest-sha256.txt"]).hexdigest()
    assert package.manifest.manifest_sha256 == digest


def test_the_manifest_lists_every_file_with_its_role():
    """`manifest.json` is the table of contents that a machine reads."""
    package = Package(case())
    manifest = json.loads(package.files["manifest.json"])
    assert {file["path"] for file in manifest["files"]} == {n for n in package.files if n.startswith("data/")}
    by_path = {file["path"]: file for file in manifest["files"]}
    assert by_path["data/01_summary.json"]["role"] == "summary"
    assert by_path["data/records/orders.csv"]["portable"] is True
    assert by_path["data/records/shipments.json"]["portable"] is False
    assert manifest["schema"] == "access-package/1"
    assert manifest["package_id"] == "pkg_01JD6N"
    assert manifest["completeness"] == {"complete": True, "gaps": [], "recipients_named": True, "recipient_gaps": []}


@pytest.mark.parametrize("records", [None, []], ids=["asha", "nothing"])
def test_every_json_file_matches_the_shipped_schema_and_has_the_header(records):
    """S-05, S-12 and P-06 (the version of the policy), for a full package and for an empty one."""
    package = Package(case(records))
    schema = package.json("schema/access-package.schema.json")
    paths = [name for name in package.files if name.startswith("data/") and name.endswith(".json")]
    for path in paths:
        if path.endswith("schema.json"):
            continue
        text = package.files[path].decode()
        value = json.loads(text)
        assert breaches(value, schema, schema) == [], path
        assert value["policy"]["sha256"] == "p" * 64
        assert value["retention"]["sha256"] == "r" * 64
        assert value["contact"]["phone"] == "not yet published"
        assert json.dumps(value) == json.dumps(value, sort_keys=True), path
        if "/records/" in path or "/portable/" in path:
            assert text.count("\n    {") == len(value["records"]), path  # one line each
        else:
            assert text == json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n", path


class Sealing:
    """A stream that can only be written, like the one of the store."""

    def __init__(self) -> None:
        """Create it empty."""
        self.taken = bytearray()

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self.taken += data
        return len(data)


def test_the_same_data_give_the_same_bytes_on_any_stream():
    """Built twice, into a file and into a stream that cannot seek. Requirement S-05."""
    sealed = Sealing()
    write_access_package(case(), sealed)
    assert bytes(sealed.taken) == Package(case()).raw == Package(case()).raw


def test_another_day_changes_only_the_times_stated():
    """`prepared_at` and `covers_data_as_of` are the only differences of the records."""
    later = timedelta(minutes=5)
    first = Package(case())
    tasks = [task("shopify", records=3, finished_at=NOW), task("delhivery", finished_at=NOW)]
    second = Package(case(prepared_at=NOW + later, tasks=tasks))
    for path, body in first.files.items():
        if path.startswith("data/records/") or path.endswith("04_retention.json"):
            other = second.files[path].decode().replace("2026-11-29T10:05:00", "2026-11-29T10:00:00")
            other = other.replace(
                '"covers_data_as_of": "2026-11-29T10:00:00', '"covers_data_as_of": "2026-11-29T09:40:00'
            )
            assert other == body.decode(), path


def test_the_records_hold_every_value_and_mask_only_payment_data():
    """S-02: every planted value is found; card and account numbers are not."""
    package = Package(case())
    whole = "".join(body.decode() for name, body in package.files.items() if "/records/" in name)
    seeded = ["Asha Qwertzuiop", "7 Nowhere Lane", "203.0.113.7", "Engraving", "For my sister", "RETURN1"]
    seeded += ["99900010004126", "Too small", "aFieldNobodyForesaw", "pay_1", "Silver ring", "LOYAL"]
    for value in seeded:
        assert value in whole, value
    for secret in ["4111111111111111", "4111 1111 1111 1111", "411111", "123456789012", "HDFC0001234"]:
        assert secret not in whole, secret
    for secret in ["okbank", "Ravi Clerk", "Ramesh Stranger"]:
        assert secret not in whole, secret
    assert package.table("payments")[0]["account"] == "****1111"
    assert package.json("records/orders.json")["records"][0]["data"]["refunds"][0]["staffMember"] == (
        "a member of our staff"
    )
    codes = {entry["reason_code"] for entry in package.json("08_withheld.json")["left_out"]}
    assert codes == {
        "payment_number_masked",
        "payment_detail_masked",
        "bank_detail_in_text_masked",
        "staff_name_replaced",
        "other_person_removed",
    }


def test_the_tables_are_flat_and_typed():
    """Phones in international form, money with its currency, times with their offset. Requirement S-04."""
    package = Package(case())
    assert package.table("orders")[0]["phone"] == "+919000000001"
    assert package.table("addresses")[0]["phone"] == "+919000000001"
    assert len(package.table("addresses")) == 2
    assert package.table("refunds")[0]["amount"] == "-100.00"
    shipment = package.table("shipments")[2]
    assert (shipment["cod_amount"], shipment["currency"]) == ("2500.0", "INR")
    assert package.table("shipment_events")[0]["at"] == "2026-05-09T12:38:09+05:30"
    assert package.table("consents") == [
        {
            "channel": "email",
            "state": "subscribed",
            "method": "single_opt_in",
            "at": "2026-03-04T05:01:00+00:00",
            "collected_from": "",
        },
        {"channel": "sms", "state": "not_subscribed", "method": "", "at": "", "collected_from": ""},
    ]
    assert all(line.endswith(b"\r") for line in package.files["data/records/orders.csv"].split(b"\n")[:-1])
    assert package.table("addresses")[1]["address1"].startswith("'=HYPERLINK(")


def test_every_column_is_in_the_dictionary():
    """`schema/columns.csv` explains each table that the package has."""
    package = Package(case())
    text = package.text("schema/columns.csv")
    for table in FLAT_TABLES:
        assert f"data/records/{table.name}.csv" in package.files
        assert f"data/records/{table.name}.json" in package.files
        for column in table.columns:
            assert f'"records/{table.name}.csv","{column.name}"' in text
            assert column.label
    assert "pd:EmailAddress" in text
    assert "apostrophe" in text


def test_an_unknown_kind_has_its_own_file():
    """The name of a kind can neither leave the folder nor replace another file."""
    strange = [
        found("gift_card", {"id": "1", "code": "x"}),
        found("../../etc/passwd", {"a": 1}),
        found("orders", {"b": 2}),
        found("", {"c": 3}),
    ]
    package = Package(case(strange))
    assert package.json("records/gift_card.json")["records"][0]["data"] == {"id": "1", "code": "x"}
    assert package.json("records/etc_passwd.json")["count"] == 1
    assert package.json("records/other_orders.json")["count"] == 1
    assert package.json("records/unnamed.json")["count"] == 1
    assert package.json("records/orders.json")["count"] == 0


def test_records_of_any_shape_are_accepted():
    """Connections, missing parts, wrong types: an empty cell, never an error."""
    order = {
        "id": 5,
        "lineItems": {"edges": [{"node": {"title": "Ring"}}, "x"]},
        "refunds": "none",
        "returns": {"nodes": [{"returnLineItems": None}]},
        "shippingAddress": "somewhere",
        "tags": None,
        "totalPriceSet": [],
        "createdAt": "yesterday",
        "email": True,
        "fulfillments": [{"trackingInfo": [{"company": "", "number": "", "url": "https://shiprocket.co/x"}]}],
        "when": NOW,
        "odd": float("nan"),
        "note": {"by": "nobody"},
        "ifsc": "",
    }
    shipment = {"waybill": 77, "consignee": None, "events": None, "cod_amount": {"amount": "5"}}
    package = Package(case([found("order", order), found("shipment", shipment, "bluedart")]))
    assert package.table("order_lines")[0]["title"] == "Ring"
    assert package.table("orders")[0]["created_at"] == "yesterday"
    data = package.json("records/orders.json")["records"][0]["data"]
    assert (data["odd"], data["note"], data["ifsc"]) == ("nan", {"by": "nobody"}, "")
    assert package.table("shipments")[-1]["waybill"] == "77"


def test_hostile_values_break_neither_json_nor_csv():
    """Lone surrogates, control characters, a hundred levels, a megabyte."""
    deep: Any = "end"
    for _ in range(300):
        deep = {"a": deep}
    body = {
        "id": "gid://shopify/Order/1",
        "name": "a\ud800b\x00\r\n=1",
        "note": "x" * 1_000_000,
        "deep": deep,
        "k\udfff": 1,
    }
    package = Package(case([found("order", body)]))
    record = package.json("records/orders.json")["records"][0]["data"]
    assert record["name"] == "a\ufffdb\x00\r\n=1"
    assert record["k\ufffd"] == 1
    assert "nested too deeply" in json.dumps(record)
    assert package.table("orders")[0]["note"].endswith("the rest is in the .json file]")
    assert len(record["note"]) == 1_000_000
    assert package.table("orders")[0]["order"] == "a\ufffdb\ufffd\r\n=1"


def test_a_byte_order_mark_is_an_option():
    """Only old spreadsheet programs need it to recognise UTF-8."""
    assert Package(case(csv_bom=True)).files["data/records/orders.csv"].startswith(b"\xef\xbb\xbf")
    assert Package(case()).files["data/records/orders.csv"].startswith(b'"order"')


def test_two_thousand_orders_stay_small_in_memory():
    """The findings are read one by one and never held together."""
    whole = fixture("order__cod_delhivery")
    kept = ("name", "createdAt", "lineItems")
    order = {name: whole[name] for name in kept}

    def many():
        for number in range(2_000):
            body = order | {"id": f"gid://shopify/Order/{number}", "confirmationNumber": f"{number * 7919:x}"}
            yield "shopify", Finding(kind="order", ref=body["id"], matched_by="customer_id", body=body)

    sealed = Sealing()
    tracemalloc.start()
    try:
        manifest = write_access_package(replace(case(), records=many), sealed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert manifest.records == 2_000
    assert peak < 16_000_000
    with zipfile.ZipFile(io.BytesIO(sealed.taken)) as opened:
        assert len(json.loads(opened.read("data/records/orders.json"))["records"]) == 2_000


def test_a_failed_source_of_records_leaves_no_readable_zip():
    """An interrupted package cannot be opened."""

    def broken():
        yield from asha()
        raise OSError("gone")

    sealed = Sealing()
    with pytest.raises(OSError, match="gone"):
        write_access_package(replace(case(), records=broken), sealed)
    assert not zipfile.is_zipfile(io.BytesIO(sealed.taken))


def test_a_stream_that_breaks_gets_no_directory_afterwards():
    """Not even when the incomplete zip is garbage-collected."""

    class Full(Sealing):
        def write(self, data: bytes) -> int:
            if len(self.taken) > 2_000:
                raise OSError("full")
            return super().write(data)

    full = Full()
    with pytest.raises(OSError, match="full"):
        write_access_package(case(), full)
    gc.collect()
    assert b"PK\x05\x06" not in full.taken


def test_ids_of_the_request_are_the_references():
    """The reference on the letter is the one in every file."""
    package = Package(case())
    assert REQUEST.id in package.text("00_letter.html")
    assert package.json("01_summary.json")["request_id"] == REQUEST.id
