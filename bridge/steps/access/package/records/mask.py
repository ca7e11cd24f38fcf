"""Mask what a copy must not show: full account numbers and names of staff. `third_parties.py` masks other names.

Pure: returns a masked copy of a record and counts each masked value under a code of
`plain_language.MASKING_REASONS`. Never drops a field without counting it and never changes the record given.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bridge.rules.scanning.scanner import mask_text
from bridge.steps.access.package.text import convert_to_text, replace_surrogates

MAX_NESTING_DEPTH = 60  # real records nest some ten levels; more is an attack on the reader
_CONTAINER_TYPES = (dict, list, tuple, Mapping)


def parse_keys(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_LAST_DIGITS_KEYS = parse_keys(
    "accountnumber bankaccount bankaccountnumber bankaccountno accountno acnumber cardnumber maskednumber "
    "creditcardnumber iban"
)
_HIDDEN_KEYS = parse_keys(
    # receiptjson is the gateway's raw answer: tokens and codes; the payment has the payer's part
    "ifsc ifsccode upi upiid vpa cvv bin firstdigits pan pannumber aadhaar aadhaarnumber password receiptjson "
    "carttoken checkouttoken"
)
_PAYMENT_INSTRUMENT_KEYS = parse_keys("paymentdetails instrument paymentinstrument")
_STAFF_KEYS = parse_keys("staffmember staff staffname handledby employee fieldexecutive")
FREE_TEXT_KEYS = parse_keys(
    "note note2 staffnote customernote returnreasonnote reasonnotes message rawmessage value comment remark remarks "
    "instructions tags"
)
_NUMBER_KEYS = _LAST_DIGITS_KEYS | _HIDDEN_KEYS
_SENSITIVE_KEYS = _LAST_DIGITS_KEYS | _HIDDEN_KEYS | _STAFF_KEYS | FREE_TEXT_KEYS


def mask_record_body(body: Mapping[str, Any], counts: Counter[str]) -> dict[str, Any]:
    """Return a masked copy of a record that JSON can hold; count what was masked in `counts`."""
    return _mask_object(body, counts, in_payment=False, depth=0)


def mask_to_last_digits(value: str) -> str:
    """Return `****` and the last four digits of a number."""
    digits = re.sub(r"\D", "", value)
    return "****" + digits[-4:]


@lru_cache(maxsize=1024)
def normalize_key(name: str) -> str:
    """Return a field's name in lower case without punctuation: `Received_By` is `receivedby`."""
    return re.sub(r"[\W_]", "", name).casefold()


def _mask_object(value: Mapping[str, Any], counts: Counter[str], *, in_payment: bool, depth: int) -> dict[str, Any]:
    label = convert_to_text(value.get("key") or value.get("name")) if "value" in value else ""
    named_key = normalize_key(convert_to_text(value.get("key"))) if "value" in value else ""
    copy = {}
    for key, item in value.items():
        text = str(key)
        name = named_key if text == "value" and named_key in _NUMBER_KEYS else normalize_key(text)
        # most names are not sensitive and need no further check
        copy[replace_surrogates(text)] = (
            _mask_field(name, item, counts, label, in_payment=in_payment, depth=depth + 1)
            if name in _SENSITIVE_KEYS or (in_payment and name == "number")
            else _mask_value(item, counts, in_payment=in_payment or name in _PAYMENT_INSTRUMENT_KEYS, depth=depth + 1)
        )
    return copy


def _mask_field(name: str, value: Any, counts: Counter[str], label: str, *, in_payment: bool, depth: int) -> Any:
    scalar = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    if name in _STAFF_KEYS and value:
        counts["staff_name_replaced"] += 1
        return "a member of our staff"
    if scalar and (name in _LAST_DIGITS_KEYS or (in_payment and name == "number")):
        counts["payment_number_masked"] += 1
        return mask_to_last_digits(str(value))
    if name in _HIDDEN_KEYS and (scalar or (isinstance(value, Mapping | list) and value)):
        counts["payment_detail_masked"] += 1
        return "****"
    if name in FREE_TEXT_KEYS and (isinstance(value, str) or _is_text_list(value)):
        return _mask_free_text(value, counts, label)
    return _mask_value(value, counts, in_payment=in_payment, depth=depth)


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _mask_value(value: Any, counts: Counter[str], *, in_payment: bool, depth: int) -> Any:
    if isinstance(value, str):
        return replace_surrogates(value)
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if not isinstance(value, _CONTAINER_TYPES):
        return replace_surrogates(str(value))
    if depth > MAX_NESTING_DEPTH:
        counts["nested_too_deeply"] += 1
        return "(nested too deeply to be shown)"
    if not isinstance(value, list | tuple):
        return _mask_object(value, counts, in_payment=in_payment, depth=depth)
    return [_mask_value(item, counts, in_payment=in_payment, depth=depth + 1) for item in value]


def _mask_free_text(value: Any, counts: Counter[str], label: str) -> Any:
    """Return a text or a list of texts with the bank and identity numbers in it masked."""
    if not isinstance(value, str):
        return [_mask_free_text(item, counts, label) for item in value]
    text = replace_surrogates(value)
    masked = mask_text(text, label=label)
    if masked != text:
        counts["bank_detail_in_text_masked"] += 1
    return masked
