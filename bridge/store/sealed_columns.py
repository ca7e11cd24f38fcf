"""Every sealed column, once: the AAD that its values are bound to, and which kind of key seals them.

Rotation, key counts and backup checks read this list. A test names the sealed or secret column that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Any

from sqlalchemy import Column, Table

from bridge.store import session
from bridge.store.access import findings, packages
from bridge.store.desk import disclosures as disclosure_rows
from bridge.store.desk import incident_persons as incident_person_rows
from bridge.store.desk import nominations as nomination_rows
from bridge.store.identity import checks, submissions
from bridge.store.index import reconciliations as reconciliation_rows
from bridge.store.index import rows
from bridge.store.letters import details
from bridge.store.mailbox import mails as mail_rows
from bridge.store.notices import notice_items as notice_item_rows
from bridge.store.operators import users as user_rows
from bridge.store.requests import requests as request_rows
from bridge.store.requests import tasks
from bridge.store.retention import documents
from bridge.store.schema.desk_tables import disclosures, incident_persons, mails, nominations, request_details
from bridge.store.schema.identity_tables import identity_checks, page_submissions
from bridge.store.schema.index_tables import data_keys, orders, parcels, reconciliations
from bridge.store.schema.notice_tables import notice_items
from bridge.store.schema.operator_tables import users
from bridge.store.schema.retention_tables import refund_accounts, vault_documents
from bridge.store.schema.tables import deliveries, requests
from bridge.store.schema.tables import findings as finding_rows
from bridge.store.schema.tables import packages as package_rows
from bridge.store.schema.tables import tasks as task_rows
from bridge.store.schema.tables import tokens as token_rows
from bridge.store.shops import tokens
from bridge.store.webhooks import inbox


class KeyScope(StrEnum):
    """Whose key seals a column."""

    KEYRING = "ring"  # always the keyring
    ROW_KEY = "row"  # a data subject's or the row's own key, which the keyring wraps; else the keyring


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One sealed column. `aad_template` is filled from the row's columns, as the sealing code fills it."""

    column: Column[Any]
    aad_template: str
    key_scope: KeyScope

    @property
    def table(self) -> Table:
        """Return the column's table."""
        table = self.column.table
        assert isinstance(table, Table)  # noqa: S101 - columns of the metadata belong to tables
        return table

    @property
    def name(self) -> str:
        """Return `table.column`."""
        return str(self.column)

    @property
    def primary_key(self) -> Sequence[Column[Any]]:
        """Return the columns of the primary key."""
        return tuple(self.table.primary_key)

    @property
    def aad_columns(self) -> Sequence[Column[Any]]:
        """Return the columns that the AAD names."""
        names = (name for _, name, _, _ in Formatter().parse(self.aad_template) if name)
        return [self.table.c[name] for name in names]


SEALED_COLUMNS = (
    SealedColumn(data_keys.c.wrapped, session.WRAPPED_KEY_AAD, KeyScope.KEYRING),
    SealedColumn(vault_documents.c.wrapped, documents.DOCUMENT_KEY_AAD, KeyScope.KEYRING),
    SealedColumn(refund_accounts.c.wrapped, "refund_accounts|{id}|wrapped|{shop}", KeyScope.KEYRING),
    SealedColumn(refund_accounts.c.reference, "refund_accounts|{id}|reference|{shop}", KeyScope.KEYRING),
    SealedColumn(request_details.c.wrapped, details.DETAILS_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING),
    SealedColumn(
        page_submissions.c.wrapped, submissions.SUBMISSION_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING
    ),
    SealedColumn(identity_checks.c.wrapped, checks.IDENTITY_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING),
    SealedColumn(
        nominations.c.wrapped, nomination_rows.NOMINATION_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING
    ),
    SealedColumn(
        disclosures.c.wrapped, disclosure_rows.DISCLOSURE_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING
    ),
    SealedColumn(
        incident_persons.c.wrapped,
        incident_person_rows.INCIDENT_PERSONS_AAD.replace("{column}", "wrapped"),
        KeyScope.KEYRING,
    ),
    SealedColumn(mails.c.wrapped, mail_rows.MAIL_AAD.replace("{column}", "wrapped"), KeyScope.KEYRING),
    SealedColumn(deliveries.c.body, inbox.DELIVERY_BODY_AAD, KeyScope.KEYRING),
    SealedColumn(task_rows.c.cursor, tasks.TASK_CURSOR_AAD, KeyScope.KEYRING),
    SealedColumn(token_rows.c.token, tokens.TOKEN_AAD.replace("{column}", "token"), KeyScope.KEYRING),
    SealedColumn(token_rows.c.refresh, tokens.TOKEN_AAD.replace("{column}", "refresh"), KeyScope.KEYRING),
    SealedColumn(reconciliations.c.progress, reconciliation_rows.PROGRESS_AAD, KeyScope.KEYRING),
    SealedColumn(notice_items.c.doc, notice_item_rows.NOTICE_ITEM_AAD, KeyScope.KEYRING),
    SealedColumn(users.c.verifier, user_rows.VERIFIER_AAD, KeyScope.KEYRING),
    SealedColumn(refund_accounts.c.doc, "refund_accounts|{id}|doc|{shop}", KeyScope.ROW_KEY),
    SealedColumn(request_details.c.doc, details.DETAILS_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(page_submissions.c.doc, submissions.SUBMISSION_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(identity_checks.c.doc, checks.IDENTITY_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(nominations.c.doc, nomination_rows.NOMINATION_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(disclosures.c.doc, disclosure_rows.DISCLOSURE_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(
        incident_persons.c.doc, incident_person_rows.INCIDENT_PERSONS_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY
    ),
    SealedColumn(mails.c.doc, mail_rows.MAIL_AAD.replace("{column}", "doc"), KeyScope.ROW_KEY),
    SealedColumn(vault_documents.c.doc, documents.DOCUMENT_AAD, KeyScope.ROW_KEY),
    SealedColumn(requests.c.principal, request_rows.PRINCIPAL_AAD, KeyScope.ROW_KEY),
    SealedColumn(orders.c.doc, rows.ORDER_AAD.replace("{key}", "{order_key}"), KeyScope.ROW_KEY),
    SealedColumn(parcels.c.doc, rows.PARCEL_AAD.replace("{key}", "{parcel_key}"), KeyScope.ROW_KEY),
    SealedColumn(finding_rows.c.body, findings.FINDING_AAD, KeyScope.ROW_KEY),
    SealedColumn(package_rows.c.body, packages.PACKAGE_AAD, KeyScope.ROW_KEY),
)
SEALED_TABLES = tuple(dict.fromkeys(column.table.name for column in SEALED_COLUMNS))


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyUsage:
    """Values by key id and column. `missing_keys` are keys that values name and the keyring does not have."""

    active_key_id: str
    counts_by_key: Mapping[str, Mapping[str, int]]
    missing_keys: Mapping[str, Mapping[str, int]]

    @property
    def outdated_count(self) -> int:
        """Return how many values were sealed by keys of the keyring that are no longer active."""
        return sum(sum(found.values()) for key_id, found in self.counts_by_key.items() if key_id != self.active_key_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class RotationResult:
    """What one rotation did. `unreadable` are the AADs of values that did not open; they were not changed."""

    resealed_counts: Mapping[str, int]
    unreadable: tuple[str, ...]
    key_usage: KeyUsage

    @property
    def is_complete(self) -> bool:
        """Return True where no value names an old key or a missing one."""
        return not self.unreadable and not self.key_usage.outdated_count and not self.key_usage.missing_keys
