"""Finds the stored bodies of webhooks that are about a data subject. It reads, and changes nothing.

A body is sealed, so each must be opened to tell; most are destroyed as soon as they are dealt with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

from sqlalchemy import and_, select

from bridge.errors import KeyMissing, PayloadInvalid, SealBroken
from bridge.model import Delivery, Principal
from bridge.rules.index import minimise
from bridge.rules.webhooks import payload
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.tables import deliveries
from bridge.store.session import Session
from bridge.store.webhooks.inbox import InboxRows

PersonKeys = AbstractSet[tuple[str, str]]
"""(field, pseudonym) of one data subject: customer id, e-mail, phone."""


class PersonBodyRows:
    """Bodies of webhooks, searched for one data subject."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup, self._reader = PersonLookup(session), InboxRows(session)

    def list_bodies(
        self, shop: str, principal: Principal, order_keys: Collection[str], *, limit: int
    ) -> tuple[list[Delivery], bool]:
        """Return the webhooks with a body that is about the data subject, and whether all bodies were searched.

        The newest `limit` bodies of the shop are opened. One that cannot be read is about nobody here.
        """
        has_body = and_(
            deliveries.c.shop.in_([*self._session.shops.list_domains(shop), ""]),  # a malformed header is stored as ''
            deliveries.c.body.is_not(None),
        )
        newest = select(deliveries).where(has_body).order_by(deliveries.c.received_at.desc(), deliveries.c.id)
        rows = self._connection.execute(newest.limit(limit + 1)).all()
        own_keys = {key: self._derive_own_keys(key, principal) for key in self._session.shops.list_keys(shop)}
        found = []
        for row in rows[:limit]:
            try:
                delivery = self._reader.open_delivery(row)
                if any(self._is_own(delivery, key, keys, order_keys) for key, keys in own_keys.items()):
                    found.append(delivery)
            except (PayloadInvalid, SealBroken, KeyMissing):
                continue
        return found, len(rows) <= limit

    def _derive_own_keys(self, shop: str, principal: Principal) -> dict[str, set[str]]:
        """Return the pseudonyms to know own bodies by; the phone only where the principal has nothing else."""
        keys = {field: set(found) for field, found in self._lookup.derive_search_keys(shop, principal).items()}
        keys["customer"] = {self._lookup.follow_merges(shop, key) for key in keys["customer"]} | keys["customer"]
        if keys["email"] and not keys["customer"]:
            keys["customer"] = {self._lookup.find_sole_customer_by(shop, "email", keys["email"])} - {""}
        if keys["email"] or keys["customer"]:
            keys["phone"] = set()
        return keys

    def _is_own(
        self, delivery: Delivery, shop: str, own_keys: Mapping[str, set[str]], order_keys: Collection[str]
    ) -> bool:
        """Return whether a body is the data subject's: one that names another customer is not, whatever else it has."""
        sightings = _extract_sightings(delivery)
        seen = [self._lookup.derive_search_keys(shop, sighting) for sighting in sightings]
        named_customers = {key for keys in seen for key in keys["customer"]}
        if named_customers and own_keys["customer"]:
            return not own_keys["customer"].isdisjoint(named_customers)
        return any(not own_keys[field].isdisjoint(keys[field]) for keys in seen for field in ("email", "phone")) or any(
            self._lookup.pseudonym(shop, "order", sighting.order_id) in order_keys for sighting in sightings
        )

    def mentions_person(
        self, delivery: Delivery, shop: str, person_keys: PersonKeys, order_keys: Collection[str]
    ) -> bool:
        """Return whether a body is about the data subject, under this key of the shop. Raises PayloadInvalid."""
        sightings = _extract_sightings(delivery)
        return any(
            any((field, key) in person_keys for field, keys in seen.items() for key in keys)
            or self._lookup.pseudonym(shop, "order", sighting.order_id) in order_keys
            for sighting, seen in ((one, self._lookup.derive_search_keys(shop, one)) for one in sightings)
        )


def _extract_sightings(delivery: Delivery) -> list[minimise.Sighting]:
    """Return what a body says of its order and its customer. Raises PayloadInvalid."""
    body = payload.parse_json_object(delivery.raw)
    customer = body.get("customer")
    sightings = [minimise.extract_sighting(delivery.topic, body)]
    if isinstance(customer, Mapping):
        sightings.append(minimise.extract_sighting("customers/update", customer))
    return sightings
