"""Documents as the stand-in keeps them: parsed and validated once, planned once for each set of switches.

Validation of a long document takes longer than answering it; equal texts are therefore judged once a process.
Errors are given in Shopify's shape.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from graphql.language import print_ast

from bridge.sandbox.schema import load
from bridge.sandbox.shopify.engine.plan import Plan, compile_plan, switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode

Errors = list[dict[str, Any]]
KEPT = 500
MAX_INPUT = 250
GID = re.compile(r"gid://shopify/\w+/[\w-]+(\?.*)?|\d+")
CODES = (
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


class Document:
    """One text under one version: its errors, or its operations and their plans."""

    def __init__(self, version: str, text: str) -> None:
        """Parse and validate; nothing is planned yet."""
        self.schema = load(version)
        self.errors: Errors = []
        self._plans: dict[tuple[str, tuple[bool, ...]], Plan] = {}
        self._kinds: dict[str, list[tuple[str, str]]] = {}
        self._document: DocumentNode | None = None
        try:
            self._document = parse(text)
        except GraphQLSyntaxError as fault:
            self.errors = [_shape(fault, "")]
            return
        except RecursionError:
            self.errors = [{"message": "Query is too deeply nested"}]
            return
        self.errors = [_shape(fault, _code(fault.message)) for fault in validate(self.schema, self._document)]
        self._switches = switches(self._document)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Give the operation of that name, or the only one."""
        assert self._document is not None  # noqa: S101 - asked for only where there are no errors
        found = [one for one in self._document.definitions if isinstance(one, OperationDefinitionNode)]
        if name:
            return next((one for one in found if one.name and one.name.value == name), None)
        return found[0] if len(found) == 1 else None

    def variables(
        self, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Errors]:
        """Coerce the variables. Ids must be global ids, as Shopify insists."""
        coerced = get_variable_values(self.schema, operation.variable_definitions, dict(given), max_errors=5)
        if isinstance(coerced, list):
            return {}, [_shape(fault, "INVALID_VARIABLE") for fault in coerced]
        for name, kind in self._declared(operation):
            values = coerced.get(name)
            if isinstance(values, list) and len(values) > MAX_INPUT:
                message = f"The input array size of {len(values)} is greater than the maximum allowed of {MAX_INPUT}."
                return {}, [{"message": message, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}]
            for value in values if isinstance(values, list) else [values]:
                if kind.strip("[]!") == "ID" and value is not None and not GID.fullmatch(value):
                    message = f"Variable ${name} of type {kind} was provided invalid value"
                    problem = {"path": [], "explanation": f"Invalid global id '{value}'"}
                    about = {"code": "INVALID_VARIABLE", "problems": [problem]}
                    return {}, [{"message": message, "extensions": about}]
        return coerced, []

    def _declared(self, operation: OperationDefinitionNode) -> list[tuple[str, str]]:
        """Name the variables and their types, written out once."""
        of = operation.name.value if operation.name else ""
        if of not in self._kinds:
            self._kinds[of] = [
                (one.variable.name.value, print_ast(one.type)) for one in operation.variable_definitions
            ]
        return self._kinds[of]

    def plan(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Plan:
        """Give the plan for these switches, made once."""
        assert self._document is not None  # noqa: S101 - as above
        name = operation.name.value if operation.name else ""
        key = (name, tuple(bool(variables.get(one)) for one in self._switches))
        found = self._plans.get(key)
        if found is None:
            found = compile_plan(self.schema, self._document, operation, variables)
            self._plans[key] = found
        return found


class Library:
    """Documents by version and text, the oldest dropped first."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], Document] = {}

    def get(self, version: str, text: str) -> Document:
        """Give a document, judged once."""
        found = self._kept.get((version, text))
        if found is None:
            with self._lock:  # two threads judging the same long text would take twice as long
                found = self._kept.get((version, text)) or Document(version, text)
                self._kept[version, text] = found
                if len(self._kept) > KEPT:
                    del self._kept[next(iter(self._kept))]
        return found


def _code(message: str) -> str:
    return next((code for words, code in CODES if words.search(message)), "invalid")


def _shape(fault: GraphQLError, code: str) -> dict[str, Any]:
    message = fault.message
    if code == "undefinedField" and (hit := CODES[0][0].search(message)):
        message = f"Field '{hit[1]}' doesn't exist on type '{hit[2]}'"
    shaped: dict[str, Any] = {"message": message}
    if fault.locations:
        shaped["locations"] = [{"line": one.line, "column": one.column} for one in fault.locations]
    if code:
        shaped["extensions"] = {"code": code}
    return shaped
