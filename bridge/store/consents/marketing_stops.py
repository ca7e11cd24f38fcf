"""Withdrawals of consents to marketing: who is not to be written to on which channel, since when. By keyed HMAC only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, false, or_, select

from bridge.rules.consents.channels import CHANNELS_BY_FIELD
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.desk_tables import marketing_stops
from bridge.store.session import Session
from bridge.store.upsert import upsert

Contacts = Collection[tuple[str, str]]  # field (`customer`, `email`, `phone`) and value in the clear


class MarketingStopRows:
    """Who is not to be written to."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup = PersonLookup(session)

    def add_stops(
        self, shop: str, contacts: Contacts, channels: Collection[str], *, since: datetime, request_id: str
    ) -> int:
        """Remember that nobody writes to these contacts on these channels; a newer stop replaces an older one.

        Return how many keys are remembered.
        """
        rows = {
            (field, key, channel): {
                "shop": shop,
                "field": field,
                "key": key,
                "channel": channel,
                "since": since,
                "request_id": request_id,
            }
            for field, value in contacts
            for key in self._session.keyring.pseudonyms(shop, field, value)
            for channel in CHANNELS_BY_FIELD[field]
            if channel in channels
        }
        if rows:
            key, changes = ("shop", "field", "key", "channel"), ("since", "request_id")
            statement = upsert(self._connection, marketing_stops, key, changes, where=_is_stopped_later)
            self._connection.execute(statement, list(rows.values()))
        return len({(field, key) for field, key, _ in rows})

    def find_stops(self, shop: str, contacts: Contacts) -> dict[tuple[str, str], dict[str, datetime]]:
        """Return by contact the channels on which it is not written to, each with since when."""
        keys = self._derive_keys(shop, contacts)
        stops: dict[tuple[str, str], dict[str, datetime]] = {contact: {} for contact in contacts}
        for row in self._connection.execute(select(marketing_stops).where(*self._match(shop, keys))):
            for contact in keys[row.field, row.key]:
                since = stops[contact].get(row.channel)
                stops[contact][row.channel] = max(since, row.since) if since else row.since
        return stops

    def end_stops(self, shop: str, contacts: Contacts, consents: Mapping[str, datetime]) -> list[str]:
        """End the stops that are older than these consents, by channel. Return the channels on which one ended."""
        older = (
            and_(marketing_stops.c.channel == channel, marketing_stops.c.since < at) for channel, at in consents.items()
        )
        ended = delete(marketing_stops).where(
            *self._match(shop, self._derive_keys(shop, contacts)), or_(false(), *older)
        )
        return sorted(set(self._connection.scalars(ended.returning(marketing_stops.c.channel))))

    def _derive_keys(self, shop: str, contacts: Contacts) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """Return the contacts by (field, key), under every key of the shop."""
        keys: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for at in self._session.shops.list_keys(shop):
            for field, value in contacts:
                for key in self._session.keyring.pseudonyms(at, field, value):
                    keys.setdefault((field, key), []).append((field, value))
        return keys

    def _match(self, shop: str, keys: Collection[tuple[str, str]]) -> Sequence[Any]:
        by_field: dict[str, list[str]] = {}
        for field, key in keys:
            by_field.setdefault(field, []).append(key)
        named = (
            and_(marketing_stops.c.field == field, marketing_stops.c.key.in_(found))
            for field, found in by_field.items()
        )
        return marketing_stops.c.shop.in_(self._session.shops.list_keys(shop)), or_(false(), *named)


def _is_stopped_later(stored: Any, given: Any) -> Any:
    return given.since >= stored.since
