"""Decide about bank details of a refund: their form, who may read them, and when they must be erased.

Pure. Errors name what is wrong and never repeat what was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import BankDetails, RefundAccount, RefundState, Settlement
from bridge.rules.retention.category_retention import RetentionFacts, calculate_category_retention
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day

if TYPE_CHECKING:
    from config.retention_file.retention import Retention

REFUND_BANK_CATEGORY = "cod_refund_bank"
BANK_DETAIL_FIELDS = ("account_number", "ifsc", "account_holder", "upi_id")
_ACCOUNT_NUMBER_FORMAT = re.compile(r"\d{9,18}", re.ASCII)
_IFSC_FORMAT = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_UPI_ID_FORMAT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,254}@[A-Za-z][A-Za-z0-9]{1,63}")
_SETTLEMENT_REFERENCE_FORMAT = re.compile(r"[A-Za-z0-9]{8,35}")  # RRN 12 digits, UTR of NEFT 16, of RTGS 22
_REFUND_ID_FORMAT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}")
_AMOUNT_FORMAT = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_MAX_HOLDER_CHARS = 120
APPROVAL_LASTS = timedelta(hours=24)


def parse_refund_id(raw_id: str) -> str:
    """Return a refund's id: Shopify's number, or the merchant's own. Raises PayloadInvalid."""
    number = raw_id.strip().removeprefix("gid://shopify/Refund/")
    if not _REFUND_ID_FORMAT.fullmatch(number):
        raise PayloadInvalid("refund_id_shape")
    return number


def validate_bank_details(raw_details: Mapping[str, Any]) -> BankDetails:
    """Check what was given: an account and its IFSC, or a UPI address. Raises PayloadInvalid."""
    if set(raw_details) - set(BANK_DETAIL_FIELDS):
        raise PayloadInvalid("field_unknown")
    if any(value is not None and not isinstance(value, str) for value in raw_details.values()):
        raise PayloadInvalid("value_not_text")
    details = {name: (raw_details.get(name) or "").strip() for name in BANK_DETAIL_FIELDS}
    account = re.sub(r"[ -]", "", details["account_number"])
    ifsc = re.sub(r"[ -]", "", details["ifsc"]).upper()
    if bool(details["upi_id"]) == bool(account or ifsc):
        raise PayloadInvalid("one_way_needed")
    if details["upi_id"]:
        if not _UPI_ID_FORMAT.fullmatch(details["upi_id"]):
            raise PayloadInvalid("upi_id_shape")
    elif not _ACCOUNT_NUMBER_FORMAT.fullmatch(account):
        raise PayloadInvalid("account_number_shape")
    elif not _IFSC_FORMAT.fullmatch(ifsc):
        raise PayloadInvalid("ifsc_shape")
    if len(details["account_holder"]) > _MAX_HOLDER_CHARS:
        raise PayloadInvalid("account_holder_too_long")
    return BankDetails(
        account_number=account, ifsc=ifsc, account_holder=details["account_holder"], upi_id=details["upi_id"]
    )


def validate_settlement(*, reference: str, amount: str, currency: str, on: date) -> Settlement:
    """Check what the bank said. Raises PayloadInvalid."""
    if not _SETTLEMENT_REFERENCE_FORMAT.fullmatch(reference):
        raise PayloadInvalid("reference_shape")
    if not _AMOUNT_FORMAT.fullmatch(amount) or Decimal(amount) <= 0:
        raise PayloadInvalid("amount_shape")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise PayloadInvalid("currency_shape")
    return Settlement(reference=reference, amount=Decimal(amount), currency=currency, on=on)


def find_read_refusal(account: RefundAccount | None, *, refund: str, purpose: str, lock: Sequence[str]) -> str:
    """Return why these details may not be read, as a code; '' where they may.

    Policy s.2 and s.5.xvi: to execute the refund and for nothing else. A purpose that `purpose_lock` of the retention
    file does not name reads nothing.
    """
    if account is None:
        return "not_known"
    if purpose not in lock:
        return "another_purpose"
    if refund != account.refund_id:
        return "another_refund"
    return "" if account.state is RefundState.OPEN else account.state.value


def is_approval_missing(account: RefundAccount, *, actor: str, now: datetime) -> bool:
    """Return whether nobody else has approved lately that `actor` reads the details: two people are needed where there are users."""
    is_recent = account.approved_at is not None and now - account.approved_at <= APPROVAL_LASTS
    return not is_recent or account.approved_by == actor


def compute_erase_at(opened_at: datetime, settled_at: datetime, retention: Retention) -> datetime | None:
    """Return when the details must be erased: the first day on which no hold of their category is left.

    A law that begins to bind before that day counts, too. None where the file has no such category, or a hold cannot be read or has no end; then they stay.
    """
    category = retention.categories.get(REFUND_BANK_CATEGORY)
    if category is None:
        return None
    events = {"refund_opened_at": opened_at, "refund_reconciled_at": settled_at, "last_processing_at": settled_at}
    today = local_day(settled_at, retention.calendar)
    kept = calculate_category_retention(category, [RetentionFacts(events=events)], today=today, retention=retention)
    if not kept.holds:
        return settled_at
    if kept.erasable_from is None or kept.release_needs:
        return None
    return compute_day_start(kept.erasable_from, retention)
