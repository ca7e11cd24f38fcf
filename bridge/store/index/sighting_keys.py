"""Derives the pseudonyms of what a sighting names, each once: a key costs more than most of what is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.rules.index.minimise import Sighting
from bridge.store.crypto.keyring import Keyring


@dataclass(kw_only=True, slots=True)
class SightingKeys:
    """The pseudonyms of one sighting under one key of a shop.

    `person` has one for each of `customer`, `email` and `phone`, '' where there is none; `contacts` those of every e-mail
    address and number; `searched` also those under which earlier releases stored them.
    """

    order: str
    person: Mapping[str, str]
    contacts: Mapping[str, Sequence[str]]
    searched: Mapping[str, Sequence[str]]


def derive_sighting_keys(keyring: Keyring, shop: str, sighting: Sighting) -> SightingKeys:
    """Return all pseudonyms of a sighting."""
    customer = keyring.pseudonym(shop, "customer", sighting.customer_id)
    emails, former_emails = _derive_contact(keyring, shop, "email", sighting.email)
    phones, former_phones = _derive_contact(keyring, shop, "phone", sighting.phone)
    return SightingKeys(
        order=keyring.pseudonym(shop, "order", sighting.order_id),
        person={"customer": customer, "email": emails[0] if emails else "", "phone": phones[0] if phones else ""},
        contacts={"email": emails, "phone": phones},
        searched={
            "customer": [customer] if customer else [],
            "email": emails + former_emails,
            "phone": phones + former_phones,
        },
    )


def _derive_contact(keyring: Keyring, shop: str, field: str, value: str) -> tuple[list[str], list[str]]:
    if not value:
        return [], []
    return keyring.pseudonyms(shop, field, value), keyring.former_pseudonyms(shop, field, value)
