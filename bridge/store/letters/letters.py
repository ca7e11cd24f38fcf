"""Letters to the persons of requests: queued once, sent once, by the worker that holds the lease."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update

from bridge.model import Lease, LetterKind, LetterState, PersonLetter, RequestKind, RequestSource
from bridge.store.leases import acquire_row_lease, is_free, renew_row_lease, update_leased_row
from bridge.store.requests.sql_conditions import IS_UNFULFILLED
from bridge.store.schema.desk_tables import person_letters
from bridge.store.schema.tables import requests
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert

UNSENT_STATES = (LetterState.QUEUED, LetterState.WITHHELD, LetterState.BOUNCED)
MAX_TROUBLED = 1_000


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

    def list_letters(self, request_id: str) -> list[PersonLetter]:
        """Return the letters of a request, oldest first."""
        ordered = select(person_letters).where(person_letters.c.request_id == request_id).order_by(person_letters.c.id)
        return [_letter_from_row(row) for row in self._connection.execute(ordered)]

    def find_letter(self, letter_id: str) -> PersonLetter | None:
        """Return a letter by its id."""
        return self._find_letter(person_letters.c.id == letter_id)

    def find_letter_by_message_id(self, message_id: str) -> PersonLetter | None:
        """Return the letter that was last sent under a Message-ID."""
        return self._find_letter(person_letters.c.message_id == message_id)

    def _find_letter(self, condition: Any) -> PersonLetter | None:
        row = self._connection.execute(select(person_letters).where(condition)).first()
        return None if row is None else _letter_from_row(row)

    def select_letters(
        self,
        states: Collection[LetterState] = (),
        kind: LetterKind | None = None,
        *,
        after: str = "",
        limit: int = 1_000,
    ) -> list[PersonLetter]:
        """Return letters, newest first; `after` is the last id of the page before."""
        conditions = [
            *((person_letters.c.state.in_(list(states)),) if states else ()),
            *((person_letters.c.kind == kind,) if kind else ()),
            *((person_letters.c.id < after,) if after else ()),
        ]
        rows = select(person_letters).where(*conditions).order_by(person_letters.c.id.desc()).limit(limit)
        return [_letter_from_row(row) for row in self._connection.execute(rows)]

    def find_troubled_letters(self, *, since: timedelta) -> list[tuple[str, str, list[str], datetime]]:
        """Return (condition, reason, ids, since when the oldest) of what did not leave, the oldest letter first.

        A letter that the mail server did not take counts after it was tried for as long as `since`.
        """
        unsent = person_letters.c.state.in_(UNSENT_STATES)
        rows = select(person_letters).where(unsent).order_by(person_letters.c.created_at, person_letters.c.id)
        long_ago, found = self._session.now() - since, dict[tuple[str, str], tuple[list[str], datetime]]()
        for letter in self._connection.execute(rows.limit(MAX_TROUBLED)):
            key = ("letter_bounced", "")
            if letter.state != LetterState.BOUNCED:
                if letter.state == LetterState.QUEUED and (not letter.last_error or letter.created_at > long_ago):
                    continue
                reason = (
                    letter.last_error.partition(":")[0] if letter.state == LetterState.WITHHELD else "mail_unreachable"
                )
                key = ("letter_withheld", reason)
            found.setdefault(key, ([], letter.created_at))[0].append(letter.id)
        return [(condition, reason, ids, at) for (condition, reason), (ids, at) in found.items()]

    def list_open_acknowledgements(self) -> list[tuple[str, datetime, datetime]]:
        """Return (request, received, due) of requests whose acknowledgement has not left, the oldest first."""
        unsent = (person_letters.c.kind == LetterKind.ACKNOWLEDGEMENT, person_letters.c.state.in_(UNSENT_STATES))
        columns = (requests.c.id, requests.c.received_at, requests.c.acknowledge_due_at)
        joined = select(*columns).join(person_letters, person_letters.c.request_id == requests.c.id).where(*unsent)
        ordered = joined.order_by(requests.c.received_at, requests.c.id).limit(MAX_TROUBLED)
        return [(row.id, row.received_at, row.acknowledge_due_at) for row in self._connection.execute(ordered)]

    def list_due_ids(self, request_id: str) -> list[str]:
        """Return the ids of a request's letters that are due now."""
        due = (person_letters.c.request_id == request_id, person_letters.c.wake_at <= self._session.now())
        return list(self._connection.scalars(select(person_letters.c.id).where(*due).order_by(person_letters.c.id)))

    def list_overdue_requests(self, sources: Collection[RequestSource], *, limit: int) -> list[str]:
        """Return the requests by these doors whose deadline has passed without an answer and whose person was not told so."""
        late_letter = exists().where(
            person_letters.c.request_id == requests.c.id, person_letters.c.kind == LetterKind.LATE
        )
        of_persons = (
            requests.c.kind.not_in([RequestKind.SHOP_ERASURE, RequestKind.INCIDENT]),
            requests.c.source.in_(sources),
        )
        overdue = (IS_UNFULFILLED, requests.c.due_at < self._session.now(), ~late_letter, *of_persons)
        rows = select(requests.c.id).where(*overdue).order_by(requests.c.due_at).limit(limit)
        return list(self._connection.scalars(rows))

    def acquire_lease(self, letter_id: str) -> Lease | None:
        """Lease a letter that is due; None where it is not due or leased."""
        return acquire_row_lease(self._session, person_letters, letter_id)

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease. Raises LeaseLost."""
        renew_row_lease(self._session, person_letters, lease)

    def release_lease(self, lease: Lease, letter: PersonLetter, *, wake_at: datetime | None) -> None:
        """Save where a letter stands, and release it until `wake_at`. Raises LeaseLost."""
        names = ("state", "sent_at", "message_id", "text_sha256", "attempts", "last_error")
        values: dict[str, Any] = {name: getattr(letter, name) for name in names}
        values |= {"last_error": letter.last_error[:200], "wake_at": wake_at, "rung_at": None, "lease_until": None}
        update_leased_row(self._session, person_letters, lease, values, person_letters.c.lease_until.is_not(None))

    def change_state(self, letter: PersonLetter, state: LetterState, *, error: str = "", is_due: bool = False) -> bool:
        """Give a letter another state, `is_due` at once; return whether it still stood as it was read.

        A letter that a worker sends at this moment is left alone.
        """
        now = self._session.now()
        values = {
            "state": state,
            "last_error": error,
            "attempts": 0,
            "wake_at": now if is_due else None,
            "rung_at": None,
            "lease_until": None,
        }
        is_untouched = is_free(person_letters, now)
        as_read = (person_letters.c.id == letter.id, person_letters.c.state == letter.state, is_untouched)
        return self._connection.execute(update(person_letters).where(*as_read).values(**values)).rowcount == 1


def _letter_from_row(row: Any) -> PersonLetter:
    values = {name: getattr(row, name) for name in PersonLetter.__slots__ if name != "values"}
    values |= {"kind": LetterKind(row.kind), "state": LetterState(row.state)}
    return PersonLetter(**values, values=tuple(json.loads(row._mapping["values"]).items()))  # noqa: SLF001 - SQLAlchemy's way to a column of this name
