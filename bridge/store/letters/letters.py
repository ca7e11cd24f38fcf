"""Letters to the persons of requests: queued once, sent once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from bridge.model import LetterKind, LetterState, PersonLetter
from bridge.store.schema.desk_tables import person_letters
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert


class PersonLetterRows:
    """Letters to persons."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def queue_letter(
        self, shop: str, request_id: str, kind: LetterKind, *, number: int, values: Mapping[str, str]
    ) -> str | None:
        """Queue a letter and return its id; None where this letter of the request was queued before."""
        now = self._session.now()
        row: dict[str, Any] = {
            "id": new_id("ltr"),
            "shop": shop,
            "request_id": request_id,
            "kind": kind,
            "number": number,
            "state": LetterState.QUEUED,
            "values": json.dumps(dict(values), sort_keys=True),
            "created_at": now,
            "message_id": "",
            "text_sha256": "",
            "wake_at": now,
        }
        insert = upsert(self._connection, person_letters).returning(person_letters.c.id)
        queued: str | None = self._connection.scalar(insert, row)
        return queued

    def find_letter(self, letter_id: str) -> PersonLetter | None:
        """Return one letter, if there is one with this id."""
        row = self._connection.execute(select(person_letters).where(person_letters.c.id == letter_id)).one_or_none()
        return _letter_from_row(row) if row else None

    def list_letters(self, request_id: str) -> list[PersonLetter]:
        """Return the letters of a request, oldest first."""
        ordered = select(person_letters).where(person_letters.c.request_id == request_id).order_by(person_letters.c.id)
        return [_letter_from_row(row) for row in self._connection.execute(ordered)]


def _letter_from_row(row: Any) -> PersonLetter:
    values = {name: getattr(row, name) for name in PersonLetter.__slots__ if name != "values"}
    values |= {"kind": LetterKind(row.kind), "state": LetterState(row.state)}
    return PersonLetter(**values, values=tuple(json.loads(row._mapping["values"]).items()))  # noqa: SLF001 - SQLAlchemy's way to a column of this name
