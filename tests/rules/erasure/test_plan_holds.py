"""The plan of an erasure says what `law release` says, whatever happened and on whatever day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.cli.law.release import compute_retention
from bridge.model import ErasureAction
from bridge.rules.erasure.plan import ErasureInputs, build_erasure_plan, plan_other_records
from bridge.rules.erasure.platform_fields import RESIDUE_GROUND, list_surviving_fields
from bridge.rules.retention.category_retention import RetentionFacts, calculate_category_retention, combine_retentions
from bridge.rules.retention.statutory_last_days import compute_day_start
from config.retention_file.gdpr_bases import ERASE_ON_CONFLICT
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.kit.retention_files import drop_holds
from tests.kit.suite.examples import count_examples

SHIPPED = load_retention(RETENTION_FILE)
DECIDED = replace(
    SHIPPED,
    reviewed_on=date(2026, 12, 1),
    merchant={**SHIPPED.merchant, "legal_entity_type": "llp", "warranty_days": 180, "return_window_days": 7},
)
EU_YIELDS = replace(
    DECIDED, holds={name: replace(hold, eu_conflict=ERASE_ON_CONFLICT) for name, hold in DECIDED.holds.items()}
)
FILES = st.sampled_from([SHIPPED, DECIDED, EU_YIELDS])
REGIMES = st.sampled_from([("IN",), ("IN", "EU"), ("IN", "EU", "UK")])
EVENT_NAMES = (
    "ordered_at",
    "delivered_at",
    "refund_opened_at",
    "refund_settled_at",
    "refund_reconciled_at",
    "claim_opened_at",
    "document_issued_at",
    "transaction_at",
    "tax_proceeding_open",
    "tax_proceeding_disposed_at",
    "last_processing_at",
)
MOMENTS = st.datetimes(min_value=datetime(2016, 1, 1), max_value=datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
EVENTS = st.dictionaries(st.sampled_from(EVENT_NAMES), MOMENTS)
DAYS = st.dates(min_value=date(2026, 11, 1), max_value=date(2036, 1, 1))
quick = settings(max_examples=count_examples(80), deadline=None)


def calculate(category, events, day, retention, regimes=("IN",)):
    facts = RetentionFacts(events=events, regimes=regimes)
    return calculate_category_retention(category, [facts], today=day, retention=retention)


def plan(events, day, retention, regimes, *, opened_by_operator=True):
    kept = {name: calculate(each, events, day, retention, regimes) for name, each in retention.categories.items()}
    inputs = ErasureInputs(
        rows={},
        orders_without_invoice_copy=0,
        held_rows=[("orders with their parcels", kept["parcel_index"], 1)] if kept["parcel_index"].holds else [],
        documents={},
        legal_holds={},
        processor_records=[
            ("delhivery", "shipment", kept["shipment"]),
            ("aggregator", "shipment", kept["shipment"]),
            ("newsletter", "contact", kept["contact"]),
            ("helpdesk", "support", kept["support"]),
        ],
        platform_retention=kept,
        refunds=(),
        legally_held_refund_ids=(),
        opened_by_operator=opened_by_operator,
    )
    now = compute_day_start(day, retention)
    others = plan_other_records(inputs, retention=retention, now=now)
    return build_erasure_plan(inputs, others, retention=retention, now=now)


def law_release(category, events, day, retention, regimes):
    return compute_retention(
        retention.categories[category], events=events, day=day, retention=retention, regimes=regimes
    )


@quick
@given(EVENTS, DAYS, FILES, REGIMES)
def test_every_line_has_the_action_the_day_and_the_hold_of_the_calculator(events, day, retention, regimes):
    """Requirement P-14: nothing without a reason survives, and what survives goes on its day."""
    for line in plan(events, day, retention, regimes):
        if line.category in ("suppression", "request_evidence") or line.reason == "platform_erases_all_at_once":
            continue
        expected = law_release(line.category, events, day, retention, regimes)
        if not expected["kept"] or (expected["action"] == "evidence" and line.system == "shopify"):
            assert line.until is None
            assert line.action in (ErasureAction.ERASE, ErasureAction.ANONYMISE) or line.hold_ids == (RESIDUE_GROUND,)
            continue
        assert (line.action.value, line.hold_ids[0]) == (expected["action"], expected["governed_by"])
        assert line.until == (expected["erasable_from"] - timedelta(days=1) if expected["erasable_from"] else None)


@quick
@given(EVENTS, DAYS, FILES, REGIMES)
def test_the_platforms_erasure_waits_for_the_last_of_what_it_would_take_along(events, day, retention, regimes):
    lines = [line for line in plan(events, day, retention, regimes) if line.system == "shopify"]
    waiting = [line for line in lines if line.action is ErasureAction.RESTRICT]
    if not waiting:
        return
    assert {line.action for line in lines} <= {
        ErasureAction.RESTRICT,
        ErasureAction.PSEUDONYMISE,
        ErasureAction.SEAL,
    }, "nothing there is erased while a part is kept"
    own = [line.until for line in waiting if line.reason == "law_keeps_it"]
    rest = {line.until for line in waiting if line.reason != "law_keeps_it"}
    assert rest <= {None if None in own else max(own)}


@quick
@given(EVENTS, DAYS, FILES, REGIMES, st.booleans())
def test_nothing_survives_without_a_ground_and_a_statement(events, day, retention, regimes, opened_by_operator):
    """Requirement P-14."""
    destroyed = (ErasureAction.ERASE, ErasureAction.ANONYMISE)
    for line in plan(events, day, retention, regimes, opened_by_operator=opened_by_operator):
        assert line.action in destroyed or (line.law and line.hold_ids)


@quick
@given(EVENTS, DAYS, REGIMES)
def test_what_the_platform_erases_by_itself_waits_for_nothing(events, day, regimes):
    lines = plan(events, day, DECIDED, regimes, opened_by_operator=False)
    assert {line.action for line in lines if line.system == "shopify"} == {
        ErasureAction.ERASE,
        ErasureAction.ANONYMISE,
        ErasureAction.KEEP,
    }


@quick
@given(EVENTS, DAYS)
def test_it_is_kept_to_the_day_before_and_free_on_the_day(events, day):
    for category in DECIDED.categories.values():
        kept = calculate(category, events, day, DECIDED)
        if not kept.erasable_from:
            continue
        before = calculate(category, events, kept.last_day, DECIDED)
        assert (before.erasable_from, before.governing.ground) == (kept.erasable_from, kept.grounds[0])
        assert not calculate(category, events, kept.erasable_from, DECIDED).holds


@quick
@given(st.sampled_from(sorted(DECIDED.categories)), st.lists(EVENTS, max_size=4), DAYS)
def test_of_several_orders_the_longest_counts(category, orders, day):
    single = [calculate(DECIDED.categories[category], events, day, DECIDED) for events in orders]
    facts = [RetentionFacts(events=events) for events in orders]
    together = calculate_category_retention(DECIDED.categories[category], facts, today=day, retention=DECIDED)
    assert together == combine_retentions(single)
    days = [kept.erasable_from for kept in single if kept.holds]
    assert together.erasable_from == (None if None in days else max(days, default=None))
    held_today = {hold.ground for kept in single for hold in kept.holds}
    assert set(together.grounds) == held_today | ({together.governing.ground} if together.governing else set())


def test_a_law_that_begins_before_the_end_of_another_governs():
    """Requirement P-60, T17: on the day before the law binds, the plan names the day that will stand."""
    delivered = datetime(2027, 5, 1, tzinfo=UTC)
    events = {"ordered_at": delivered, "delivered_at": delivered, "last_processing_at": delivered}
    kept = calculate(DECIDED.categories["contact"], events, date(2027, 5, 12), DECIDED)
    assert (kept.last_day, kept.grounds) == (date(2028, 5, 1), ("dpdp_one_year", "open_contract"))


@pytest.mark.parametrize("opened_by_operator", [True, False])
def test_what_stays_at_the_platform_without_a_law_says_so(opened_by_operator):
    file = drop_holds(DECIDED, *DECIDED.holds)
    lines = list_surviving_fields(file, {}, opened_by_operator=opened_by_operator)
    assert {(line.action, line.hold_ids, line.law.partition(":")[0]) for line in lines} == {
        (ErasureAction.KEEP, (RESIDUE_GROUND,), "no law")
    }
    assert sum(line.count for line in lines) == 13
