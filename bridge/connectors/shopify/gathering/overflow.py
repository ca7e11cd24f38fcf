"""Reads the lists of several orders of a page that exceed their first sizes in one call, instead of one call for each.

What exceeds the larger sizes too is left to `complete_record`, which continues one order at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bridge.connectors.shopify.api.answers import QueryTooCostly
from bridge.connectors.shopify.gathering import complete_record
from bridge.connectors.shopify.gathering.cursor import GatherCursor
from bridge.connectors.shopify.gathering.session import GatherSession
from bridge.model import Gap

Node = dict[str, Any]

OVERFLOWS_BATCH_SIZE = 50
FIELD_BY_FLAG = {**complete_record.ORDER_LISTS, **complete_record.ORDER_REREAD_FIELDS}
# The sizes of lists without a cursor in order_overflows.graphql.
OVERFLOW_LIMITS = complete_record.ListLimits(parcels=10, tracking=10, payments=30, refunds=20)


def read_overflows(
    session: GatherSession, cursor: GatherCursor, nodes: Sequence[Node]
) -> tuple[Collection[str], tuple[Gap, ...]]:
    """Put longer lists into the orders that need them. Return the gids of these orders, and the gaps."""
    flags_by_gid = {str(node["id"]): complete_record.list_overflows(node, cursor) for node in nodes}
    pending = [gid for gid, flags in flags_by_gid.items() if flags - {*cursor.closed_flags}]
    if len(pending) < 2:
        return (), ()
    by_gid, read, gaps = {str(node["id"]): node for node in nodes}, set[str](), tuple[Gap, ...]()
    while pending:
        size = session.client.fit_page_size("order_overflows", min(len(pending), OVERFLOWS_BATCH_SIZE))
        wanted = set[str]().union(*(flags_by_gid[gid] for gid in pending[:size])) - {*cursor.closed_flags}
        switches = {flag: flag in wanted for flag in FIELD_BY_FLAG}
        try:
            reply = session.run_document("order_overflows", cursor, ids=pending[:size], **switches)
        except QueryTooCostly as fault:
            session.client.reduce_page_size("order_overflows", size, fault)
            continue
        pending, gaps = pending[size:], gaps + reply.gaps
        for answer in filter(None, reply.data.get("nodes") or ()):
            gid = str(answer.get("id"))
            fields = {FIELD_BY_FLAG[flag] for flag in flags_by_gid.get(gid, ())}
            found = {field: answer[field] for field in fields if answer.get(field) is not None}
            if len(found) == len(fields):
                by_gid[gid].update(found)
                read.add(gid)
    return read, gaps
