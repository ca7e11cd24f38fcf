"""What shops type, aggregators write and Shopify guesses: one table of spellings, and whose each parcel is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.rules.index.shipping import iterate_attributed_waybills

TRACKINGS = json.loads((Path(__file__).parents[2] / "fixtures/carriers/typed_trackings.json").read_text())


@pytest.mark.parametrize("row", TRACKINGS, ids=lambda row: f"{row['company']}|{row['number'][:24]}|{row['url'][:32]}")
def test_a_typed_tracking_is_attributed(row):
    found = list(iterate_attributed_waybills(row["number"], row["url"], company=row["company"], rules=()))
    assert [number for number, _ in found] == row["waybills"]
    assert {(by.carrier, by.account_holder, by.decided_by) for _, by in found} == {
        (row["carrier"], row["account_holder"], row["decided_by"])
    }


def test_each_row_is_a_case_of_its_own_and_says_where_it_was_seen():
    assert len({(row["company"], row["url"], row["number"]) for row in TRACKINGS}) == len(TRACKINGS) >= 150
    assert all(row["seen"] for row in TRACKINGS)
