"""Decides which rows of an erased data subject stay in a restored backup: those that the erasure itself would keep today.

Opens the request that goes on with them where the backup does not know it. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, SealBroken
from bridge.model import (
    ORDER_FIELD,
    EraseProgress,
    IndexedOrder,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
    TaskAction,
    Tombstone,
    Waybill,
)
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.rules.retention.category_retention import combine_retentions
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import read_subject_retention
from bridge.steps.erasure.orders_without_invoice_copy import filter_orders_without_invoice, has_bridge_vault
from bridge.steps.erasure.scope import ErasureScope
from bridge.steps.new_tasks import build_task
from bridge.steps.requests.open_or_join import record_opening

if TYPE_CHECKING:
    from bridge.store import Tx

LEDGER_BASIS = "ledger"  # when the request came is not known: when its erasure left its first key


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredRows:
    """What came back of one erasure, and what of it stays: a hold keeps it, or its invoice copy is missing.

    `grounds` are the ids of the holds. Nothing stays of what cannot be read any more.
    """

    orders: Mapping[str, IndexedOrder] = field(default_factory=dict)
    parcels: Sequence[Waybill] = ()
    excluded_order_ids: tuple[str, ...] = ()
    is_customer_kept: bool = False
    grounds: tuple[str, ...] = ()

    @property
    def has_kept_rows(self) -> bool:
        """Return whether anything stays."""
        return bool(self.excluded_order_ids or self.is_customer_kept)


def find_known_request(request_id: str, tx: Tx) -> PrivacyRequest | None:
    """Return the request; None where the backup does not know it, or its key is gone."""
    with suppress(KeyMissing, SealBroken):
        return tx.requests.get_request(request_id)
    return None


def build_ledger_request(tombstones: Sequence[Tombstone], tx: Tx, services: Services) -> PrivacyRequest:
    """Return the request of this erasure as the ledger knows it: by keys, and from its first key on."""
    shop, first = tombstones[0].shop, min(tombstone.erased_at for tombstone in tombstones)
    principal = Principal(
        pseudonyms=tuple(sorted({(tombstone.field, tombstone.key) for tombstone in tombstones})),
        cutoff_at=max(tombstone.erased_at for tombstone in tombstones),
    )
    clocks = compute_clocks(received_at=first, webhook_received_at=None, rules=services.merchant.clocks)
    named = principal.list_pseudonyms(ORDER_FIELD)
    return PrivacyRequest(
        id=services.store.new_id("req"),
        shop=shop,
        kind=RequestKind.ERASURE,
        source=RequestSource.LEDGER,
        state=RequestState.IN_PROGRESS,
        subject=tx.person_lookup.find_subject(shop, principal) or (named[0] if named else ""),
        principal=principal,
        received_at=first,
        received_at_basis=LEDGER_BASIS,
        webhook_received_at=None,
        **clocks.build_request_values(),
        policy_sha256=services.merchant.policy_sha256,
        retention_sha256=services.retention.sha256,
        closed_at=first,  # the data subject was answered before the backup was restored, as far as anybody knows
    )


def read_restored_rows(
    request: PrivacyRequest, tombstones: Sequence[Tombstone], *, tx: Tx, services: Services
) -> RestoredRows:
    """Return what these keys would erase, and what of it stays by the erasure's own rule today."""
    shop = tombstones[0].shop
    with suppress(KeyMissing, SealBroken):
        orders, parcels = tx.erasure_reapplier.list_rows_by_tombstones(shop, tombstones)
        keys = tuple((tombstone.field, tombstone.key) for tombstone in tombstones)
        principal = Principal(pseudonyms=keys)
        scope = ErasureScope(principal=principal, orders=orders, parcels=parcels)
        retention = read_subject_retention(request, scope, tx=tx, services=services)
        held = retention.find_held_orders(orders)
        held_customer = retention.calculate_customer_hold(held)
        uncopied = _find_orders_without_copy(shop, orders, keys, tx, services)
        return RestoredRows(
            orders=orders,
            parcels=parcels,
            excluded_order_ids=tuple(sorted({*held, *uncopied})),
            is_customer_kept=bool(held_customer.holds),
            grounds=combine_retentions([held_customer, *held.values()]).grounds,
        )
    return RestoredRows()


def _find_orders_without_copy(
    shop: str, orders: Mapping[str, IndexedOrder], keys: Sequence[tuple[str, str]], tx: Tx, services: Services
) -> list[str]:
    """Return the orders that the erasure left because they have no invoice copy: no key names them."""
    if not has_bridge_vault(services):
        return []
    order_ids = tx.legal_holds.map_order_keys(shop, orders)
    erased = {order_ids[key] for name, key in keys if name == ORDER_FIELD and key in order_ids}
    return filter_orders_without_invoice(shop, orders.keys() - erased, tx)


def open_ledger_request(
    request: PrivacyRequest, rows: RestoredRows, removed: Mapping[str, int], actor: str, *, tx: Tx, services: Services
) -> PrivacyRequest:
    """Open the request that erases what stays once nothing keeps it. Return it. Writes evidence."""
    principal = replace(request.principal, order_ids=rows.excluded_order_ids)
    request = replace(request, principal=principal)
    progress = EraseProgress(
        removed_rows=removed,
        excluded_order_ids=rows.excluded_order_ids,
        is_customer_kept=rows.is_customer_kept,
        began_at=principal.cutoff_at if rows.is_customer_kept else None,
    )
    task = build_task(request.id, BRIDGE, TaskAction.ERASE, services, progress=progress)
    tx.requests.open_request(request, idempotency_key=request.id, tasks=[task])
    record_opening(request, {}, actor, tx=tx, services=services)
    return request
