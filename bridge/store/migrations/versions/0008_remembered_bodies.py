"""Remember the bodies of webhooks that must be recognised for good.

What is known of earlier bodies is taken from the evidence: each request's facts hold the keyed digest of its body.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TOPIC_BY_KIND = {"access": "customers/data_request", "erasure": "customers/redact", "shop_erasure": "shop/redact"}


def upgrade() -> None:
    """Apply."""
    remembered = op.create_table(
        "remembered_bodies",
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("shop_number", sa.String(40), nullable=False),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_remembered_bodies"),
    )
    if rows := _read_known_bodies():
        op.bulk_insert(remembered, rows)


def _read_known_bodies() -> list[dict[str, Any]]:
    """Return the first receipt of each body that opened or joined a request."""
    names = ("seq", "at", "fact", "shop", "request_id", "detail")
    evidence = sa.table("evidence", *(sa.column(name, _column_type(name)) for name in names))
    requests = sa.table("requests", sa.column("id"), sa.column("kind"))
    with_kind = sa.outerjoin(evidence, requests, requests.c.id == evidence.c.request_id)
    facts = sa.select(evidence, requests.c.kind).select_from(with_kind).order_by(evidence.c.seq)
    known: dict[str, dict[str, Any]] = {}
    for row in op.get_bind().execute(facts.where(evidence.c.fact.in_(("request.opened", "request.joined")))):
        digest = json.loads(row.detail).get("body_digest")
        if digest:
            body = {"digest": digest, "shop": row.shop, "topic": TOPIC_BY_KIND.get(row.kind, ""), "shop_number": ""}
            known.setdefault(digest, body | {"first_received_at": row.at, "request_id": row.request_id})
    return list(known.values())


def _column_type(name: str) -> Any:
    return sa.DateTime(timezone=True) if name == "at" else sa.String()


def downgrade() -> None:
    """Take back."""
    op.drop_table("remembered_bodies")
