"""Links that a letter gives to one person: a secret token, stored as a hash, for one purpose, until a day, mostly once."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from bridge.model import LinkPurpose, PersonLink
from bridge.store.crypto.token_hash import hash_token
from bridge.store.schema.desk_tables import person_links
from bridge.store.session import Session


class PersonLinkRows:
    """Links to persons. A token is 256 random bits, so that a fast hash of it is enough."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def create_link(self, request_id: str, purpose: LinkPurpose, *, expires_at: datetime) -> str:
        """Store a new link and return its token, which cannot be read again."""
        token = secrets.token_urlsafe(32)
        row = {"token_hash": hash_token(token), "request_id": request_id, "purpose": purpose}
        dates = {"created_at": self._session.now(), "expires_at": expires_at, "used_at": None}
        self._connection.execute(insert(person_links), row | dates)
        return token

    def find_linked_request(self, token: str, purpose: LinkPurpose) -> str | None:
        """Return the request of a link; None where the token is unknown, of another purpose, used or expired."""
        found: str | None = self._connection.scalar(
            select(person_links.c.request_id).where(*self._is_open(token, purpose))
        )
        return found

    def find_link(self, token: str, purpose: LinkPurpose) -> PersonLink | None:
        """Return the link of a token, open or not; None where the token is unknown or of another purpose."""
        named = (person_links.c.token_hash == hash_token(token), person_links.c.purpose == purpose)
        row = self._connection.execute(select(person_links).where(*named)).one_or_none()
        if row is None:
            return None
        is_open = row.used_at is None and row.expires_at > self._session.now()
        return PersonLink(request_id=row.request_id, expires_at=row.expires_at, is_open=is_open)

    def use_link(self, token: str, purpose: LinkPurpose) -> str | None:
        """Use a link up and return its request; None as `find_linked_request`, and where another was faster."""
        using = update(person_links).where(*self._is_open(token, purpose)).values(used_at=self._session.now())
        used: str | None = self._connection.scalar(using.returning(person_links.c.request_id))
        return used

    def delete_links(self, request_id: str, purpose: LinkPurpose) -> None:
        """Delete every link of a request that has this purpose."""
        of_request = (person_links.c.request_id == request_id, person_links.c.purpose == purpose)
        self._connection.execute(delete(person_links).where(*of_request))

    def _is_open(self, token: str, purpose: LinkPurpose) -> tuple[Any, ...]:
        return (
            person_links.c.token_hash == hash_token(token),
            person_links.c.purpose == purpose,
            person_links.c.expires_at > self._session.now(),
            person_links.c.used_at.is_(None),
        )
