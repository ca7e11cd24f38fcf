"""Converts Shopify's nodes to plain records: connections become lists, cursors are dropped, values stay.

Sends nothing. Never renames a field, so that Shopify's documentation explains the record.
"""

from __future__ import annotations

from typing import Any

from bridge.connectors.shopify.api.reply_data import HIDDEN_OWNER

# The fields of a customer that contain records of their own, and the kind of each.
CUSTOMER_RECORD_KINDS = {
    "companyContactProfiles": "company_contact",
    "paymentMethods": "payment_method",
    "storeCreditAccounts": "store_credit_account",
    "subscriptionContracts": "subscription_contract",
}
NESTED_TYPES = (dict, list)
SEPARATE_RECORD_FIELDS = frozenset({"orders", *CUSTOMER_RECORD_KINDS})


def flatten_node(node: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a node. Nulls of the node itself stay (empty is information), nested ones are dropped."""
    return {name: _flatten_value(value) for name, value in node.items() if name not in SEPARATE_RECORD_FIELDS}


def list_truncated_paths(node: Any, path: str) -> list[str]:
    """Return the paths of the lists in the node that are incomplete."""
    found: dict[str, None] = {}
    _collect_truncated_paths(node, path, found)
    return list(found)


def list_nodes(connection: Any) -> list[dict[str, Any]]:
    """Return the nodes of a connection or plain list, without denied ones."""
    rows = connection.get("nodes") if isinstance(connection, dict) else connection
    return [node for node in rows or [] if isinstance(node, dict)]


def has_next_page(connection: Any) -> bool:
    """Return whether another page follows."""
    page_info = connection.get("pageInfo") if isinstance(connection, dict) else None
    return bool(page_info and page_info.get("hasNextPage"))


def read_end_cursor(connection: Any) -> str:
    """Return the cursor after which the next page starts."""
    return str((connection.get("pageInfo") or {}).get("endCursor") or "") if isinstance(connection, dict) else ""


def _collect_truncated_paths(node: Any, path: str, found: dict[str, None]) -> None:
    if isinstance(node, list):
        for one in node:
            if isinstance(one, NESTED_TYPES):
                _collect_truncated_paths(one, path, found)
    elif isinstance(node, dict):
        if has_next_page(node):
            found[path] = None
        for name, value in node.items():
            # an order has about a hundred values, most of them leaves: skip these quickly
            if value and isinstance(value, NESTED_TYPES) and name not in SEPARATE_RECORD_FIELDS:
                _collect_truncated_paths(value, path if name == "nodes" else f"{path}.{name}", found)


def _flatten_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_flatten_value(one) for one in value if one is not None]
    if value is HIDDEN_OWNER:
        return None
    if isinstance(value, dict):
        if "nodes" in value:
            return _flatten_value(value["nodes"] or [])
        return {name: _flatten_value(one) for name, one in value.items() if one is not None}
    return value
