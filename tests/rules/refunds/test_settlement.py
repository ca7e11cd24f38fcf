"""Bank details of a refund: their form, the purpose lock, the day of their erasure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import BankDetails, RefundAccount, RefundState
from bridge.rules.refunds import settlement as settlement_rules
from bridge.rules.refunds.settlement import (
    compute_erase_at,
    find_read_refusal,
    parse_refund_id,
    validate_bank_details,
    validate_settlement,
)
from bridge.rules.retention.statutory_last_days import compute_day_start
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.factories import NOW

GOOD = {"account_number": "001234567890", "ifsc": "HDFC0001234", "account_holder": "Asha Qwertzuiop"}


@pytest.fixture(scope="module")
def retention():
    return load_retention(RETENTION_FILE)


def test_an_account_with_its_code_or_a_upi_address_is_accepted():
    taken = validate_bank_details(GOOD | {"account_number": " 0012 3456-7890", "ifsc": "hdfc0001234"})
    assert taken == BankDetails(**GOOD)
    assert (taken.method, taken.last_four) == ("bank", "7890")
    upi = validate_bank_details({"upi_id": "asha@okbank", "ifsc": None})
    assert (upi.method, upi.last_four, upi.upi_id) == ("upi", "", "asha@okbank")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "one_way_needed"),
        (GOOD | {"upi_id": "asha@okbank"}, "one_way_needed"),
        (GOOD | {"account_number": "12345678"}, "account_number_shape"),
        (GOOD | {"account_number": "1" * 19}, "account_number_shape"),
        (GOOD | {"account_number": "१२३४५६७८९"}, "account_number_shape"),
        (GOOD | {"account_number": 1234567890}, "value_not_text"),
        (GOOD | {"ifsc": "HDFC1001234"}, "ifsc_shape"),
        (GOOD | {"ifsc": ""}, "ifsc_shape"),
        (GOOD | {"account_holder": "x" * 121}, "account_holder_too_long"),
        ({"upi_id": "asha@example.in"}, "upi_id_shape"),
        ({"upi_id": "asha"}, "upi_id_shape"),
        (GOOD | {"cvv": "123"}, "field_unknown"),
    ],
)
def test_malformed_details_are_refused_without_being_repeated(given, reason):
    with pytest.raises(PayloadInvalid) as fault:
        validate_bank_details(given)
    assert fault.value.reason == reason == str(fault.value)
    assert fault.value.__context__ is None


def test_no_repr_shows_a_value():
    shown = repr(validate_bank_details(GOOD)) + repr(validate_bank_details({"upi_id": "asha@okbank"}))
    shown += repr(validate_settlement(reference="HDFC0123456789AB", amount="1", currency="INR", on=date(2026, 11, 1)))
    for value in (*GOOD.values(), "asha@okbank", "HDFC0123456789AB"):
        assert value not in shown


def test_a_refund_is_named_by_shopify_s_number_or_the_merchant_s_mark():
    assert parse_refund_id("gid://shopify/Refund/99") == parse_refund_id(" 99 ") == "99"
    assert parse_refund_id("COD-2026/17") == "COD-2026/17"
    for wrong in ("", "a b", "asha@okbank", "x" * 65):
        with pytest.raises(PayloadInvalid):
            parse_refund_id(wrong)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reference": "123"}, "reference_shape"),
        ({"reference": "12345678 9012"}, "reference_shape"),
        ({"amount": "0"}, "amount_shape"),
        ({"amount": "-1"}, "amount_shape"),
        ({"amount": "1.234"}, "amount_shape"),
        ({"amount": "NaN"}, "amount_shape"),
        ({"currency": "inr"}, "currency_shape"),
    ],
)
def test_a_malformed_settlement_is_refused(changed, reason):
    good = {"reference": "412345678901", "amount": "1234.00", "currency": "INR", "on": date(2026, 11, 1)}
    assert validate_settlement(**good).amount == Decimal("1234.00")
    with pytest.raises(PayloadInvalid, match=reason):
        validate_settlement(**good | changed)


ACCOUNT = RefundAccount(
    id="rfd_1", shop="s", refund_id="99", order_key="o", subject="p", state=RefundState.OPEN, opened_at=NOW
)


@pytest.mark.parametrize(
    ("account", "changes", "code"),
    [
        (ACCOUNT, {}, ""),
        (None, {}, "not_known"),
        (ACCOUNT, {"purpose": "xv"}, "another_purpose"),
        (ACCOUNT, {"lock": ()}, "another_purpose"),
        (ACCOUNT, {"refund": "98"}, "another_refund"),
        (replace(ACCOUNT, state=RefundState.SETTLED), {}, "settled"),
        (replace(ACCOUNT, state=RefundState.ERASED), {}, "erased"),
        (replace(ACCOUNT, state=RefundState.SETTLED), {"purpose": "xv"}, "another_purpose"),
    ],
)
def test_details_are_read_only_for_the_purpose_and_refund_of_the_lock(account, changes, code):
    assert find_read_refusal(account, **{"refund": "99", "purpose": "xvi", "lock": ("xvi",)} | changes) == code


def test_the_details_are_erased_from_the_start_of_the_next_day_in_india(retention):
    matched = compute_day_start(date(2026, 11, 22), retention)
    assert matched == datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    assert compute_erase_at(NOW, matched, retention) == datetime(2026, 12, 22, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("matched", "erased"),
    [
        (date(2027, 4, 11), date(2027, 5, 12)),  # thirty days are over before the one-year rule begins
        (date(2027, 4, 12), date(2028, 4, 13)),  # on their next day it binds already
        (date(2027, 5, 13), date(2028, 5, 14)),
    ],
)
def test_a_law_that_begins_before_the_details_are_erased_counts(retention, matched, erased):
    found = compute_erase_at(NOW, compute_day_start(matched, retention), retention)

    assert found == compute_day_start(erased, retention)


def test_in_doubt_the_details_stay_and_without_a_hold_they_are_erased_at_once(retention):
    def changed(**changes):
        category = replace(retention.categories[settlement_rules.REFUND_BANK_CATEGORY], **changes)
        return replace(retention, categories={settlement_rules.REFUND_BANK_CATEGORY: category})

    matched = compute_day_start(date(2026, 11, 22), retention)
    assert compute_erase_at(NOW, matched, replace(retention, categories={})) is None
    assert compute_erase_at(NOW, matched, changed(holds=("mistyped",))) is None
    assert compute_erase_at(NOW, matched, changed(holds=())) == matched
