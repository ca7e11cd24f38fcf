"""What a request states beside the person's identifiers: particulars and contact, each sealed under a key of its own."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select, update

from bridge.model import Destruction, LetterKind, RequestDetails, RequestKind, RequestState
from bridge.rules.requests.particulars import decode_request_details, encode_request_details
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.letters.letters import UNSENT_STATES
from bridge.store.retention.deletions import DELETION_KIND_DETAILS, record_deletions
from bridge.store.schema.desk_tables import person_letters, request_details
from bridge.store.schema.retention_tables import legal_holds
from bridge.store.schema.tables import requests
from bridge.store.session import Session
from bridge.store.upsert import upsert

DETAILS_AAD = "request_details|{request_id}|{column}|{shop}"


class RequestDetailRows:
    """The details of requests."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def save_details(self, request_id: str, shop: str, details: RequestDetails) -> None:
        """Seal the details of a request, in the place of what was stated before."""
        plain = json.dumps(encode_request_details(details)).encode()
        row: dict[str, Any] = {
            "request_id": request_id,
            "shop": shop,
            **seal_under_own_key(self._session.keyring, request_id, plain, _build_aad(request_id, shop)),
            "saved_at": self._session.now(),
            "erased_at": None,
        }
        insert = upsert(self._connection, request_details, ["request_id"], ("wrapped", "doc", "saved_at", "erased_at"))
        self._connection.execute(insert, row)

    def get_details(self, request_id: str, kind: RequestKind) -> RequestDetails:
        """Return what a request of this kind states; empty details where it states nothing, or they were erased."""
        row = self._connection.execute(
            select(request_details).where(request_details.c.request_id == request_id)
        ).one_or_none()
        if row is None or row.doc is None:
            return RequestDetails()
        aad = _build_aad(request_id, row.shop)
        plain = open_under_own_key(self._session.keyring, row.wrapped, row.doc, aad)
        return decode_request_details(kind, json.loads(plain))

    def erase_details(self, request_id: str) -> None:
        """Destroy the key of a request's details, and what it sealed. The ledger keeps that, for a backup that is restored."""
        self.destroy_details(request_id, self._session.now())

    def destroy_details(self, request_id: str, at: datetime) -> int:
        """Destroy details that were destroyed at that time; return how many rows still had them."""
        erased = {"doc": None, "wrapped": None, "erased_at": at}
        of_request = (request_details.c.request_id == request_id, request_details.c.doc.is_not(None))
        rows = update(request_details).where(*of_request).values(**erased).returning(request_details.c.shop)
        shops = self._connection.scalars(rows).all()
        record_deletions(
            self._connection,
            (Destruction(kind=DELETION_KIND_DETAILS, ref=request_id, shop=shop, at=at) for shop in shops),
        )
        if shops:
            self._session.mark_remnants()
        return len(shops)

    def list_expired_details(self, before: datetime, *, limit: int) -> list[str]:
        """Return requests whose details nothing needs: done, answered and written to before then, and on no legal hold.

        A nomination is what the request is about. A restriction needs its contact until the person was told that it ends.
        """
        letters = person_letters.c.request_id == requests.c.id
        has_open_letter = exists().where(letters, person_letters.c.state.in_(UNSENT_STATES))
        was_written_to = exists().where(letters, person_letters.c.sent_at >= before)
        is_lift_written = exists().where(letters, person_letters.c.kind == LetterKind.RESTRICTION_LIFTED)
        is_held = exists().where(legal_holds.c.released_at.is_(None), legal_holds.c.request_id == requests.c.id)
        is_over = exists().where(
            requests.c.id == request_details.c.request_id,
            requests.c.state == RequestState.DONE,
            requests.c.closed_at < before,
            or_(requests.c.answered_at.is_(None), requests.c.answered_at < before),
            requests.c.kind != RequestKind.NOMINATION,
            or_(requests.c.kind != RequestKind.RESTRICTION, is_lift_written),
            ~has_open_letter,
            ~was_written_to,
            ~is_held,
        )
        stated = (request_details.c.doc.is_not(None), request_details.c.saved_at < before)
        expired = select(request_details.c.request_id).where(*stated, is_over)
        return list(self._connection.scalars(expired.order_by(request_details.c.saved_at).limit(limit)))


def _build_aad(request_id: str, shop: str) -> str:
    return DETAILS_AAD.replace("{request_id}", request_id).replace("{shop}", shop)
