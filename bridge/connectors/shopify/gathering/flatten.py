"""Shopify's nodes as plain records: connections become lists, cursors go, values stay.

Pure. Never renames a field: the record speaks Shopify's words, so that the vendor's page explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Hangs below a customer in an answer and is a record of its own, of this kind.
OWN = {
    "companyContactProfiles": "company_contact",
    "paymentMethods": "payment_method",
    "storeCreditAccounts": "store_credit_account",
    "subscriptionContracts": "subscription_contract",
}
NESTS = (dict, list)
ELSEWHERE = frozenset({"orders", *OWN})


def record(node: dict[str, Any]) -> dict[str, Any]:
    """Make a record of a node. Nulls of the node itself stay (empty is an answer), deeper ones go."""
    return {name: _plain(value) for name, value in node.items() if name not in ELSEWHERE}


def cut_short(node: Any, path: str) -> list[str]:
    """Paths of the lists that Shopify has more of than the node holds."""
    return list(dict.fromkeys(_cuts(node, path)))


def nodes(connection: Any) -> list[dict[str, Any]]:
    """Take the nodes of a connection or of a plain list, without those that were denied."""
    rows = connection.get("nodes") if isinstance(connection, dict) else connection
    return [node for node in rows or [] if isinstance(node, dict)]


def has_more(connection: Any) -> bool:
    """Whether a further page follows."""
    return bool(isinstance(connection, dict) and (connection.get("pageInfo") or {}).get("hasNextPage"))


def end_of(connection: Any) -> str:
    """Take the cursor that the next page starts after."""
    return (
        str((connection.get("pageInfo") or {}).get("endCursor") or "") if isinstance(connection, dict) else ""
    )


def _cuts(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _cuts(one, path)
    elif isinstance(node, dict):
        if has_more(node):
            yield path
        for name, value in node.items():
            # most values are leaves: there are a hundred in an order
            if value and isinstance(value, NESTS) and name not in ELSEWHERE:
                yield from _cuts(value, path if name == "nodes" else f"{path}.{name}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value if one is not None]
    if isinstance(value, dict):
        if "nodes" in value:
            return _plain(value["nodes"] or [])
        return {name: _plain(one) for name, one in value.items() if one is not None}
    return value
