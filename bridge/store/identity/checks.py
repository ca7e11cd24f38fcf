"""Doubts about who asks, one of a request, with how each was ended. What proved it is sealed under a key of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from bridge.model import IdentityCheck, IdentityDoubt, IdentityMethod
from bridge.store.schema.identity_tables import identity_checks
from bridge.store.session import Session
from bridge.store.upsert import upsert

IDENTITY_AAD = "identity_checks|{request_id}|{column}|{shop}"
NO_PROOF: dict[str, Any] = {"wrapped": None, "doc": None}


class IdentityCheckRows:
    """Doubts and their ends."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def find_check(self, request_id: str) -> IdentityCheck | None:
        """Return the last doubt of a request, open or ended; None where there was none."""
        of_request = identity_checks.c.request_id == request_id
        row = self._connection.execute(select(identity_checks).where(of_request)).one_or_none()
        if row is None:
            return None
        values = {name: getattr(row, name) for name in IdentityCheck.__slots__}
        method = IdentityMethod(row.method) if row.method else None
        return IdentityCheck(**values | {"doubt": IdentityDoubt(row.doubt), "method": method})

    def find_open_check(self, request_id: str) -> IdentityCheck | None:
        """Return the doubt of a request that has not ended."""
        check = self.find_check(request_id)
        return check if check is not None and check.decided_at is None else None

    def save_check(self, check: IdentityCheck) -> None:
        """Store a doubt in the place of what the request had before. What proved an earlier one is destroyed."""
        row = (
            {name: getattr(check, name) for name in IdentityCheck.__slots__} | {"method": check.method or ""} | NO_PROOF
        )
        changes = [name for name in row if name != "request_id"]
        self._connection.execute(upsert(self._connection, identity_checks, ["request_id"], changes), row)

    def save_proof(self, check: IdentityCheck, proof: Mapping[str, str]) -> None:
        """Seal by what an ended doubt was ended."""
        keyring, key = self._session.keyring, secrets.token_bytes(32)
        wrapped, doc = (
            IDENTITY_AAD.format(request_id=check.request_id, column=column, shop=check.shop)
            for column in ("wrapped", "doc")
        )
        plain = json.dumps(dict(proof)).encode()
        sealed = {
            "wrapped": keyring.seal(key, wrapped),
            "doc": keyring.seal(plain, doc, key_id=check.request_id, key=key),
        }
        of_request = identity_checks.c.request_id == check.request_id
        self._connection.execute(update(identity_checks).where(of_request).values(**sealed))

    def read_proof(self, request_id: str) -> Mapping[str, str]:
        """Return by what a doubt was ended; nothing where that was destroyed."""
        of_request = identity_checks.c.request_id == request_id
        row = self._connection.execute(select(identity_checks).where(of_request)).one_or_none()
        if row is None or row.doc is None:
            return {}
        keyring = self._session.keyring
        wrapped, doc = (
            IDENTITY_AAD.format(request_id=request_id, column=column, shop=row.shop) for column in ("wrapped", "doc")
        )
        key = keyring.open(row.wrapped, wrapped)
        proof: Mapping[str, str] = json.loads(keyring.open(row.doc, doc, find_data_key=lambda _: key))
        return proof

    def destroy_proofs(self, request_ids: Sequence[str]) -> None:
        """Destroy by what these doubts were ended; method and time stay."""
        of_requests = identity_checks.c.request_id.in_(list(request_ids))
        self._connection.execute(update(identity_checks).where(of_requests).values(**NO_PROOF))
