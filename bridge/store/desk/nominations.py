"""Nominations, each sealed under a key of its own, found by the pseudonyms of the person who made it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from bridge.model import Nomination, NominationParticulars, Principal
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.desk_tables import nominations
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session

NOMINATION_AAD = "nominations|{id}|{column}|{shop}"


class NominationRows:
    """Nominations."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def add_nomination(self, shop: str, subject: str, request_id: str, nominee: NominationParticulars) -> str:
        """Store a nomination that stands from now on. Return its id."""
        nomination_id = new_id("nom")
        plain = json.dumps(asdict(nominee)).encode()
        sealed = seal_under_own_key(
            self._session.keyring, nomination_id, plain, _build_nomination_aad(nomination_id, shop)
        )
        row: dict[str, Any] = {"id": nomination_id, "shop": shop, "subject": subject, "request_id": request_id}
        row |= {"since": self._session.now(), "exercised_by": ""}
        self._connection.execute(insert(nominations).values(**row, **sealed))
        return nomination_id

    def find_nomination(self, nomination_id: str) -> Nomination | None:
        """Return one nomination, if there is one with this id."""
        row = self._connection.execute(select(nominations).where(nominations.c.id == nomination_id)).one_or_none()
        return self._read_row(row) if row else None

    def list_nominations(self, *, include_ended: bool = False, limit: int = 1000) -> list[Nomination]:
        """Return the newest nominations, those that stand or all."""
        rows = select(nominations).order_by(nominations.c.since.desc(), nominations.c.id.desc()).limit(limit)
        if not include_ended:
            rows = rows.where(nominations.c.ended_at.is_(None))
        return [self._read_row(row) for row in self._connection.execute(rows)]

    def list_nominations_of_person(self, shop: str, principal: Principal, subject: str = "") -> list[Nomination]:
        """Return all nominations of a person under all keys of the shop, oldest first; ended ones too."""
        is_of_person = self._match_person(shop, principal, subject)
        rows = select(nominations).where(is_of_person).order_by(nominations.c.since, nominations.c.id)
        return [self._read_row(row) for row in self._connection.execute(rows)]

    def end_nomination(self, nomination_id: str) -> bool:
        """End a nomination now and destroy what it says, unless it was exercised. Return False where it does not stand."""
        standing = (nominations.c.id == nomination_id, nominations.c.ended_at.is_(None))
        ended = update(nominations).where(*standing).values(ended_at=self._session.now())
        if self._connection.execute(ended).rowcount != 1:
            return False
        unused = (nominations.c.id == nomination_id, nominations.c.exercised_by == "")
        self._connection.execute(update(nominations).where(*unused).values(doc=None, wrapped=None))
        self._session.mark_remnants()
        return True

    def record_exercise(self, nomination_id: str, request_id: str) -> None:
        """Store which request of the nominee used a nomination."""
        of_id = nominations.c.id == nomination_id
        self._connection.execute(update(nominations).where(of_id).values(exercised_by=request_id))

    def erase_nominations_of_person(
        self, shop: str, subjects: Collection[str], *, cutoff_at: datetime | None = None
    ) -> int:
        """Delete a person's nominations under this key of the shop, and end those that were exercised. Return how many were deleted.

        An exercised one stays as proof of who acted, and expires with the evidence of requests.
        """
        of_person, exercised = _match_subjects(shop, subjects, cutoff_at), nominations.c.exercised_by != ""
        ended = update(nominations).where(of_person, exercised, nominations.c.ended_at.is_(None))
        self._connection.execute(ended.values(ended_at=self._session.now()))
        return int(self._connection.execute(delete(nominations).where(of_person, ~exercised)).rowcount)

    def count_erasable(self, shop: str, subjects: Collection[str], *, cutoff_at: datetime | None = None) -> int:
        """Count what `erase_nominations_of_person` would delete."""
        erasable = (_match_subjects(shop, subjects, cutoff_at), nominations.c.exercised_by == "")
        return len(self._connection.scalars(select(nominations.c.id).where(*erasable)).all())

    def _match_person(self, shop: str, principal: Principal, subject: str) -> Any:
        lookup = PersonLookup(self._session)
        return or_(
            *(
                _match_subjects(at, list_subject_keys(lookup, at, principal, subject), None)
                for at in self._session.shops.list_keys(shop)
            )
        )

    def _read_row(self, row: Any) -> Nomination:
        values: Mapping[str, Any] = {name: getattr(row, name) for name in Nomination.__slots__ if name != "nominee"}
        if row.doc is None or row.wrapped is None:
            return Nomination(**values)
        plain = open_under_own_key(self._session.keyring, row.wrapped, row.doc, _build_nomination_aad(row.id, row.shop))
        return Nomination(**values, nominee=NominationParticulars(**json.loads(plain)))


def _match_subjects(shop: str, subjects: Collection[str], cutoff_at: datetime | None) -> Any:
    """Return the condition for a person's nominations, of before the cut-off where there is one."""
    of_person = and_(nominations.c.shop == shop, nominations.c.subject.in_([key for key in subjects if key]))
    return of_person if cutoff_at is None else and_(of_person, nominations.c.since <= cutoff_at)


def list_subject_keys(lookup: PersonLookup, shop: str, principal: Principal, subject: str = "") -> Sequence[str]:
    """Return every pseudonym under which a request of this person may stand under one key of the shop.

    A phone counts only where nothing else is named: families and offices share one.
    """
    keys = lookup.derive_search_keys(shop, principal)
    named = [*keys["customer"], *keys["email"]] or keys["phone"]
    found = [subject, lookup.find_subject(shop, principal), *named]
    return list(dict.fromkeys(key for key in found if key))


def _build_nomination_aad(nomination_id: str, shop: str) -> str:
    return NOMINATION_AAD.replace("{id}", nomination_id).replace("{shop}", shop)
