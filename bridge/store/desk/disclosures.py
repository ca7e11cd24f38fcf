"""Disclosures to authorities, each sealed under a key of its own: it outlives an erasure of the person.

They are found by the pseudonyms of the person and of the orders that were known when each was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from bridge.model import AuthorityDisclosure, DisclosureParticulars, Principal
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.desk.nominations import list_subject_keys
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.desk_tables import disclosure_keys, disclosures
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session

DISCLOSURE_AAD = "disclosures|{id}|{column}|{shop}"
_PLAIN_FIELDS = tuple(name for name in AuthorityDisclosure.__slots__ if name != "particulars")


class DisclosureRows:
    """Disclosures to authorities."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def derive_keys(self, shop: str, principal: Principal, subject: str = "") -> set[tuple[str, str]]:
        """Return (key of the shop, pseudonym) of a person and of the person's orders, under all keys of the shop.

        An order of somebody else is none of them, even where the principal names it.
        """
        lookup, found = PersonLookup(self._session), set[tuple[str, str]]()
        for at in self._session.shops.list_keys(shop):
            of_person = list_subject_keys(lookup, at, principal, subject if at == shop else "")
            found |= {(at, key) for key in (*of_person, *lookup.list_order_keys_at(at, principal))}
        return found

    def add_disclosure(
        self,
        shop: str,
        particulars: DisclosureParticulars,
        keys: Iterable[tuple[str, str]],
        *,
        given_at: datetime,
        disclosable_at: datetime | None,
    ) -> str:
        """Store a disclosure about what these keys name. Return its id."""
        disclosure_id = new_id("dcl")
        plain = json.dumps(asdict(particulars)).encode()
        sealed = seal_under_own_key(
            self._session.keyring, disclosure_id, plain, _build_disclosure_aad(disclosure_id, shop)
        )
        row: dict[str, Any] = {"id": disclosure_id, "shop": shop, "recorded_at": self._session.now(), **sealed}
        row |= {"given_at": given_at, "disclosable_at": disclosable_at}
        self._connection.execute(insert(disclosures).values(row))
        named = [{"shop": at, "key": key, "disclosure_id": disclosure_id} for at, key in sorted(keys)]
        self._connection.execute(insert(disclosure_keys), named)
        return disclosure_id

    def find_disclosure(self, disclosure_id: str) -> AuthorityDisclosure | None:
        """Return one disclosure, if there is one with this id."""
        row = self._connection.execute(select(disclosures).where(disclosures.c.id == disclosure_id)).one_or_none()
        return self._read_row(row) if row else None

    def list_disclosures(self, *, secret_at: datetime | None = None, limit: int) -> list[AuthorityDisclosure]:
        """Return the disclosures that were recorded last: all, or those that are secret at that moment."""
        rows = select(disclosures).order_by(disclosures.c.recorded_at.desc(), disclosures.c.id.desc()).limit(limit)
        if secret_at:
            rows = rows.where(or_(disclosures.c.disclosable_at.is_(None), disclosures.c.disclosable_at > secret_at))
        return [self._read_row(row) for row in self._connection.execute(rows)]

    def list_disclosures_of(
        self, keys: Collection[tuple[str, str]], *, disclosable_at: datetime | None = None
    ) -> list[AuthorityDisclosure]:
        """Return the disclosures about any of these keys, oldest first: all, or those that may be told at that moment.

        What is secret is not even opened then: a seal that is broken would show.
        """
        shops, pseudonyms = {at for at, _ in keys}, {key for _, key in keys}
        named = select(disclosure_keys.c.disclosure_id)
        named = named.where(disclosure_keys.c.shop.in_(shops), disclosure_keys.c.key.in_(pseudonyms))
        rows = select(disclosures).where(disclosures.c.id.in_(named)).order_by(disclosures.c.given_at, disclosures.c.id)
        if disclosable_at:
            rows = rows.where(disclosures.c.disclosable_at <= disclosable_at)
        return [self._read_row(row) for row in self._connection.execute(rows)]

    def set_disclosable_at(self, disclosure_id: str, disclosable_at: datetime | None) -> None:
        """Store since when the person may be told; None where nobody knows when."""
        of_id = disclosures.c.id == disclosure_id
        self._connection.execute(update(disclosures).where(of_id).values(disclosable_at=disclosable_at))

    def delete_disclosure(self, disclosure_id: str) -> None:
        """Delete a disclosure with its keys."""
        self._connection.execute(delete(disclosure_keys).where(disclosure_keys.c.disclosure_id == disclosure_id))
        self._connection.execute(delete(disclosures).where(disclosures.c.id == disclosure_id))
        self._session.mark_remnants()

    def _read_row(self, row: Any) -> AuthorityDisclosure:
        plain = open_under_own_key(self._session.keyring, row.wrapped, row.doc, _build_disclosure_aad(row.id, row.shop))
        read = json.loads(plain)
        particulars = DisclosureParticulars(**read | {"categories": tuple(read["categories"])})
        return AuthorityDisclosure(**{name: getattr(row, name) for name in _PLAIN_FIELDS}, particulars=particulars)


def _build_disclosure_aad(disclosure_id: str, shop: str) -> str:
    return DISCLOSURE_AAD.replace("{id}", disclosure_id).replace("{shop}", shop)
