"""Compile a GraphQL operation once into a plan, which is then executed over dicts without the schema.

It knows the schema and the document, not the shop. The plan depends on the operation and on the variables
of its @include and @skip only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from bridge.sandbox.shopify.access import list_required_scopes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DirectiveNode, DocumentNode, GraphQLField

DEFAULT_TIME = "2026-01-01T00:00:00Z"
DEFAULT_SCALARS: dict[str, Any] = {
    "Boolean": False,
    "Int": 0,
    "Float": 0.0,
    "UnsignedInt64": "0",
    "BigInt": "0",
    "Decimal": "0.0",
    "Money": "0.0",
    "DateTime": DEFAULT_TIME,
    "Date": DEFAULT_TIME[:10],
    "URL": "https://example.com/",
    "JSON": {},
}


class FieldKind(IntEnum):
    """The way in which the value of a field is built."""

    LEAF = 0
    OBJECT = 1
    LIST = 2
    CONNECTION = 3
    TYPENAME = 4


@dataclass(slots=True, eq=False)
class Field:
    """One field of a plan, with its facts from the schema."""

    key: str
    name: str
    parent: str
    kind: FieldKind
    node: FieldNode
    definition: GraphQLField | None
    type_name: str
    non_null: bool
    item_non_null: bool
    default: Any
    scopes: tuple[str, ...]
    is_sized: bool
    selection: Selection | None


class Selection:
    """The fields that are selected for one object, by its concrete type."""

    __slots__ = ("_compiler", "_fields", "_sets", "possible", "type_name")

    def __init__(self, compiler: _Compiler, named: GraphQLNamedType, sets: tuple[SelectionSetNode, ...]) -> None:
        """Prepare the selection; each type is compiled when an object of it occurs."""
        self._compiler = compiler
        self._sets = sets
        self._fields: dict[str, tuple[Field, ...]] = {}
        abstract = isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
        self.type_name = "" if abstract else named.name
        self.possible = compiler.list_mentioned_types(named, sets) if abstract else (named.name,)

    def has_type(self, type_name: str) -> bool:
        """Return whether the schema has that type."""
        return type_name in self._fields or type_name in self._compiler.schema.type_map

    def fields_for(self, type_name: str) -> tuple[Field, ...]:
        """Return the selected fields for an object of this type."""
        fields = self._fields.get(type_name)
        if fields is None:
            fields = self._fields[type_name] = self._compiler.compile_fields(type_name, self._sets)
        return fields


@dataclass(slots=True)
class Plan:
    """One operation, ready for execution."""

    root: Selection
    is_mutation: bool


def list_switch_variables(document: DocumentNode) -> tuple[str, ...]:
    """Return the names of the variables that @include and @skip use anywhere in the document."""
    found: set[str] = set()
    pending: list[Any] = list(document.definitions)
    while pending:
        node = pending.pop()
        for directive in node.directives or ():
            for argument in directive.arguments:
                if isinstance(argument.value, VariableNode):
                    found.add(argument.value.name.value)
        inner = getattr(node, "selection_set", None)
        pending += inner.selections if inner else ()
    return tuple(sorted(found))


def compile_plan(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Plan:
    """Return the plan of one operation of a validated document."""
    mutation = operation.operation is OperationType.MUTATION
    root = schema.mutation_type if mutation else schema.query_type
    assert root is not None  # noqa: S101 - both are in every cut
    compiler = _Compiler(schema, document, variables)
    return Plan(root=Selection(compiler, root, (operation.selection_set,)), is_mutation=mutation)


class _Compiler:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self._variables = variables
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def compile_fields(self, type_name: str, sets: tuple[SelectionSetNode, ...]) -> tuple[Field, ...]:
        grouped: dict[str, list[FieldNode]] = {}
        for one in sets:
            self._collect_fields(type_name, one, grouped)
        parent = self.schema.type_map[type_name]
        return tuple(self._compile_field(parent, key, nodes) for key, nodes in grouped.items())

    def list_mentioned_types(self, named: Any, sets: tuple[SelectionSetNode, ...]) -> tuple[str, ...]:
        """Return the concrete types that a selection names; one for all if it names none."""
        found: dict[str, None] = {}
        pending = [one for selection_set in sets for one in selection_set.selections]
        while pending:
            node: Any = pending.pop()
            if isinstance(node, FieldNode):
                continue
            body = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            pending += body.selection_set.selections
            if body.type_condition and isinstance(
                self.schema.type_map[body.type_condition.name.value], GraphQLObjectType
            ):
                found[body.type_condition.name.value] = None
        first = self.schema.get_possible_types(named)[0].name
        return tuple(found) or (first,)

    def _collect_fields(
        self, type_name: str, selection_set: SelectionSetNode, grouped: dict[str, list[FieldNode]]
    ) -> None:
        for node in selection_set.selections:
            if not self._is_included(node.directives):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                grouped.setdefault(key, []).append(node)
                continue
            body: Any = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if body.type_condition is None or self._is_type_match(type_name, body.type_condition.name.value):
                self._collect_fields(type_name, body.selection_set, grouped)

    def _is_type_match(self, type_name: str, condition: str) -> bool:
        if type_name == condition:
            return True
        abstract, concrete = self.schema.type_map.get(condition), self.schema.type_map[type_name]
        return isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType) and self.schema.is_sub_type(
            abstract, concrete
        )

    def _is_included(self, directives: tuple[DirectiveNode, ...]) -> bool:
        for directive in directives:
            value: Any = directive.arguments[0].value if directive.arguments else None
            default_value = self._variables.get(value.name.value) if isinstance(value, VariableNode) else value.value
            if directive.name.value == "include" and not default_value:
                return False
            if directive.name.value == "skip" and default_value:
                return False
        return True

    def _compile_field(self, parent: Any, key: str, nodes: list[FieldNode]) -> Field:
        node = nodes[0]
        name = node.name.value
        if name == "__typename":
            return Field(
                key=key,
                name=name,
                parent=parent.name,
                kind=FieldKind.TYPENAME,
                node=node,
                definition=None,
                type_name="String",
                non_null=True,
                item_non_null=False,
                default=None,
                scopes=(),
                is_sized=False,
                selection=None,
            )
        definition: GraphQLField = parent.fields[name]
        outer: Any = definition.type
        non_null = is_non_null_type(outer)
        inner: Any = outer.of_type if is_non_null_type(outer) else outer
        named = get_named_type(outer)
        is_list = is_list_type(inner)
        leaf = is_leaf_type(named)
        if leaf:
            kind = FieldKind.LEAF
        elif is_list:
            kind = FieldKind.LIST
        else:
            kind = FieldKind.CONNECTION if named.name.endswith("Connection") else FieldKind.OBJECT
        sets = tuple(one.selection_set for one in nodes if one.selection_set)
        return Field(
            key=key,
            name=name,
            parent=parent.name,
            kind=kind,
            node=node,
            definition=definition,
            type_name=named.name,
            non_null=non_null,
            item_non_null=is_list and is_non_null_type(inner.of_type),
            default=self._choose_default(named, is_list=is_list, kind=kind, non_null=non_null),
            scopes=list_required_scopes(named.name),
            is_sized="first" in definition.args,
            selection=None if leaf else Selection(self, named, sets),
        )

    def _choose_default(self, named: GraphQLNamedType, *, is_list: bool, kind: FieldKind, non_null: bool) -> Any:
        """Return the answer of an invented shop that has no value."""
        if is_list or kind is FieldKind.CONNECTION:
            return []
        if not non_null:
            return None
        if isinstance(named, GraphQLEnumType):
            return next(iter(named.values))
        if isinstance(named, GraphQLObjectType):
            return {"__typename": named.name}
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return {"__typename": self.schema.get_possible_types(named)[0].name}
        return f"gid://shopify/{named.name}/0" if named.name == "ID" else DEFAULT_SCALARS.get(named.name, "")
