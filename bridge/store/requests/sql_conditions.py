"""Conditions of SQL that several rows are selected by: no answer yet, and what a task waits for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_

from bridge.model import RequestKind, RequestSource, WaitReason
from bridge.store.schema.tables import requests, tasks

# the SQL of rules/requests/answer_times.find_fulfilled_at
IS_UNFULFILLED = or_(
    requests.c.closed_at.is_(None),
    and_(
        requests.c.answered_at.is_(None),
        or_(
            requests.c.kind == RequestKind.ACCESS,
            and_(
                requests.c.kind == RequestKind.ERASURE,
                requests.c.source.in_([source for source in RequestSource if source.is_merchants]),
            ),
        ),
    ),
)


def waits_for(reason: WaitReason) -> ColumnElement[bool]:
    """Return the condition that a waiting task waits for this reason, whichever release wrote it last.

    The text that is shown is compared as well: the release before writes nothing else. See `derive_wait_reason`.
    """
    return or_(tasks.c.wait_reason == reason, tasks.c.last_error == reason)
