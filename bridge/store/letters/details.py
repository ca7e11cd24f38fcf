"""What a request states beside the person's identifiers: particulars and contact, each sealed under a key of its own."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select, update

from bridge.model import RequestDetails, RequestKind
from bridge.rules.requests.particulars import decode_request_details, encode_request_details
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.schema.desk_tables import request_details
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
        """Destroy the key of a request's details, and what it sealed."""
        erased = {"doc": None, "wrapped": None, "erased_at": self._session.now()}
        is_of_request = (request_details.c.request_id == request_id, request_details.c.doc.is_not(None))
        self._connection.execute(update(request_details).where(*is_of_request).values(**erased))


def _build_aad(request_id: str, shop: str) -> str:
    return DETAILS_AAD.replace("{request_id}", request_id).replace("{shop}", shop)
