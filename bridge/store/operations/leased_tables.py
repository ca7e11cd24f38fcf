"""Which job works on the due rows of which table, beside deliveries and requests, whose jobs go by more than their table."""

from __future__ import annotations

from bridge.store.schema.desk_tables import mailboxes, person_letters
from bridge.store.schema.identity_tables import page_submissions
from bridge.store.schema.index_tables import reconciliations
from bridge.store.schema.notice_tables import notice_accounts

LEASED_BY_JOB = (
    (person_letters, "letter"),
    (notice_accounts, "notify"),
    (reconciliations, "reconcile"),
    (page_submissions, "submission"),
    (mailboxes, "fetch_mail"),
)
