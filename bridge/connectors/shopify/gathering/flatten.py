"""Shopify's nodes as plain records: connections become lists, cursors go, values stay.

Pure. Never renames a field: the record speaks Shopify's words, so that the vendor's page explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Hangs below a customer in an answer and is a record of its own, of this kind.
CUSTOMER_RECORD_KINDS = {
    "companyContactProfiles": "company_contact",
    "paymentMethods": "payment_method",
    "storeCreditAccounts": "store_credit_account",
    "subscriptionContracts": "subscription_contract",
}
NESTED_TYPES = (dict, list)
SEPARATE_RECORD_FIELDS = frozenset({"orders", *CUSTOMER_RECORD_KINDS})


def flatten_node(node: dict[str, Any]) -> dict[str, Any]:
    """Make a record of a node. Nulls of the node itself stay (empty is an answer), deeper ones go."""
    return {name: _flatten_value(value) for name, value in node.items() if name not in SEPARATE_RECORD_FIELDS}


def list_truncated_paths(node: Any, path: str) -> list[str]:
    """Paths of the lists that Shopify has more of than the node holds."""
    return list(dict.fromkeys(_iterate_truncated_paths(node, path)))


def list_nodes(connection: Any) -> list[dict[str, Any]]:
    """Take the nodes of a connection or of a plain list, without those that were denied."""
    rows = connection.get("nodes") if isinstance(connection, dict) else connection
    return [node for node in rows or [] if isinstance(node, dict)]


def has_next_page(connection: Any) -> bool:
    """Whether a further page follows."""
    return bool(isinstance(connection, dict) and (connection.get("pageInfo") or {}).get("hasNextPage"))


def read_end_cursor(connection: Any) -> str:
    """Take the cursor that the next page starts after."""
    return (
        str((connection.get("pageInfo") or {}).get("endCursor") or "") if isinstance(connection, dict) else ""
    )


def _iterate_truncated_paths(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _iterate_truncated_paths(one, path)
    elif isinstance(node, dict):
        if has_next_page(node):
            yield path
        for name, value in node.items():
            # most values are leaves: there are a hundred in an order
            if value and isinstance(value, NESTED_TYPES) and name not in SEPARATE_RECORD_FIELDS:
                yield from _iterate_truncated_paths(value, path if name == "nodes" else f"{path}.{name}")


def _flatten_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_flatten_value(one) for one in value if one is not None]
    if isinstance(value, dict):
        if "nodes" in value:
            return _flatten_value(value["nodes"] or [])
        return {name: _flatten_value(one) for name, one in value.items() if one is not None}
    return value
