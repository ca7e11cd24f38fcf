"""When a carrier may be notified: never while a parcel moves, cash is unpaid, something is open, or a hold runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import ParcelStatus, ReferenceKind
from bridge.rules.notices.timing import FINAL_PARCEL_STATUSES, TRACKING_PAUSE_DAYS, decide_notice_timing
from config.merchant_file.notice_rules import NoticeRules
from tests.factories import NOW, make_entry, settled_retention
from tests.kit.durations import days

TERMS = NoticeRules()
RETENTION = settled_retention()


BARE = replace(TERMS, claim_days=0, cod_hold_days=0)
FREE = replace(RETENTION, categories={})


def decide_timing(now=NOW, tracked=True, terms=TERMS, retention=RETENTION, **given):
    return decide_notice_timing(
        make_entry(**given), now=now, is_trackable=tracked, notice_rules=terms, retention=retention
    )


def test_a_prepaid_parcel_delivered_long_ago_may_be_notified():
    assert decide_timing().reason == ""
    assert decide_timing(cod=True, status_at=NOW - days(29)).reason == "hold_open_contract"
    assert decide_timing(cod=True, status_at=NOW - days(40)).reason == ""


@pytest.mark.parametrize("status", [ParcelStatus.BOOKED, ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY])
def test_a_moving_parcel_waits_with_an_open_end(status):
    timing = decide_timing(status=status, status_at=NOW - days(400))
    assert (timing.reason, timing.not_before) == ("parcel_moving", None)


@pytest.mark.parametrize("status", [ParcelStatus.RETURNING, ParcelStatus.RETURN_BOOKED, ParcelStatus.REDIRECTED])
def test_a_returning_parcel_waits_with_an_open_end(status):
    assert decide_timing(status=status).reason == "parcel_returning"


def test_a_parcel_is_tracked_with_growing_pauses():
    pauses = [(decide_timing(status=ParcelStatus.IN_TRANSIT, looks=n).look_at - NOW).days for n in range(8)]
    assert pauses == [*TRACKING_PAUSE_DAYS, 7, 7]
    assert pauses == sorted(pauses)


def test_cash_on_delivery_waits_for_the_longest_cycle_or_for_the_remittance():
    free = replace(RETENTION, merchant={**RETENTION.merchant, "return_window_days": 0, "warranty_days": 0})
    arrived = NOW - days(12)
    timing = decide_timing(cod=True, status_at=arrived, retention=free)
    assert (timing.reason, timing.not_before) == ("cod_unremitted", arrived + days(30))
    assert timing.look_at == timing.not_before
    assert decide_timing(cod=True, remitted=True, status_at=arrived, retention=free).reason == ""
    assert decide_timing(cod=None, status_at=arrived, retention=free).reason == "cod_not_known"
    assert decide_timing(cod=False, status_at=arrived, retention=free).reason == ""


def test_claims_of_damage_have_their_days_after_delivery_and_after_return():
    for status in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED):
        timing = decide_timing(status=status, status_at=NOW - days(3), terms=replace(TERMS, claim_days=50))
        assert (timing.reason, timing.not_before) == ("claim_window", NOW + days(47))


def test_a_returned_parcel_leaves_no_contract_and_no_cash():
    assert decide_timing(status=ParcelStatus.RETURNED, cod=True, status_at=NOW - days(11)).reason == ""
    assert decide_timing(status=ParcelStatus.CANCELLED, cod=True, status_at=NOW - days(1)).reason == ""


def test_a_lost_parcel_is_a_claim_first():
    timing = decide_timing(status=ParcelStatus.LOST, status_at=NOW - days(1))
    assert (timing.reason, timing.not_before) == ("lost_claim", NOW + days(59))


@pytest.mark.parametrize(
    ("matters", "reason"),
    [
        (("return/9",), "return_open"),
        (("dispute/4", "return/9"), "dispute_open"),
        (("dispute/4", "held_by_operator"), "held_by_operator"),
    ],
)
@pytest.mark.parametrize("names", [ReferenceKind.WAYBILL, ReferenceKind.ORDER])
def test_an_open_blocker_waits_with_an_open_end(matters, reason, names):
    timing = decide_timing(matters=matters, names=names)
    assert (timing.reason, timing.not_before, timing.look_at) == (reason, None, NOW + days(7))


def test_a_hold_of_the_retention_file_binds_the_carriers_copy_too():
    arrived = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)  # the 11th in India
    timing = decide_timing(status_at=arrived)
    assert timing.reason == "hold_open_contract"
    # 30 days of warranty: the last day is 11 December, erasable from the 12th, which begins at 18:30 UTC
    assert timing.not_before == datetime(2026, 12, 11, 18, 30, tzinfo=UTC)


def test_undecided_lengths_hold_for_ever_and_give_the_reason():
    undecided = replace(RETENTION, merchant={**RETENTION.merchant, "warranty_days": None})
    timing = decide_timing(retention=undecided)
    assert (timing.reason, timing.not_before) == ("hold_open_contract", None)


def test_the_one_year_of_the_dpdp_rules_counts_from_the_day_it_is_in_force():
    old = {"status_at": datetime(2027, 2, 1, tzinfo=UTC), "shipped_at": datetime(2027, 1, 28, tzinfo=UTC)}
    assert decide_timing(now=datetime(2027, 5, 12, 10, 0, tzinfo=UTC), **old).reason == ""
    timing = decide_timing(now=datetime(2027, 5, 13, 10, 0, tzinfo=UTC), **old)
    assert timing.reason == "hold_dpdp_one_year"
    assert timing.not_before == datetime(2028, 2, 1, 18, 30, tzinfo=UTC)


def test_the_longest_of_several_grounds_counts():
    timing = decide_timing(cod=True, status_at=NOW - days(1), terms=replace(TERMS, claim_days=90))
    assert (timing.reason, timing.not_before) == ("claim_window", NOW + days(89))


def test_a_parcel_that_cannot_be_tracked_waits_its_days_from_the_shipping():
    blank = {"tracked": False, "status": ParcelStatus.UNKNOWN, "status_at": None, "terms": BARE}
    timing = decide_timing(**blank, shipped_at=NOW - days(10), retention=FREE)
    assert (timing.reason, timing.not_before) == ("carrier_not_tracked", NOW + days(50))
    assert decide_timing(**blank, shipped_at=NOW - days(61), retention=FREE).reason == ""
    timing = decide_timing(**blank | {"status": ParcelStatus.IN_TRANSIT, "status_at": NOW}, shipped_at=NOW - days(70))
    assert timing.not_before >= NOW + days(60), "the shop said today that it is on its way"
    assert decide_timing(tracked=False).reason == "", "the shop said that it was delivered"


@pytest.mark.parametrize("tracked", [True, False])
def test_an_untracked_parcel_then_counts_as_delivered_and_is_held_like_one(tracked):
    lost_from_sight = {"status": ParcelStatus.UNKNOWN, "status_at": None, "tracked": tracked}
    begun = datetime(2027, 6, 1, tzinfo=UTC)
    timing = decide_timing(now=begun + days(61), shipped_at=begun, **lost_from_sight)
    assert timing.reason == "hold_dpdp_one_year"
    assert timing.not_before >= begun + days(60 + 365)
    timing = decide_timing(cod=True, shipped_at=NOW - days(61), retention=FREE, **lost_from_sight)
    assert (timing.reason, timing.not_before) == ("cod_unremitted", NOW + days(29))


def test_without_any_date_the_days_begin_at_the_first_check_and_do_not_move():
    blank = {"tracked": False, "status": ParcelStatus.UNKNOWN, "status_at": None, "shipped_at": None}
    first = decide_timing(**blank)
    assert first.not_before == NOW + days(60)
    assert decide_timing(now=NOW + days(5), not_before=first.not_before, **blank).not_before == first.not_before


def test_an_unknown_waybill_is_no_proof_and_is_tracked_again_meanwhile():
    timing = decide_timing(
        status=ParcelStatus.NOT_FOUND, shipped_at=NOW - days(10), status_at=None, terms=BARE, retention=FREE
    )
    assert (timing.reason, timing.not_before) == ("carrier_does_not_know_it", NOW + days(50))
    assert timing.look_at == NOW + days(1)


def test_an_operators_release_and_what_is_no_parcel_wait_for_nothing():
    assert decide_timing(released=True, status=ParcelStatus.IN_TRANSIT, matters=("dispute/4",)).reason == ""
    assert decide_timing(names=ReferenceKind.CUSTOMER, status=ParcelStatus.UNKNOWN).reason == ""


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    now=MOMENTS,
    status=st.sampled_from(list(ParcelStatus)),
    status_at=st.none() | MOMENTS,
    shipped_at=st.none() | MOMENTS,
    cod=st.sampled_from([True, False, None]),
    looks=st.integers(0, 50),
    tracked=st.booleans(),
)
def test_every_wait_has_a_reason_and_a_later_check(**given):
    now, tracked = given.pop("now"), given.pop("tracked")
    timing = decide_timing(now=now, tracked=tracked, **given)
    if not timing.reason:
        assert given["status"] in FINAL_PARCEL_STATUSES or not tracked or given["status"] in ("unknown", "not_found")
        return
    assert timing.look_at is not None
    assert timing.look_at > now
    assert timing.not_before is None or timing.not_before > now
    if timing.not_before is not None:
        after = decide_timing(now=timing.not_before, tracked=tracked, **given)
        assert after.not_before is None or after.not_before >= timing.not_before, "a date never comes nearer by waiting"
