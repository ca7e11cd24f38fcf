"""Read by what a parcel is known to be for a person: names, phones and PIN codes, of an order or of a carrier's record.

Pure. What is stored of them are tokens that a caller digests, because they must outlive an erasure until a carrier
had a notice about the parcel.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from bridge.model import ConsigneeClues
from bridge.rules.index.consignee.person_names import split_name
from bridge.rules.index.json_values import read_object, read_objects, read_text

# What systems write in place of personal data: stars, a run of X or #, a word.
MASKED_VALUE = re.compile(
    r"[*\u2022]|[xX#]{3,}|(?i:^\W*(?:redacted|erased|deleted|removed|anonymi[sz]ed|n/?a|none)\W*$)"
)
_GENERIC_NAME_WORDS = frozenset(
    ["customer", "consignee", "guest", "recipient", "self", "test", "unknown", "null", "name", "na", "not", "available"]
)
_NAME_PARTS = (("first_name", "last_name"), ("firstName", "lastName"))
_PIN_KEYS = ("zip", "pin", "postal_code")
_LATIN_LETTER, _LETTER = re.compile(r"[A-Za-z]"), re.compile(r"[^\W\d_]")
_NO_DIGIT, _NO_PIN_CHARACTER = re.compile(r"\D"), re.compile(r"[^0-9A-Z]")
_PHONE_DIGITS = 10  # of the last digits; before them is a country code, or a zero
_MIN_PHONE_DIGITS = 7
MAX_TOKENS = 10  # of one field: an order is for few people
_MAX_NAME_WORDS = 8
_TOKEN_CHARS = 16  # 64 bits: enough to tell the few people of an order from others
Encode = Callable[[str], str]
_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsigneeTokens:
    """What is known of the person that a parcel is for, as tokens.

    A name is its script and, for each word, the tokens of word and initial; a phone is the tokens of its last ten and
    of its last two digits.
    """

    names: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    phones: tuple[tuple[str, str], ...] = ()
    pins: tuple[str, ...] = ()


def read_person_clues(*people: Any, references: Iterable[str] = ()) -> ConsigneeClues:
    """Return what objects that describe a person or an address say: Shopify's of both APIs, or a carrier's."""
    names, phones, pins = list[str](), list[str](), list[str]()
    for person in map(read_object, people):
        if person:
            names += _list_names(person)
            phones += _list_phones(person)
            pins += [_read_scalar(person[key]) for key in _PIN_KEYS if key in person]
    return ConsigneeClues(
        references=_list_unique(references),
        names=_list_unique(names),
        phones=_list_unique(phones),
        pins=_list_unique(pins),
    )


def read_order_clues(order: Mapping[str, Any]) -> ConsigneeClues:
    """Return what an order says of the persons that its parcels may be for, and by what carriers name it."""
    customer = read_object(order.get("customer"))
    addresses = [order.get(key) for key in ("shipping_address", "shippingAddress", "billing_address", "billingAddress")]
    phone = order.get("phone")
    own = (
        customer.get("default_address"),
        customer.get("defaultAddress"),
        {"phone": phone} if phone is not None else None,
    )
    references = [_read_scalar(order.get(key)) for key in ("name", "legacyResourceId", "id", "order_id")]
    return read_person_clues(customer, *addresses, *own, order.get("destination"), references=references)


def read_record_clues(*records: Mapping[str, Any] | None) -> ConsigneeClues:
    """Return what a carrier's records of one parcel say: every person in them, and the order reference."""
    people: list[Any] = []
    for record in filter(None, records):
        customers = record.get("customers")
        people += [record.get(key) for key in ("consignee", "customer", "billing", "packing_slip")]
        people += read_objects(list(customers) if isinstance(customers, list | tuple) else None)
        people += [record] if "consignee" not in record else []
    references = [_read_scalar(record.get("order_reference")) for record in filter(None, records)]
    return read_person_clues(*people, references=references)


def merge_clues(*clues: ConsigneeClues) -> ConsigneeClues:
    """Return the clues together."""
    fields = ConsigneeClues.__slots__
    return ConsigneeClues(**{name: _list_unique(v for one in clues for v in getattr(one, name)) for name in fields})


def _list_names(person: Mapping[str, Any]) -> list[str]:
    names = [read_text(person.get("name"), person.get("displayName"))]
    for first, last in _NAME_PARTS:
        if first in person or last in person:
            names.append(" ".join(filter(None, (read_text(person.get(first)), read_text(person.get(last))))))
    return names


