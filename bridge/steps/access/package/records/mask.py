"""What a copy must not show: account numbers in full, names of staff. Names of others are in `strangers.py`.

Pure: a body goes in, a tidy copy of it comes out, and each thing that was masked is counted under a code of
`words.LEFT_OUT`. Never drops a field without counting it, and never changes the body it was given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bridge.rules.scanning.scanner import mask
from bridge.steps.access.package.text import clean, text_of

if TYPE_CHECKING:
    from collections import Counter

DEEPEST = 60  # real bodies nest some ten levels; more is a trick on the reader
_NESTED = (dict, list, tuple, Mapping)

_TAIL = frozenset(
    {
        "accountnumber",
        "bankaccount",
        "bankaccountnumber",
        "bankaccountno",
        "accountno",
        "acnumber",
        "cardnumber",
        "maskednumber",
        "creditcardnumber",
        "iban",
    }
)
_HIDE = frozenset(
    {
        "ifsc",
        "ifsccode",
        "upi",
        "upiid",
        "vpa",
        "cvv",
        "bin",
        "firstdigits",
        "pan",
        "pannumber",
        "aadhaar",
        "aadhaarnumber",
        "password",
        "receiptjson",  # the gateway's raw answer: tokens and codes, her part of it stands in the payment
        "carttoken",
        "checkouttoken",
    }
)
_INSTRUMENT = frozenset({"paymentdetails", "instrument", "paymentinstrument"})
_STAFF = frozenset({"staffmember", "staff", "staffname", "handledby", "employee", "fieldexecutive"})
_FREE_TEXT = frozenset(
    {
        "note",
        "note2",
        "staffnote",
        "customernote",
        "returnreasonnote",
        "reasonnotes",
        "message",
        "rawmessage",
        "value",
        "comment",
        "remark",
        "remarks",
        "instructions",
        "tags",
    }
)
_JUDGED = _TAIL | _HIDE | _STAFF | _FREE_TEXT


def masked(body: Mapping[str, Any], counts: Counter[str]) -> dict[str, Any]:
    """Copy the body into what JSON can hold, masked. Counts what was masked."""
    return _object(body, counts, instrument=False, depth=0)


def tail(value: str) -> str:
    """Cut a number to its last four digits."""
    digits = re.sub(r"\D", "", value)
    return "****" + digits[-4:]


@lru_cache(maxsize=1024)
def key_of(name: str) -> str:
    """Strip a field's name of case and signs: `Received_By` is `receivedby`."""
    return re.sub(r"[\W_]", "", name).casefold()


def _object(
    value: Mapping[str, Any], counts: Counter[str], *, instrument: bool, depth: int
) -> dict[str, Any]:
    label = text_of(value.get("key") or value.get("name")) if "value" in value else ""
    named = key_of(text_of(value.get("key"))) if "value" in value else ""
    copy = {}
    for key, item in value.items():
        text = str(key)
        name = named if text == "value" and named in _TAIL | _HIDE else key_of(text)
        # most fields are plain ones: what their name says needs no second look
        copy[clean(text)] = (
            _field(name, item, counts, label, instrument=instrument, depth=depth + 1)
            if name in _JUDGED or (instrument and name == "number")
            else _value(item, counts, instrument=instrument or name in _INSTRUMENT, depth=depth + 1)
        )
    return copy


def _field(name: str, value: Any, counts: Counter[str], label: str, *, instrument: bool, depth: int) -> Any:
    scalar = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    if name in _STAFF and value:
        counts["staff_name_replaced"] += 1
        return "a member of our staff"
    if scalar and (name in _TAIL or (instrument and name == "number")):
        counts["payment_number_masked"] += 1
        return tail(str(value))
    if name in _HIDE and (scalar or (isinstance(value, Mapping | list) and value)):
        counts["payment_detail_masked"] += 1
        return "****"
    if name in _FREE_TEXT and (isinstance(value, str) or _texts(value)):
        return _scanned(value, counts, label)
    return _value(value, counts, instrument=instrument, depth=depth)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _value(value: Any, counts: Counter[str], *, instrument: bool, depth: int) -> Any:
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if not isinstance(value, _NESTED):
        return clean(str(value))
    if depth > DEEPEST:
        counts["nested_too_deeply"] += 1
        return "(nested too deeply to be shown)"
    if not isinstance(value, list | tuple):
        return _object(value, counts, instrument=instrument, depth=depth)
    return [_value(item, counts, instrument=instrument, depth=depth + 1) for item in value]


def _scanned(value: Any, counts: Counter[str], label: str) -> Any:
    """Bank and identity numbers that somebody wrote into a text or a list of texts, masked where they stand."""
    if not isinstance(value, str):
        return [_scanned(item, counts, label) for item in value]
    text = clean(value)
    hidden = mask(text, label=label)
    if hidden != text:
        counts["bank_detail_in_text_masked"] += 1
    return hidden
