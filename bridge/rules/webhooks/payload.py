"""Parse signed bytes into a JSON object, or raise one error with a constant reason.

Reads hostile JSON safely: no recursion bomb, no huge number, no NaN, no key given twice, no other encoding
than UTF-8. Never stores or prints what it read.
"""

from __future__ import annotations

import codecs
import json
from typing import Any, NoReturn

from bridge.errors import PayloadInvalid

MAX_NUMBER_DIGITS = 40  # Shopify's ids have at most 18 digits, and long numbers are slow to parse


def parse_json_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. A byte order mark is allowed. Raises PayloadInvalid and nothing else."""
    try:
        value = _DECODER.decode(raw.removeprefix(codecs.BOM_UTF8).decode())
    except PayloadInvalid:
        raise
    except UnicodeDecodeError:
        raise PayloadInvalid("not_utf8") from None
    except RecursionError:
        raise PayloadInvalid("too_deep") from None
    except ValueError:
        raise PayloadInvalid("not_json") from None
    if not isinstance(value, dict):
        raise PayloadInvalid("not_an_object")
    return value


def _build_unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise PayloadInvalid("duplicate_key")
    return value


def _reject_constant(_name: str) -> NoReturn:
    raise PayloadInvalid("not_a_number")


def _parse_bounded_integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise PayloadInvalid("number_too_long")
    return int(digits)


# made once: json.loads would make one for each body
_DECODER = json.JSONDecoder(
    object_pairs_hook=_build_unique_object, parse_constant=_reject_constant, parse_int=_parse_bounded_integer
)
