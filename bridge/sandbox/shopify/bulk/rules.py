"""The rules of Shopify for the query of a bulk operation, and its error messages.

All functions are pure and examine only the plan of a query.
https://shopify.dev/docs/api/usage/bulk-operations/queries#operation-restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.shopify.engine.plan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.shopify.engine.plan import Field, Plan, Selection

MAX_CONNECTIONS: Final = 5
MAX_DEPTH: Final = 2


def find_query_problems(plan: Plan) -> list[str]:
    """Return Shopify's objections to a bulk query."""
    if plan.is_mutation:
        return ["Invalid operation type. Only `query` operations are supported."]
    errors = [
        f"Bulk queries cannot contain a top level `{one.name}` field."
        for one in list_selected_fields(plan.root)
        if one.name in {"node", "nodes"}
    ]
    found = list(_walk_connections(plan.root, depth=0, within_list=False))
    if not found:
        errors.append("Bulk queries must contain at least one connection.")
    if len(found) > MAX_CONNECTIONS:
        errors.append(f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections.")
    if any(depth > MAX_DEPTH for _, depth, _ in found):
        errors.append(f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_DEPTH}.")
    if any(within_list for _, _, within_list in found):
        errors.append("Queries that contain a connection field within a list field are not currently supported.")
    by_nodes = [f"'{one.name}'" for one, _, _ in found if find_node_field(one) is None]
    if by_nodes:
        errors.append(
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            "'products { edges { node {'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {', '.join(by_nodes)}."
        )
    nameless = [one.name for one, _, _ in found if _lacks_id(one)]
    if nameless:
        errors.append(
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(nameless)}."
        )
    return errors


def list_selected_fields(selection: Selection) -> list[Field]:
    """Return each selected field, of every type."""
    found = {id(one): one for name in selection.possible for one in selection.fields_for(name)}
    return list(found.values())


def _walk_connections(selection: Selection, *, depth: int, within_list: bool) -> Iterator[tuple[Field, int, bool]]:
    """Yield each connection with the number of connections around it (0: outermost), and whether a list is around it."""
    for field in list_selected_fields(selection):
        if field.selection is None:
            continue
        if field.kind is not FieldKind.CONNECTION:
            is_in_list = within_list or field.kind is FieldKind.LIST
            yield from _walk_connections(field.selection, depth=depth, within_list=is_in_list)
            continue
        yield field, depth, within_list
        node = find_node_field(field)
        if node is not None and node.selection is not None:
            yield from _walk_connections(node.selection, depth=depth + 1, within_list=within_list)


def find_node_field(connection: Field) -> Field | None:
    """Return the `node` inside `edges`; None if rows are not selected that way."""
    assert connection.selection is not None  # noqa: S101 - a connection has a selection
    for edges in list_selected_fields(connection.selection):
        if edges.name == "edges" and edges.selection is not None:
            return next((one for one in list_selected_fields(edges.selection) if one.name == "node"), None)
    return None


def _lacks_id(connection: Field) -> bool:
    node = find_node_field(connection)
    if node is None or node.selection is None:
        return False
    nested = next(_walk_connections(node.selection, depth=0, within_list=False), None)
    return nested is not None and not any(one.key == one.name == "id" for one in list_selected_fields(node.selection))
