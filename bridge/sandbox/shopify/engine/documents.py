"""The documents of the stand-in: parsed and validated once, planned once for each set of switches.

Validation of a long document takes longer than its execution; equal texts are therefore validated once per process.
Errors have Shopify's form.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from graphql.language import print_ast

from bridge.sandbox.schema import load_schema
from bridge.sandbox.shopify.engine.plan import Plan, compile_plan, list_switch_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode

Errors = list[dict[str, Any]]
MAX_CACHED_DOCUMENTS = 500
MAX_INPUT_ITEMS = 250
GID_PATTERN = re.compile(r"gid://shopify/\w+/[\w-]+(\?.*)?|\d+")
ERROR_CODES = (
    (re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"), "undefinedField"),
    (re.compile(r"Unknown argument '(\w+)'"), "argumentNotAccepted"),
    (re.compile(r"Unknown type '(\w+)'"), "undefinedType"),
    (re.compile(r"argument '(\w+)' of type '.+' is required"), "missingRequiredArguments"),
    (re.compile(r"Variable '\$(\w+)' is not defined"), "variableNotDefined"),
    (re.compile(r"Variable '\$(\w+)' is never used"), "variableNotUsed"),
    (re.compile(r"Fragment '(\w+)' is never used"), "useAndDefineFragment"),
    (re.compile(r"must have a selection of subfields"), "selectionMismatch"),
    (re.compile(r"must not have a selection"), "selectionMismatch"),
    (re.compile(r"cannot represent|found invalid value|Expected"), "argumentLiteralsIncompatible"),
)


class GraphqlDocument:
    """One text under one version: its errors, or its operations and their plans."""

    def __init__(self, version: str, text: str) -> None:
        """Parse and validate the text."""
        self.schema = load_schema(version)
        self.errors: Errors = []
        self._plans: dict[tuple[str, tuple[bool, ...]], Plan] = {}
        self._declared_types: dict[str, list[tuple[str, str]]] = {}
        self._document: DocumentNode | None = None
        try:
            self._document = parse(text)
        except GraphQLSyntaxError as fault:
            self.errors = [_format_graphql_error(fault, "")]
            return
        except RecursionError:
            self.errors = [{"message": "Query is too deeply nested"}]
            return
        self.errors = [
            _format_graphql_error(fault, _find_error_code(fault.message))
            for fault in validate(self.schema, self._document)
        ]
        self._switch_variables = list_switch_variables(self._document)

    def find_operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation of that name, or the only one."""
        assert self._document is not None  # noqa: S101 - asked for only where there are no errors
        found = [one for one in self._document.definitions if isinstance(one, OperationDefinitionNode)]
        if name:
            return next((one for one in found if one.name and one.name.value == name), None)
        return found[0] if len(found) == 1 else None

    def coerce_variables(
        self, operation: OperationDefinitionNode, raw_variables: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Errors]:
        """Return the coerced variables. Ids must be global ids, as at Shopify."""
        coerced = get_variable_values(self.schema, operation.variable_definitions, dict(raw_variables), max_errors=5)
        if isinstance(coerced, list):
            return {}, [_format_graphql_error(fault, "INVALID_VARIABLE") for fault in coerced]
        for name, kind in self._list_declared_variables(operation):
            values = coerced.get(name)
            if isinstance(values, list) and len(values) > MAX_INPUT_ITEMS:
                message = (
                    f"The input array size of {len(values)} is greater than the maximum allowed of {MAX_INPUT_ITEMS}."
                )
                return {}, [{"message": message, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}]
            for value in values if isinstance(values, list) else [values]:
                if kind.strip("[]!") == "ID" and value is not None and not GID_PATTERN.fullmatch(value):
                    message = f"Variable ${name} of type {kind} was provided invalid value"
                    problem = {"path": [], "explanation": f"Invalid global id '{value}'"}
                    about = {"code": "INVALID_VARIABLE", "problems": [problem]}
                    return {}, [{"message": message, "extensions": about}]
        return coerced, []

    def _list_declared_variables(self, operation: OperationDefinitionNode) -> list[tuple[str, str]]:
        """Return the variables and their types as text."""
        of = operation.name.value if operation.name else ""
        if of not in self._declared_types:
            self._declared_types[of] = [
                (one.variable.name.value, print_ast(one.type)) for one in operation.variable_definitions
            ]
        return self._declared_types[of]

    def get_plan(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Plan:
        """Return the plan for these switches, compiled once."""
        assert self._document is not None  # noqa: S101 - as above
        name = operation.name.value if operation.name else ""
        key = (name, tuple(bool(variables.get(one)) for one in self._switch_variables))
        found = self._plans.get(key)
        if found is None:
            found = compile_plan(self.schema, self._document, operation, variables)
            self._plans[key] = found
        return found


class DocumentCache:
    """Documents by version and text; the oldest is dropped first."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._lock = threading.Lock()
        self._documents: dict[tuple[str, str], GraphqlDocument] = {}

    def get_document(self, version: str, text: str) -> GraphqlDocument:
        """Return a document, validated once."""
        found = self._documents.get((version, text))
        if found is None:
            with self._lock:  # two threads that validate the same long text would take twice as long
                found = self._documents.get((version, text)) or GraphqlDocument(version, text)
                self._documents[version, text] = found
                if len(self._documents) > MAX_CACHED_DOCUMENTS:
                    del self._documents[next(iter(self._documents))]
        return found


DOCUMENT_CACHE = DocumentCache()  # of all stand-ins of the process: a text means the same to each


def _find_error_code(message: str) -> str:
    return next((code for words, code in ERROR_CODES if words.search(message)), "invalid")


def _format_graphql_error(error: GraphQLError, code: str) -> dict[str, Any]:
    message = error.message
    if code == "undefinedField" and (hit := ERROR_CODES[0][0].search(message)):
        message = f"Field '{hit[1]}' doesn't exist on type '{hit[2]}'"
    shaped: dict[str, Any] = {"message": message}
    if error.locations:
        shaped["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if code:
        shaped["extensions"] = {"code": code}
    return shaped
