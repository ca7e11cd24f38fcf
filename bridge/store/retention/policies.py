"""Which retention files were accepted, when, and who accepted them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bridge.model import AcceptedPolicy
from bridge.store.schema.retention_tables import retention_policies
from bridge.store.session import Session
from bridge.store.upsert import upsert


class RetentionPolicyRows:
    """Accepted retention files; the newest is in force."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def find_accepted_policy(self) -> AcceptedPolicy | None:
        """Return the retention file that was accepted last, if any."""
        newest = select(retention_policies).order_by(retention_policies.c.accepted_at.desc()).limit(1)
        row = self._connection.execute(newest).mappings().one_or_none()
        return AcceptedPolicy(**{**row, "ages": json.loads(row["ages"])}) if row else None

    def save_accepted_policy(self, sha256: str, policy_id: str, *, actor: str, ages: Mapping[str, Any]) -> None:
        """Put this retention file in force, with each category's ages. One that was accepted before is the newest again."""
        now, before = self._session.now(), self.find_accepted_policy()
        if before is not None:  # the last one accepted must be the newest, even where a clock goes back
            now = max(now, before.accepted_at + timedelta(microseconds=1))
        values = {"policy_id": policy_id[:64], "accepted_at": now, "accepted_by": actor}
        values["ages"] = json.dumps(dict(ages), sort_keys=True)
        statement = upsert(self._connection, retention_policies, ["sha256"], values)
        self._connection.execute(statement, {"sha256": sha256, **values})
