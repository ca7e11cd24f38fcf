"""Approvals of deeds that need two people: who approved which content."""

from __future__ import annotations

from sqlalchemy import select

from bridge.store.schema.desk_tables import two_person_approvals
from bridge.store.session import Session
from bridge.store.upsert import upsert


class TwoPersonApprovalRows:
    """Approvals by request and actor."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def save_approval(self, request_id: str, actor: str, digest: str) -> None:
        """Store that an actor approves this content of a request, in the place of what the actor approved before."""
        row = {"request_id": request_id, "actor": actor, "digest": digest, "at": self._session.now()}
        insert = upsert(self._connection, two_person_approvals, ["request_id", "actor"], ("digest", "at"))
        self._connection.execute(insert, row)

    def list_approvers(self, request_id: str, digest: str) -> list[str]:
        """Return who approved exactly this content of a request, in the order of the approvals."""
        of_content = (two_person_approvals.c.request_id == request_id, two_person_approvals.c.digest == digest)
        rows = select(two_person_approvals.c.actor).where(*of_content).order_by(two_person_approvals.c.at)
        return list(self._connection.scalars(rows))