def _list_phones(person: Mapping[str, Any]) -> list[str]:
    numbers = [_read_scalar(person.get("phone"))]
    if "defaultPhoneNumber" in person:
        numbers.append(read_text(read_object(person["defaultPhoneNumber"]).get("phoneNumber")))
    phones = person.get("phones")
    if isinstance(phones, list | tuple):
        numbers += map(_read_scalar, phones)
    return numbers


def _read_scalar(value: Any) -> str:
    if value is None:
        return ""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _list_unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def build_digester(digest: Callable[[str, bytes], str], shop: str) -> Encode:
    """Return what turns a value into a token that nobody without the key can turn back; `digest` is a keyed HMAC."""
    return lambda value: digest(f"consignee_clue|{shop}", value.encode("utf-8", "surrogatepass"))[:_TOKEN_CHARS]


def build_tokens(clues: ConsigneeClues, encode: Encode = str) -> ConsigneeTokens:
    """Return the names, phones and PIN codes as tokens; masked and placeholder values give none."""
    names = [words for words in map(split_comparable_name, clues.names) if words]
    phones = [digits for digits in map(read_phone_digits, clues.phones) if digits]
    pins = [pin for pin in map(normalise_pin, clues.pins) if pin]
    return ConsigneeTokens(
        names=tuple(
            [
                (find_script(words), tuple([(encode(w), encode(w[0])) for w in words[:_MAX_NAME_WORDS]]))
                for words in names
            ]
        ),
        phones=tuple([(encode(digits), encode(digits[-2:])) for digits in phones]),
        pins=tuple(map(encode, pins)),
    )


def dump_tokens(tokens: ConsigneeTokens) -> str:
    """Return tokens as JSON text; '' where there are none."""
    if not (tokens.names or tokens.phones or tokens.pins):
        return ""
    return json.dumps({"names": tokens.names, "phones": tokens.phones, "pins": tokens.pins})


def load_tokens(text: str) -> ConsigneeTokens:
    """Return tokens from the JSON text of `dump_tokens`."""
    values = json.loads(text) if text else {}
    return ConsigneeTokens(
        names=tuple(
            (script, tuple((word, initial) for word, initial in words)) for script, words in values.get("names", ())
        ),
        phones=tuple((full, tail) for full, tail in values.get("phones", ())),
        pins=tuple(values.get("pins", ())),
    )


def merge_tokens(*tokens: ConsigneeTokens) -> ConsigneeTokens:
    """Return who is known together, each token once and no more of a field than `MAX_TOKENS`."""
    return ConsigneeTokens(
        names=_merge_values([one.names for one in tokens]),
        phones=_merge_values([one.phones for one in tokens]),
        pins=_merge_values([one.pins for one in tokens]),
    )


def _merge_values(parts: Sequence[tuple[_Value, ...]]) -> tuple[_Value, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))[:MAX_TOKENS]


def split_comparable_name(text: str) -> tuple[str, ...]:
    """Return the words of a name, without accents; () where it is masked or names nobody."""
    plain = text
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text) if _LATIN_LETTER.search(text) else text
        plain = "".join(char for char in plain if not "\u0300" <= char <= "\u036f")
    words = split_name(plain)
    is_nobody = MASKED_VALUE.search(text) or _GENERIC_NAME_WORDS.issuperset(words) or not _LETTER.search(text)
    return () if is_nobody else words


def find_script(words: Sequence[str]) -> str:
    """Return `latin`, or the name of the first letter's script: names in two scripts cannot be compared."""
    letters = "".join(words)
    if letters.isascii():
        return "latin"
    letter = next((char for char in letters if char.isalpha()), "a")
    return unicodedata.name(letter, "unknown").partition(" ")[0].lower()


def read_phone_digits(text: str) -> str:
    """Return the last ten digits of a phone number; '' where it is masked, too short or a placeholder."""
    digits = text if text.isdecimal() else _NO_DIGIT.sub("", text)
    is_placeholder = len(set(digits[-_PHONE_DIGITS:])) < 2 or digits[-_PHONE_DIGITS:] in ("1234567890", "0123456789")
    is_unusable = MASKED_VALUE.search(text) or is_placeholder or len(digits) < _MIN_PHONE_DIGITS
    return "" if is_unusable else digits[-_PHONE_DIGITS:]


def normalise_pin(text: str) -> str:
    """Return the letters and digits of a postal code; '' where it is masked or made of zeros."""
    pin = _NO_PIN_CHARACTER.sub("", text.upper())
    return "" if MASKED_VALUE.search(text) or not pin.strip("0") or len(pin) < 3 else pin
