"""Which rows a worker takes when no privacy work waits, by the name of the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.store.schema.desk_tables import mailboxes, person_letters
from bridge.store.schema.index_tables import reconciliations
from bridge.store.schema.notice_tables import notice_accounts

LATER_JOBS: Mapping[str, Any] = {
    "letter": person_letters,
    "notify": notice_accounts,
    "reconcile": reconciliations,
    "fetch_mail": mailboxes,
}
