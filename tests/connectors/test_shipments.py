"""A date that a carrier cannot mean is no date: no period counts from it. Waybills go in batches, of which one is the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.shipment import parse_india_time, split_into_batches
from bridge.connectors.tracking import parse_status_time
from bridge.model import ParcelStatus, Waybill
from tests.connectors.bluedart import bluedart_answers as blue
from tests.connectors.delhivery.delhivery_answers import URL, make_connector
from tests.connectors.test_tracking import track

ALWAYS_ANSWERED = [blue.LOGGED_IN]
FAR_AHEAD = (datetime.now(UTC) + timedelta(days=400)).isoformat()
NO_DATES = (
    *(
        "0001-01-01T00:00:00",
        "0001-01-01T14:20",
        "0001-01-01T00:00:00+05:30",
        "1900-01-01",
        "1999-12-31T23:59:59",
        "0000-00-00",
    ),
    *(
        "9999-12-31T23:59:59",
        "9999-12-31T23:59:59-12:00",
        "2999-01-01T00:00:00Z",
        FAR_AHEAD,
        "2026-02-30T10:00:00",
        "2026-13-01",
    ),
    *(
        "2026-06-04T25:00:00",
        "2026-06-04T14:20:00+23:59",
        "2026-06-04T14:20:00+99:99",
        "20260604",
        "2026-W23-4",
        "1780000000",
    ),
    *(
        1_780_000_000,
        1_780_000_000_000,
        1.78e9,
        -1,
        True,
        [],
        {},
        ["2026-06-04"],
        "soon",
        "\u0662\u0660\u0662\u0666-06-04",
    ),
)


@pytest.mark.parametrize("value", NO_DATES, ids=range(len(NO_DATES)))
def test_an_implausible_date_is_none_and_kept_raw(value):
    unrecognised: dict[str, object] = {}
    assert parse_india_time(value, unrecognised) is None
    assert parse_status_time(value) is None
    assert bool(unrecognised) is (isinstance(value, str | int | float) and not isinstance(value, bool))


@pytest.mark.parametrize(
    "value", ["2026-06-04T14:20:00", "2026-06-04 14:20:00.752", "2026-06-04T08:50:00Z", "2012-06-04T14:20:00+14:00"]
)
def test_a_plausible_date_is_read(value):
    unrecognised: dict[str, object] = {}
    assert parse_india_time(value, unrecognised)
    assert not unrecognised


def test_a_zero_date_of_delhivery_starts_no_clock_and_costs_no_other_parcel(mock):
    def row(number, at):
        status = {"Status": "Delivered", "StatusType": "DL", "StatusDateTime": at}
        return {"Shipment": {"AWB": number, "Status": status, "Scans": [], "Consignee": {"Name": "Asha Q"}}}

    rows = [row("1490812345671", "0001-01-01T00:00:00"), row("1490812345682", "2026-06-04T10:00:00")]
    mock.get(URL, json={"ShipmentData": rows})
    results = track(make_connector(), "1490812345671", "1490812345682")
    assert [one.status for one in results.values()] == [ParcelStatus.DELIVERED] * 2
    assert [one.status_at for one in results.values()] == [None, datetime(2026, 6, 4, 4, 30, tzinfo=UTC)]


@pytest.mark.parametrize("day", ["01 January 0001", "31-Dec-9999", "01-Jan-1900", "31 June 2026", "00 June 2026"])
def test_an_impossible_date_of_blue_dart_starts_no_clock(mock, day):
    body = blue.xml(blue.one("99900012343", "DL", f"<StatusDate>{day}</StatusDate><StatusTime>14:20</StatusTime>"))
    mock.get(blue.URL, body=body)
    (result,) = track(blue.make_connector(), "99900012343").values()
    assert (result.status, result.status_at) == (ParcelStatus.DELIVERED, None)


@given(
    st.lists(st.one_of(st.integers(10_000, 10_020).map(str), st.sampled_from(["x", "no/t"])), max_size=12),
    st.integers(1, 5),
    st.integers(0, 12),
)
def test_only_the_last_batch_says_that_no_other_follows(numbers, size, asked):
    parcels = [Waybill(number=number, carrier="delhivery") for number in numbers]
    batches = list(split_into_batches("delhivery", parcels, batch_size=size, cursor=str(asked) if asked else ""))
    assert [batch.is_last for batch in batches] == [False] * (len(batches) - 1) + [True] * bool(batches)
    assert sum(len(batch.parcels) for batch in batches) == max(len({n for n in numbers if n.isdecimal()}) - asked, 0)
