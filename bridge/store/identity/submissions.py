"""What was sent on the public page and waits for its code: each sealed under a key of its own, for an hour at most."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from bridge.model import Language, Lease, PageSubmission, RequestKind
from bridge.rules.requests.particulars import decode_request_details, encode_request_details
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.crypto.token_hash import hash_token
from bridge.store.leases import acquire_row_lease, update_leased_row
from bridge.store.schema.identity_tables import page_submissions
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session

SUBMISSION_AAD = "page_submissions|{id}|{column}|{shop}"
MAX_GUESSES = 5
_SEALED_TEXTS = ("email", "phone", "order")


class PageSubmissionRows:
    """Submissions of the public page. The page finds one by a token of 256 random bits, stored as a hash."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def add_submission(self, submission: PageSubmission) -> tuple[str, str]:
        """Store what was sent. Return its id, and the token that the page's next form carries."""
        token, row_id = secrets.token_urlsafe(32), new_id("sub")
        texts = {name: getattr(submission, name) for name in _SEALED_TEXTS}
        plain = json.dumps(
            {
                "kind": submission.kind,
                "language": submission.language,
                "details": encode_request_details(submission.details),
                **texts,
            }
        ).encode()
        row = {
            "id": row_id,
            "shop": submission.shop,
            "token_hash": hash_token(token),
            **seal_under_own_key(self._session.keyring, row_id, plain, _build_submission_aad(row_id, submission.shop)),
            "code_hash": "",
            "guesses": 0,
            "created_at": submission.created_at,
            "wake_at": submission.created_at,
        }
        self._connection.execute(insert(page_submissions).values(row))
        return row_id, token

    def find_submission(self, token: str) -> PageSubmission | None:
        """Return the submission of a token, if it still waits."""
        return self._read_submission(page_submissions.c.token_hash == hash_token(token))

    def get_submission(self, submission_id: str) -> PageSubmission | None:
        """Return one submission, if it still waits."""
        return self._read_submission(page_submissions.c.id == submission_id)

    def save_code(self, submission_id: str, code_hash: str, *, ends_at: datetime) -> None:
        """Store the keyed digest of the code that is about to be sent, and until when it is good."""
        values = {"code_hash": code_hash, "code_ends_at": ends_at, "guesses": 0}
        self._connection.execute(
            update(page_submissions).where(page_submissions.c.id == submission_id).values(**values)
        )

    def check_code(self, submission_id: str, code_hash: str) -> bool:
        """Use up one guess, and return whether the code is right and still good. The last wrong guess deletes the submission."""
        guess = update(page_submissions).where(
            page_submissions.c.id == submission_id,
            page_submissions.c.code_hash != "",
            page_submissions.c.code_ends_at > self._session.now(),
            page_submissions.c.guesses < MAX_GUESSES,
        )
        columns = (page_submissions.c.code_hash, page_submissions.c.guesses)
        row = self._connection.execute(
            guess.values(guesses=page_submissions.c.guesses + 1).returning(*columns)
        ).one_or_none()
        if row is None:
            return False
        is_right = hmac.compare_digest(row.code_hash, code_hash)
        if not is_right and row.guesses >= MAX_GUESSES:
            self.delete_submission(submission_id)
        return is_right

    def delete_submission(self, submission_id: str) -> bool:
        """Destroy a submission with its key. Return False where it is gone already."""
        deleted = self._connection.execute(delete(page_submissions).where(page_submissions.c.id == submission_id))
        return self._mark_deleted(deleted.rowcount) == 1

    def delete_submissions_before(self, at: datetime) -> Mapping[bool, int]:
        """Destroy what was sent before this time. Return how many, by whether a code had been sent."""
        old = delete(page_submissions).where(page_submissions.c.created_at < at)
        sent = list(self._connection.scalars(old.returning(page_submissions.c.code_hash != "")))
        self._mark_deleted(len(sent))
        return {was_sent: sent.count(was_sent) for was_sent in set(sent)}

    def acquire_lease(self, submission_id: str) -> Lease | None:
        """Lease a submission that is due; None where it is gone, not due, or leased."""
        values = {"attempts": page_submissions.c.attempts + 1}
        return acquire_row_lease(self._session, page_submissions, submission_id, values=values)

    def release_lease(self, lease: Lease, *, wake_at: datetime | None, error: str = "") -> None:
        """Release a submission until `wake_at`. Raises LeaseLost."""
        values = {"wake_at": wake_at, "rung_at": None, "lease_until": None, "last_error": error[:200]}
        update_leased_row(self._session, page_submissions, lease, values)

    def _read_submission(self, condition: Any) -> PageSubmission | None:
        row = self._connection.execute(select(page_submissions).where(condition)).one_or_none()
        if row is None:
            return None
        aad = _build_submission_aad(row.id, row.shop)
        given = json.loads(open_under_own_key(self._session.keyring, row.wrapped, row.doc, aad))
        kind = RequestKind(given["kind"])
        return PageSubmission(
            id=row.id,
            shop=row.shop,
            kind=kind,
            language=Language(given["language"]),
            details=decode_request_details(kind, given["details"]),
            **{name: given[name] for name in _SEALED_TEXTS},
            created_at=row.created_at,
            code_ends_at=row.code_ends_at,
            attempts=row.attempts,
        )

    def _mark_deleted(self, count: int) -> int:
        if count:
            self._session.mark_remnants()
        return count


def _build_submission_aad(row_id: str, shop: str) -> str:
    return SUBMISSION_AAD.replace("{id}", row_id).replace("{shop}", shop)
