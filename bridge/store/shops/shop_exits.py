"""Shops that leave: signs that one came back, decisions of operators, and what statutory holds keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from bridge.model import (
    DeliveryState,
    RemainingShopData,
    RequestKind,
    RequestState,
    ShopExit,
    ShopExitDecision,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.rules.requests.wait_texts import derive_wait_reason
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import UNINSTALLED_TOPIC
from bridge.store.requests.sql_conditions import waits_for
from bridge.store.retention.documents import DocumentRows
from bridge.store.schema.columns import inline
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.retention_tables import legal_holds, refund_accounts, shop_exit_decisions, vault_documents
from bridge.store.schema.tables import deliveries, packages, requests, tasks, tokens
from bridge.store.shops.erase_shop import HAS_BODY, SHOP_TABLES, match_deliveries_of_shop
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from bridge.store.session import Session

DOCUMENTS_PER_STATEMENT = 500
# webhooks of a shop that the merchant's file does not name are rejected, but they were received
WAS_RECEIVED = or_(deliveries.c.state != DeliveryState.REJECTED, deliveries.c.reason == "shop_unknown")


class ShopExitRows:
    """Shops that leave."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def read_shop_exit(self, shop: str, request_id: str) -> ShopExit:
        """Return the shop of this request as it is now."""
        documents, fingerprint = self.fingerprint_documents(shop)
        of_shop = match_deliveries_of_shop(self._session, shop)
        last_received = select(func.max(deliveries.c.received_at)).where(of_shop, WAS_RECEIVED)
        token_until = select(func.max(tokens.c.expires_at)).where(
            tokens.c.shop.in_(self._session.shops.list_domains(shop))
        )
        sent_while_installed = deliveries.c.topic.not_in([*MANDATORY_TOPICS, UNINSTALLED_TOPIC])
        decisions = select(shop_exit_decisions.c.decision, shop_exit_decisions.c.reference).where(
            shop_exit_decisions.c.request_id == request_id
        )
        return ShopExit(
            holds=documents > 0 or self._has_shop_data(shop, request_id),
            documents=documents,
            fingerprint=fingerprint,
            # one that was not believed says nothing: see steps/shops/record_uninstalls.py
            uninstalled_at=self._connection.scalar(
                last_received.where(deliveries.c.topic == UNINSTALLED_TOPIC, deliveries.c.state == DeliveryState.DONE)
            ),
            last_received_at=self._connection.scalar(last_received.where(sent_while_installed)),
            token_until=self._connection.scalar(token_until),
            decisions={ShopExitDecision(row.decision): row.reference for row in self._connection.execute(decisions)},
        )

    def _has_shop_data(self, shop: str, request_id: str) -> bool:
        """Return whether there is anything but receipts and the request's own key."""
        keys = self._session.shops.list_keys(shop)
        others = and_(requests.c.shop.in_(keys), requests.c.id != request_id)
        shop_tables = [table for table in SHOP_TABLES if table is not data_keys]
        searches = [
            *((table, table.c.shop.in_(keys)) for table in (*shop_tables, legal_holds, refund_accounts)),
            (tokens, tokens.c.shop.in_(self._session.shops.list_domains(shop))),
            (deliveries, and_(match_deliveries_of_shop(self._session, shop), HAS_BODY)),
            (requests, and_(others, or_(requests.c.principal.is_not(None), requests.c.state != RequestState.DONE))),
            (packages, packages.c.request_id.in_(select(requests.c.id).where(others))),
        ]
        return any(
            self._connection.scalar(select(1).select_from(table).where(where).limit(1)) for table, where in searches
        )

    def fingerprint_documents(self, shop: str) -> tuple[int, str]:
        """Return how many sealed documents a shop has, and a digest of their ids."""
        rows = select(vault_documents.c.id).where(vault_documents.c.shop.in_(self._session.shops.list_keys(shop)))
        ids = sorted(self._connection.scalars(rows))
        return len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()

    def record_exit_decision(
        self,
        shop: str,
        request_id: str,
        decision: ShopExitDecision,
        *,
        actor: str,
        reference: str = "",
        digest: str = "",
    ) -> None:
        """Store a decision in place of a former one of its kind."""
        keys = {"shop": shop, "request_id": request_id, "decision": decision}
        values = {
            "reference": reference[:64],
            "digest": digest,
            "decided_by": actor[:64],
            "decided_at": self._session.now(),
        }
        self._connection.execute(upsert(self._connection, shop_exit_decisions, keys, values), {**keys, **values})

    def list_open_shop_erasures(self, shop: str) -> Sequence[str]:
        """Return the ids of the shop's erasures that are not closed."""
        rows = select(requests.c.id).where(
            requests.c.shop.in_(self._session.shops.list_keys(shop)),
            requests.c.kind == RequestKind.SHOP_ERASURE,
            requests.c.closed_at.is_(None),
        )
        return list(self._connection.scalars(rows.order_by(requests.c.id)))

    def list_requests_waiting_for(self, shop: str, reason: WaitReason) -> Sequence[str]:
        """Return the ids of requests with a task that waits for this reason."""
        rows = (
            select(requests.c.id)
            .join(tasks, tasks.c.request_id == requests.c.id)
            .where(requests.c.shop.in_(self._session.shops.list_keys(shop)))
            .where(tasks.c.state == inline(TaskState.WAITING), waits_for(reason))
        )
        return list(self._connection.scalars(rows.distinct().order_by(requests.c.id)))

    def list_blocked_shop_erasures(self) -> list[Mapping[str, Any]]:
        """Return shop erasures that wait for an operator: shop, request, reason, when it was requested, until when."""
        rows = (
            select(
                requests.c.shop,
                requests.c.id,
                tasks.c.state,
                tasks.c.last_error,
                func.coalesce(requests.c.webhook_received_at, requests.c.received_at).label("asked_at"),
                tasks.c.expected_by,
            )
            .join(tasks, tasks.c.request_id == requests.c.id)
            .where(requests.c.kind == RequestKind.SHOP_ERASURE, tasks.c.action == TaskAction.ERASE)
            .where(tasks.c.state == inline(TaskState.WAITING))
            .order_by(requests.c.received_at, requests.c.id)
        )
        return [
            {**row, "wait_reason": derive_wait_reason(TaskState(row["state"]), row["last_error"])}
            for row in self._connection.execute(rows).mappings()
        ]

    def record_shop_remaining_data(self, shop: str, request_id: str) -> RemainingShopData:
        """Record that this erasure left the shop's documents. Return what of the shop stays.

        A document that an earlier erasure left keeps the id of that one.
        """
        of_shop = vault_documents.c.shop.in_(self._session.shops.list_keys(shop))
        while self.mark_shop_documents(shop, request_id, limit=DOCUMENTS_PER_STATEMENT):
            pass
        columns = (vault_documents.c.erasable_from, vault_documents.c.grounds)
        groups = select(*columns, func.count().label("documents")).where(of_shop).group_by(*columns)
        rows = self._connection.execute(groups).all()
        days = [row.erasable_from for row in rows]
        return RemainingShopData(
            documents=sum(row.documents for row in rows),
            grounds=tuple(sorted({ground for row in rows for ground in json.loads(row.grounds)})),
            until=None if None in days else max(days, default=None),
            legal_holds=self._count_unended_rows(legal_holds, shop, legal_holds.c.released_at),
            refund_accounts=self._count_unended_rows(refund_accounts, shop, refund_accounts.c.erased_at),
        )

    def mark_shop_documents(self, shop: str, request_id: str, *, limit: int) -> int:
        """Record that this erasure left at most `limit` documents that no earlier one left. Return how many."""
        unmarked = (vault_documents.c.shop.in_(self._session.shops.list_keys(shop)), vault_documents.c.request_id == "")
        ids = list(self._connection.scalars(select(vault_documents.c.id).where(*unmarked).limit(limit)))
        marking = update(vault_documents).where(vault_documents.c.id.in_(ids)).values(request_id=request_id)
        return self._connection.execute(marking).rowcount if ids else 0

    def _count_unended_rows(self, table: Any, shop: str, ended_at: Any) -> int:
        of_shop = table.c.shop.in_(self._session.shops.list_keys(shop))
        rows = select(func.count()).select_from(table).where(of_shop, ended_at.is_(None))
        return self._connection.scalar(rows) or 0

    def delete_shop_documents(self, shop: str, *, limit: int) -> int:
        """Destroy at most `limit` documents of a shop with their keys and read again. Return how many.

        Raises NeedsOperator.
        """
        rows = DocumentRows(self._session)
        return rows.delete_documents([document.id for document in rows.list_documents(shop=shop, limit=limit)])
