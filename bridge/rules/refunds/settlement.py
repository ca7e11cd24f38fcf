"""Bank details of a refund: their shapes, who may read them, and from when on they must go.

Pure. Errors name what is wrong and never repeat what was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import BankDetails, RefundAccount, RefundState, Settlement
from bridge.rules.retention.holds import holds_on, local_day

if TYPE_CHECKING:
    from config.retention_file.retention import Retention

CATEGORY = "cod_refund_bank"
FIELDS = ("account_number", "ifsc", "account_holder", "upi_id")
_ACCOUNT = re.compile(r"\d{9,18}", re.ASCII)
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_VPA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,254}@[A-Za-z][A-Za-z0-9]{1,63}")
_REFERENCE = re.compile(r"[A-Za-z0-9]{8,35}")  # RRN 12 digits, UTR of NEFT 16, of RTGS 22
_REFUND_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}")
_AMOUNT = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_LONGEST_NAME = 120


def refund_id(given: str) -> str:
    """A refund's id: Shopify's number, or the merchant's own mark. Raises PayloadInvalid."""
    number = given.strip().removeprefix("gid://shopify/Refund/")
    if not _REFUND_ID.fullmatch(number):
        raise PayloadInvalid("refund_id_shape")
    return number


def bank_details(given: Mapping[str, Any]) -> BankDetails:
    """Check what was given: an account and its IFSC, or a UPI address. Raises PayloadInvalid."""
    if set(given) - set(FIELDS):
        raise PayloadInvalid("field_unknown")
    if any(value is not None and not isinstance(value, str) for value in given.values()):
        raise PayloadInvalid("value_not_text")
    told = {name: (given.get(name) or "").strip() for name in FIELDS}
    account = re.sub(r"[ -]", "", told["account_number"])
    ifsc = re.sub(r"[ -]", "", told["ifsc"]).upper()
    if bool(told["upi_id"]) == bool(account or ifsc):
        raise PayloadInvalid("one_way_needed")
    if told["upi_id"]:
        if not _VPA.fullmatch(told["upi_id"]):
            raise PayloadInvalid("upi_id_shape")
    elif not _ACCOUNT.fullmatch(account):
        raise PayloadInvalid("account_number_shape")
    elif not _IFSC.fullmatch(ifsc):
        raise PayloadInvalid("ifsc_shape")
    if len(told["account_holder"]) > _LONGEST_NAME:
        raise PayloadInvalid("account_holder_too_long")
    return BankDetails(
        account_number=account, ifsc=ifsc, account_holder=told["account_holder"], upi_id=told["upi_id"]
    )


def settlement(*, reference: str, amount: str, currency: str, on: date) -> Settlement:
    """Check what the bank said. Raises PayloadInvalid."""
    if not _REFERENCE.fullmatch(reference):
        raise PayloadInvalid("reference_shape")
    if not _AMOUNT.fullmatch(amount) or Decimal(amount) <= 0:
        raise PayloadInvalid("amount_shape")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise PayloadInvalid("currency_shape")
    return Settlement(reference=reference, amount=Decimal(amount), currency=currency, on=on)


def refusal(account: RefundAccount | None, *, refund: str, purpose: str, lock: Sequence[str]) -> str:
    """Why these details may not be read, as a code; '' where they may.

    Policy s.2 and s.5.xvi: to execute the refund and for nothing else. A lock that the retention file does not
    name lets nobody in.
    """
    if account is None:
        return "not_known"
    if purpose not in lock:
        return "another_purpose"
    if refund != account.refund_id:
        return "another_refund"
    return "" if account.state is RefundState.OPEN else account.state.value


def first_moment(day: date, retention: Retention) -> datetime:
    """When a day begins where the merchant keeps its books."""
    return datetime.combine(day, time.min, ZoneInfo(retention.calendar.timezone)).astimezone(UTC)


def erase_at(opened_at: datetime, settled_at: datetime, retention: Retention) -> datetime | None:
    """The moment from which the details must go: the day after the last day of every hold of their category.

    None: the file has no such category, or a hold that cannot be read or has no end; then they stay.
    """
    category = retention.categories.get(CATEGORY)
    if category is None:
        return None
    events = {"refund_opened_at": opened_at, "refund_reconciled_at": settled_at}
    today = local_day(settled_at, retention.calendar)
    days = [
        hold.erasable_from for hold in holds_on(category, events=events, today=today, retention=retention)
    ]
    if None in days:
        return None
    return max([settled_at, *(first_moment(day, retention) for day in days if day)])
