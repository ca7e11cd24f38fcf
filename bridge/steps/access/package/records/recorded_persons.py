"""Find the persons that the records name beside an address, and tell the data subject from the others.

Pure; changes nothing. The data subject goes by the names of the customer records, or where none has a name by those of
the orders' buyers. Without any name of the data subject, nobody is another person: nothing could be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.model import Finding, Principal
from bridge.rules.index.consignee.person_names import NameWords, split_name
from bridge.rules.index.identity import CONTACT_FIELDS, list_normal_forms, normalise_identifier
from bridge.steps.access.package.records.mask import MAX_NESTING_DEPTH, normalize_key, parse_keys
from bridge.steps.access.package.records.third_parties import GENERIC_RECEIVER_WORDS, is_same_name, read_customer_name
from bridge.steps.access.package.text import convert_to_text

_NAME_FIELDS = ("name", "firstName", "lastName", "recipient", "preferredName")
NAME_KEYS = frozenset(map(normalize_key, _NAME_FIELDS))
# Fields of an address that identify its person; city, region and country stay.
VALUE_KEYS = parse_keys(
    "company address address1 address2 addresslines zip pin pincode phone phones mobile email emailaddress latitude "
    "longitude formatted formattedaddress"
)
_ADDRESS_KEYS = parse_keys("address address1 addresslines formattedaddress city zip pin pincode")
_GIFT_CARD_RECIPIENT_KEY = "preferredname"
# An attribute with such a word in its key is about the person who gets the order, unless it is a text to that person.
_RECIPIENT_KEY_PATTERN = re.compile(
    "recipient|receiver|giftee|consignee|beneficiary|giftto|giftfor|sendto|deliverto|shipto|deliveryname|shippingname"
    "|^to(name|phone|email|address)?$"
)
_MESSAGE_KEY_PATTERN = re.compile("message|note|text|greeting|instruction|comment")
# What stands in place of a name and names nobody.
_GENERIC_NAME_WORDS = GENERIC_RECEIVER_WORDS | parse_keys(
    "home office reception store yes no true false me myself same none my mother mom mum father dad sister brother wife "
    "husband son daughter friend birthday wedding anniversary"
)
_MAX_NAME_WORDS = 6
_MIN_SHARED_CHARS = 8  # neighbours share a postal code


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """A person in a record: the object that names the person, the name, and the values that lead to the person.

    `keys` are the fields of the object that hold the name and the values.
    """

    holder: dict[str, Any]
    keys: tuple[str, ...]
    name: NameWords
    values: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPersons:
    """Who is named in the records of a package: the data subject with all forms, and the others.

    `own_values` are phones, e-mail addresses and parts of addresses that are the data subject's own, in normal form.
    """

    own_names: frozenset[NameWords] = frozenset()
    own_values: frozenset[str] = frozenset()
    other_names: frozenset[NameWords] = frozenset()
    other_values: frozenset[str] = frozenset()

    def is_own(self, name: NameWords, values: frozenset[str] | set[str]) -> bool:
        """Return True for the data subject, and for what names nobody, such as `office`.

        The first name and a phone, e-mail address or street that is the data subject's own count too: a name changes by
        marriage. Of a person without a name the values decide.
        """
        if not name:
            return values <= self.own_values
        if set(name) <= _GENERIC_NAME_WORDS or _is_form_of_any(name, self.own_names):
            return True
        has_own_first_name = name[0] in {own[0] for own in self.own_names}
        shared_values = self.own_values & values
        return has_own_first_name and any(len(value) >= _MIN_SHARED_CHARS for value in shared_values)


@dataclass(slots=True)
class _Collection:
    customers: set[NameWords] = field(default_factory=set)
    buyers: set[NameWords] = field(default_factory=set)
    values_by_name: dict[NameWords, set[str]] = field(default_factory=dict)


def collect_recorded_persons(findings: Iterable[Finding], principal: Principal) -> RecordedPersons:
    """Return who is named in these records; `principal` adds what the request itself says of the data subject."""
    found = _Collection()
    own_values = {normalize_value(principal.email), normalize_value(principal.phone)}
    own_values |= {
        normalize_value(form)
        for field in CONTACT_FIELDS
        for form in list_normal_forms(field, getattr(principal, field))
    }
    for finding in findings:
        body = finding.body
        if finding.kind == "customer":
            found.customers.add(read_customer_name(body))
            own_values |= _read_contacts(body)
        elif finding.kind in ("order", "draft_order"):
            buyer = body.get("billingAddress") or body.get("shippingAddress")
            found.buyers.add(_read_name(buyer) if isinstance(buyer, Mapping) else ())
        for person in list_named_persons(body):
            found.values_by_name.setdefault(person.name, set()).update(person.values)
    own_names = frozenset(found.customers - {()} or found.buyers - {()})
    if not own_names:
        return RecordedPersons()
    for name, values in found.values_by_name.items():
        if name and _is_form_of_any(name, own_names):
            own_values |= values
    own = RecordedPersons(own_names=own_names, own_values=frozenset(own_values - {""}))
    others = {name: values for name, values in found.values_by_name.items() if not own.is_own(name, values)}
    other_values = frozenset().union(*others.values()) - own.own_values
    return replace(own, other_names=frozenset(others.keys() - {()}), other_values=other_values)


def list_named_persons(record: Any) -> list[NamedPerson]:
    """Return each object of a record that names a person: an address, a consignee, an attribute about a recipient."""
    found: list[NamedPerson] = []
    _add_named_persons(record, 0, found)
    return found


def _add_named_persons(value: Any, depth: int, found: list[NamedPerson]) -> None:
    if depth > MAX_NESTING_DEPTH:
        return
    if isinstance(value, dict):
        person = _read_named_person(value)
        if person:
            found.append(person)
        items: Iterable[Any] = value.values()
    else:
        items = value if isinstance(value, list) else ()
    for item in items:
        if isinstance(item, (dict, list)):
            _add_named_persons(item, depth + 1, found)


def normalize_value(value: Any) -> str:
    """Return a phone number in international form, any other value without case and double blanks."""
    text = convert_to_text(value)
    return normalise_identifier("phone", text) or " ".join(text.casefold().split())


def iterate_texts(value: Any) -> Iterator[Any]:
    """Yield a value, or each value of a list."""
    yield from value if isinstance(value, list) else [value]


def _read_named_person(holder: dict[str, Any]) -> NamedPerson | None:
    if "value" in holder and "key" in holder:
        return _read_recipient_attribute(holder)
    if holder.keys().isdisjoint(_NAME_FIELDS):
        return None  # most objects
    keys = {key: normalize_key(key) for key, value in holder.items() if value}
    is_person = not _ADDRESS_KEYS.isdisjoint(keys.values()) or _GIFT_CARD_RECIPIENT_KEY in keys.values()
    name = _read_name(holder) if is_person else ()
    if not name:
        return None
    values = {normalize_value(text) for key in keys if keys[key] in VALUE_KEYS for text in iterate_texts(holder[key])}
    kept_keys = tuple(key for key, normal in keys.items() if normal in NAME_KEYS or normal in VALUE_KEYS)
    return NamedPerson(holder=holder, keys=kept_keys, name=name, values=frozenset(values - {""}))


def _read_name(address: Mapping[str, Any]) -> NameWords:
    name, first, last, *others = (value if isinstance(value := address.get(key), str) else "" for key in _NAME_FIELDS)
    return next(filter(None, map(split_name, (name, f"{first} {last}", *others))), ())


def _read_recipient_attribute(attribute: dict[str, Any]) -> NamedPerson | None:
    """Return the person that an attribute such as `Gift recipient: Ravi Kumar` or `Recipient phone` is about."""
    key, text = normalize_key(convert_to_text(attribute.get("key"))), attribute.get("value")
    is_about_recipient = _RECIPIENT_KEY_PATTERN.search(key) and not _MESSAGE_KEY_PATTERN.search(key)
    if not is_about_recipient or not isinstance(text, str):
        return None
    words = split_name(text)
    is_name = bool(words) and len(words) <= _MAX_NAME_WORDS and not any(sign.isdigit() or sign == "@" for sign in text)
    values = frozenset() if is_name else frozenset({normalize_value(text)} - {""})
    if not is_name and not values:
        return None
    return NamedPerson(holder=attribute, keys=("value",), name=words if is_name else (), values=values)


def _read_contacts(customer: Mapping[str, Any]) -> set[str]:
    mail, phone = customer.get("defaultEmailAddress"), customer.get("defaultPhoneNumber")
    nested = (
        mail.get("emailAddress") if isinstance(mail, Mapping) else "",
        phone.get("phoneNumber") if isinstance(phone, Mapping) else "",
    )
    return {normalize_value(value) for value in (*nested, customer.get("email"), customer.get("phone"))}


def _is_form_of_any(name: NameWords, names: Iterable[NameWords]) -> bool:
    return any(is_same_name(name, other) or is_same_name(other, name) for other in names)
