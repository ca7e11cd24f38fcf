"""Reads which orders and parcels an erasure is about. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bridge.model import (
    EraseProgress,
    IndexedOrder,
    Principal,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    Waybill,
    get_progress,
)

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureScope:
    """The orders, by id, and the parcels that the index knows: none where the customer was merged into another.

    `order_ids` are those that still have to be erased: none once the erasure is done, for an order that was placed
    since is a new contract.
    """

    principal: Principal
    is_merged: bool = False
    orders: Mapping[str, IndexedOrder] = field(default_factory=dict)
    parcels: Sequence[Waybill] = ()
    order_ids: AbstractSet[str] = frozenset()


def _limit_principal(principal: Principal, progress: EraseProgress) -> Principal:
    """Return what the next run erases: after a first one, the customer where it stayed, and the orders that stayed."""
    if not progress.is_customer_kept and progress.excluded_order_ids:
        return Principal(order_ids=progress.excluded_order_ids)
    if not progress.is_customer_kept and not progress.began_at:
        return principal
    cutoffs = [time for time in (principal.cutoff_at, progress.began_at) if time]
    return replace(principal, order_ids=progress.excluded_order_ids, cutoff_at=min(cutoffs, default=None))


def read_erasure_scope(request: PrivacyRequest, tasks: Iterable[Task], tx: Tx) -> ErasureScope:
    """Return the scope as the index is now: the data subject's, after a first run that of the excluded orders."""
    own = next((task for task in tasks if task.action is TaskAction.ERASE), None)
    progress = get_progress(own, EraseProgress) if own else EraseProgress()
    principal = _limit_principal(request.principal, progress)
    if tx.person_lookup.is_merged(request.shop, principal):
        return ErasureScope(principal=principal, is_merged=True)
    rows = tx.person_lookup.list_order_rows(request.shop, principal)
    orders = tx.index.read_orders(rows)
    is_done = own is not None and own.state is TaskState.DONE
    return ErasureScope(
        principal=principal,
        orders=orders,
        parcels=tx.index.list_parcels_of_rows(request.shop, rows),
        order_ids=frozenset() if is_done else frozenset(orders),
    )
