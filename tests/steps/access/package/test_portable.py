"""The folder `portable/`: what a person may take elsewhere, without any other file of the copy."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.steps.access.package.records.portable import PORTABLE_COLUMNS
from bridge.steps.access.package.text import format_csv_line
from config.merchant_file.merchant import AccessRules
from tests.steps.access.export_case import MERCHANT, Package, asha, case, fixture, found
from tests.steps.access.test_package import breaches

FOLDER = "data/portable/"


def read_folder(package: Package) -> dict[str, str]:
    """Return the files of the folder by their name in it: what somebody has who got the folder alone."""
    return {path.removeprefix(FOLDER): body.decode() for path, body in package.files.items() if path.startswith(FOLDER)}


def read_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_folder_explains_itself():
    """Requirement S-11: the portable subset is usable alone. Requirement P-34: structured, with a published schema."""
    files = read_folder(Package(case()))
    schema = json.loads(files["schema.json"])
    columns = {(row["file"], row["column"]) for row in read_rows(files["columns.csv"])}
    tables = [name.removesuffix(".csv") for name in files if name.endswith(".csv") and name != "columns.csv"]
    assert set(tables) == set(PORTABLE_COLUMNS)
    for name in tables:
        rows, document = read_rows(files[f"{name}.csv"]), json.loads(files[f"{name}.json"])
        assert breaches(document, schema, schema) == []
        assert len(rows) == document["count"] == len(document["records"])
        header = next(csv.reader(io.StringIO(files[f"{name}.csv"], newline="")))
        assert {(f"{name}.csv", column) for column in header} <= columns, "every column is explained in the folder"
        for row, record in zip(rows, document["records"], strict=True):
            assert set(record) == set(header)
            assert {key: value.removeprefix("'") for key, value in row.items()} == {
                key: value.removeprefix("'") for key, value in record.items()
            }
    assert "records/" not in files["README.txt"], "it refers to no file outside"
    assert json.loads(files["orders.json"])["contact"]["email"] == "privacy@minimiss.com"


def test_phones_have_no_apostrophe_and_formulas_keep_it():
    """Requirement S-04: a phone is in international form and readable, a formula is neutralised."""
    files = read_folder(Package(case()))
    assert read_rows(files["orders.csv"])[0]["phone"] == "+919000000001"
    addresses = read_rows(files["addresses.csv"])
    assert addresses[0]["phone"] == "+919000000001"
    assert addresses[1]["address1"].startswith("'=HYPERLINK(")
    assert json.loads(files["addresses.json"])["records"][1]["address1"].startswith("=HYPERLINK(")


@given(st.text(alphabet="+-=@\t 0123456789A;:!|()\uff0b\u0665", max_size=24))
def test_only_a_plus_and_digits_pass_without_an_apostrophe(value):
    """Requirement S-04."""
    cell = next(csv.reader(io.StringIO(format_csv_line([value]), newline="")))[0]
    if cell == value and value[:1] == "+":
        assert value[1:].isascii()
        assert value[1:].isdigit()
    assert cell in (value, "'" + value)


def test_what_the_shop_or_its_platform_worked_out_is_left_out():
    """Requirement P-34: inferences are excluded here, and are in the copy."""
    customer = fixture("customer__asha") | {
        "note": "pays late",
        "tags": ["VIP"],
        "statistics": {"predictedSpendTier": "HIGH"},
        "amountSpent": {"amount": "98765.00", "currencyCode": "INR"},
    }
    package = Package(case([found("customer", customer), *asha()[1:]]))
    portable = "".join(read_folder(package).values())
    records = "".join(body.decode() for name, body in package.files.items() if name.startswith("data/records/"))
    for worked_out in ("pays late", "VIP", "predictedSpendTier", "98765.00", "recommendation"):
        assert worked_out in records
        assert worked_out not in portable


@pytest.mark.parametrize(("setting", "is_shown"), [("show", True), ("mask", False)])
def test_other_persons_are_treated_as_in_the_rest_of_the_copy(setting, is_shown):
    order = fixture("order__cod_delhivery")
    order["shippingAddress"] |= {"name": "Ravi Kumar", "address1": "9 Elsewhere Road", "phone": "+919000000077"}
    merchant = replace(MERCHANT, access=AccessRules(third_persons=setting))
    package = Package(case([asha()[0], found("order", order)], merchant=merchant))
    portable = "".join(read_folder(package).values())
    for value in ("Ravi Kumar", "9 Elsewhere Road", "+919000000077"):
        assert (value in portable) is is_shown
    assert "another person in " in package.text("00_letter.txt").replace("\n", " ")


def test_the_manifest_marks_the_folder_and_counts_its_rows():
    package = Package(case())
    listed = {file["path"]: file for file in json.loads(package.files["manifest.json"])["files"]}
    for name, text in read_folder(package).items():
        entry = listed[FOLDER + name]
        assert (entry["portable"], entry["role"]) == (True, "portability")
        if name.endswith(".csv") and name != "columns.csv":
            assert entry["records"] == len(read_rows(text)), name
