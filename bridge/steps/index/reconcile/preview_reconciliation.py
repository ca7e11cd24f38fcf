"""Say what a reconciliation would find, and change nothing: each page is compared, filled in, and undone."""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import ConnectorRefused
from bridge.model import HoleCounts, OrderReach, OrderSelection
from bridge.ports import ListsOrders
from bridge.rules.index.reconcile import choose_since
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.index.reconcile.fill_holes import fill_page
from bridge.steps.index.reconcile.run_reconciliation import NOT_LISTED, read_hole_limits


def preview_reconciliation(
    shop: str, selection: OrderSelection, *, services: Services, report: Callable[[HoleCounts], None]
) -> HoleCounts:
    """Return what would be found at a shop, by its key. `report` is given the counts after each page.

    Raises as `ListsOrders.read_changed_orders`, StoreUnavailable.
    """
    limits, counts = read_hole_limits(shop, services=services), HoleCounts()
    for page in _get_order_source(services).read_changed_orders(selection, shop=shop, skips_failed=True):
        with services.store.transaction() as tx, tx.open_savepoint() as undo:
            counts = counts.add(fill_page(shop, page, limits, tx=tx, services=services))
            undo()
        report(counts)
    return counts


def read_reach(shop: str, selection: OrderSelection, *, services: Services) -> OrderReach:
    """Return how many orders the platform has in this selection. Raises as `ListsOrders.read_order_reach`."""
    return _get_order_source(services).read_order_reach(selection, shop=shop)


def build_selection(shop: str, *, services: Services) -> OrderSelection:
    """Return the changes that the next reconciliation of a shop compares. Raises StoreUnavailable."""
    now = services.clock.now()
    with services.store.read() as tx:
        return OrderSelection(since=choose_since(tx.reconciliations.list_completed_spans(shop), now), until=now)


def _get_order_source(services: Services) -> ListsOrders:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, ListsOrders):
        raise ConnectorRefused(NOT_LISTED)
    return platform
