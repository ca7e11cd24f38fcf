"""Spare: orders that nothing destructive may touch, for the tax books have no copy of their invoice yet."""

from __future__ import annotations

import json
from collections.abc import Iterable

from bridge.model import Action, PrivacyRequest, Task
from bridge.ports import Services, Tx


def keeps_books(services: Services) -> bool:
    """True where the copies are ours to keep; else the merchant's accounts have them, as was attested."""
    return services.retention.vault.mode == "bridge"


def spared(request: PrivacyRequest, tasks: Iterable[Task], *, tx: Tx, services: Services) -> list[str]:
    """Orders of hers that were invoiced, as far as anybody knows, and have no copy.

    None where none of them goes, for her id was merged away. None where nobody has looked: whoever erases sees to it
    that somebody has.
    """
    looks = [task for task in tasks if task.action is Action.SEAL]
    if not keeps_books(services) or not looks or tx.index.merged(request.shop, request.principal):
        return []
    none = {order_id for task in looks if task.cursor for order_id in json.loads(task.cursor)["none"]}
    return without(request, set(tx.index.orders(request.shop, request.principal)) - none, tx)


def without(request: PrivacyRequest, order_ids: Iterable[str], tx: Tx) -> list[str]:
    """Those of the orders that no sealed document stands for."""
    wanted = set(order_ids)
    return sorted(wanted - set(tx.documents.of_orders(request.shop, wanted)))
