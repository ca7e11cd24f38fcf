"""Tables of the officer's desk: details of requests, letters, links, approvals, restrictions, nominations, disclosures, incidents, mail."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text, UniqueConstraint

from bridge.store.schema.columns import (
    key_column,
    lease_columns,
    partial_index,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    table,
)
from bridge.store.schema.utc_datetime import UtcDateTime

request_details = table(
    "request_details",
    plain_column("request_id", String(40), primary_key=True),
    shop_column(),
    key_column(nullable=True),
    sealed_column("doc", nullable=True),
    plain_column("saved_at", UtcDateTime),
    plain_column("erased_at", UtcDateTime, nullable=True),
    partial_index("ix_request_details_saved_at", "saved_at", where="doc IS NOT NULL"),
)

# Who is not to be written to on which channel. It outlives an erasure: without it nobody would know.
marketing_stops = table(
    "marketing_stops",
    shop_column(primary_key=True),
    plain_column("field", String(16), primary_key=True),
    pseudonym_column("key", primary_key=True),
    plain_column("channel", String(16), primary_key=True),
    plain_column("since", UtcDateTime),
    plain_column("request_id", String(40)),
    Index(None, "since"),
)

person_letters = table(
    "person_letters",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("request_id", String(40)),
    plain_column("kind", String(32)),
    plain_column("number", Integer),
    plain_column("state", String(16)),
    plain_column("values", Text),
    plain_column("created_at", UtcDateTime),
    plain_column("sent_at", UtcDateTime, nullable=True),
    plain_column("message_id", String(200)),
    plain_column("text_sha256", String(64)),
    *lease_columns(),
    UniqueConstraint("request_id", "kind", "number"),
    Index(None, "wake_at"),
    Index(None, "state", "created_at", "id"),
)

# A row for each customer and each order that a restriction is about, so that a search by either finds it.
restrictions = table(
    "restrictions",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("purpose", String(16), primary_key=True),
    pseudonym_column("record_key", primary_key=True),
    shop_column(),
    plain_column("field", String(16)),
    plain_column("ground", String(16)),
    plain_column("since", UtcDateTime),
    plain_column("ends_at", UtcDateTime, nullable=True),
    plain_column("lifted_at", UtcDateTime, nullable=True),
    partial_index("ix_restrictions_in_force_open", "shop", "record_key", where="lifted_at IS NULL"),
)

person_links = table(
    "person_links",
    pseudonym_column("token_hash", primary_key=True),
    plain_column("request_id", String(40)),
    plain_column("purpose", String(16)),
    plain_column("created_at", UtcDateTime),
    plain_column("expires_at", UtcDateTime),
    plain_column("used_at", UtcDateTime, nullable=True),
    Index(None, "request_id"),
)

approval_gates = table(
    "approval_gates",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("door", String(16)),
    plain_column("opened_at", UtcDateTime),
    plain_column("free_at", UtcDateTime, nullable=True),
    plain_column("begun_at", UtcDateTime, nullable=True),
    plain_column("shown_digest", String(64)),
    plain_column("shown_parts", Text),
    plain_column("shown_at", UtcDateTime, nullable=True),
)

approvals = table(
    "approvals",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("actor", String(64), primary_key=True),
    plain_column("plan_digest", String(64), primary_key=True),
    plain_column("approved_at", UtcDateTime),
    plain_column("ended_at", UtcDateTime, nullable=True),
)

nominations = table(
    "nominations",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    pseudonym_column("subject"),
    plain_column("request_id", String(40)),
    key_column(nullable=True),
    sealed_column("doc", nullable=True),
    plain_column("since", UtcDateTime),
    plain_column("ended_at", UtcDateTime, nullable=True),
    plain_column("exercised_by", String(40)),
    Index(None, "shop", "subject"),
    Index(None, "ended_at"),
)

# What was given to an authority. It outlives an erasure, and while it is secret the person is not told of it.
disclosures = table(
    "disclosures",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    key_column(),
    sealed_column("doc"),
    plain_column("given_at", UtcDateTime),
    plain_column("disclosable_at", UtcDateTime, nullable=True),
    plain_column("recorded_at", UtcDateTime),
    Index(None, "disclosable_at"),
    Index(None, "recorded_at", "id"),
)

disclosure_keys = table(
    "disclosure_keys",
    shop_column(primary_key=True),
    pseudonym_column("key", primary_key=True),
    plain_column("disclosure_id", String(40), primary_key=True),
    Index(None, "disclosure_id"),
)

incident_persons = table(
    "incident_persons",
    plain_column("request_id", String(40), primary_key=True),
    shop_column(),
    key_column(),
    sealed_column("doc"),
    plain_column("counted_at", UtcDateTime),
)

two_person_approvals = table(
    "two_person_approvals",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("actor", String(64), primary_key=True),
    plain_column("digest", String(64)),
    plain_column("at", UtcDateTime),
)

deadline_warnings = table(
    "deadline_warnings",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("clock", String(32), primary_key=True),
    plain_column("percent", Integer, primary_key=True, autoincrement=False),
    plain_column("warned_at", UtcDateTime),
)

mailboxes = table(
    "mailboxes",
    plain_column("id", String(32), primary_key=True),
    shop_column(),
    plain_column("uid_validity", BigInteger),
    plain_column("last_uid", BigInteger),
    plain_column("checked_at", UtcDateTime, nullable=True),
    *lease_columns(),
)

mails = table(
    "mails",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    pseudonym_column("once_key", unique=True),
    pseudonym_column("sender_key"),
    plain_column("kind", String(20)),
    plain_column("state", String(16)),
    plain_column("arrived_at", UtcDateTime),
    plain_column("size", Integer),
    plain_column("is_cut", Boolean),
    plain_column("attachments", Integer),
    plain_column("request_id", String(40)),
    plain_column("notice_id", String(40)),
    plain_column("letter_id", String(40)),
    plain_column("handled_at", UtcDateTime, nullable=True),
    key_column(nullable=True),
    sealed_column("doc", nullable=True),
    Index(None, "request_id"),
    Index(None, "arrived_at", "id"),
    Index(None, "sender_key", "arrived_at"),
    partial_index("ix_mails_open", "arrived_at", "id", where="state = 'open'"),
    partial_index("ix_mails_sealed_open", "handled_at", where="doc IS NOT NULL"),
)
