"""Reads our own GraphQL documents: which field stands at a path of an answer, and the document without some fields.

A denied field that may not be null takes its parents with it. It is removed from the document, and only that field is lost.
A field is named by its definition and its path in there (`OrderFields:statusPageUrl`), so that it is known in every document
that spreads the fragment. Knows the grammar that our documents use, no more. Sends nothing.
https://spec.graphql.org/October2021/#sec-Selection-Sets
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

_TOKEN = re.compile(r"\.\.\.|\"(?:[^\"\\]|\\.)*\"|[$@]?\w+|-?\d+|[^\s,]")
_VARIABLE_NAME = re.compile(r"\$(\w+)")
Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A field (`key` is its name in the answer), a spread of a fragment, or an inline fragment.

    `head` is its text before the selections, `arguments` the values of its arguments, `flag` the variable of @include.
    """

    head: str
    key: str = ""
    fragment: str = ""
    arguments: Mapping[str, str]
    flag: str = ""
    selections: tuple[Selection, ...] = ()
    type_name: str = ""

    @property
    def is_connection(self) -> bool:
        """Return whether the field is a list that says whether it goes on."""
        return any(one.key in ("nodes", "edges") for one in self.selections)

    def shrink_literal(self, shrink: int) -> int:
        """Return the literal size, halved so many times if the answer shows that the list goes on."""
        size = int(self.arguments["first"])
        return max(1, size >> shrink) if any(one.key == "pageInfo" for one in self.selections) else size

    def write_head(self, shrink: int) -> str:
        """Return the text before the selections with the shrunk size."""
        literal = self.arguments.get("first", "")
        if not shrink or not literal.isdecimal():
            return self.head
        return self.head.replace(f"first: {literal}", f"first: {self.shrink_literal(shrink)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldUse:
    """A field of an answer: its path, where it is written, and the variables that must all be true for it."""

    path: Path
    location: str
    flags: frozenset[str]
    selection: Selection


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ParsedDocument:
    """An operation with its variables (name: declaration), and the fragments that it spreads."""

    head: str
    name: str
    variables: Mapping[str, str]
    selections: tuple[Selection, ...]
    fragments: Mapping[str, tuple[str, tuple[Selection, ...]]]

    def iterate_fields(self) -> Iterator[FieldUse]:
        """Yield every field of an answer, parents first."""
        yield from self._walk(self.selections, self.name, (), (), frozenset())

    def _walk(
        self, selections: Sequence[Selection], definition: str, path: Path, inner: Path, flags: frozenset[str]
    ) -> Iterator[FieldUse]:
        for one in selections:
            own_flags = flags | {one.flag} if one.flag else flags
            if one.fragment:
                yield from self._walk(self.fragments[one.fragment][1], one.fragment, path, (), own_flags)
                continue
            if not one.key:
                yield from self._walk(one.selections, definition, path, inner, own_flags)
                continue
            field_path, field_inner = (*path, one.key), (*inner, one.key)
            location = f"{definition}:{'.'.join(field_inner)}"
            yield FieldUse(path=field_path, location=location, flags=own_flags, selection=one)
            yield from self._walk(one.selections, definition, field_path, field_inner, own_flags)

    def render(self, removed: frozenset[str], shrink: int = 0) -> str:
        """Return the text without the removed fields, and what only they need; '' if no field is left.

        The sizes of lists are halved `shrink` times where the answer shows that a list goes on.
        """
        return self._render(self.selections, self.name, self.head, self.variables, removed, shrink)

    def render_node(self, path: Path, node_length: int, type_name: str, removed: frozenset[str]) -> str:
        """Return a query for one field of one node; '' if it has none.

        `path` leads to the field, its first `node_length` parts to the node.
        """
        body = self._keep_only(self.selections, path)
        for key in path[:node_length]:
            body = tuple(inner for one in body if one.key == key for inner in one.selections)
        inline = Selection(head=f"... on {type_name}", arguments={}, selections=body, type_name=type_name)
        node = Selection(head="node(id: $nodeId)", key="node", arguments={}, selections=(inline,))
        variables = {**self.variables, "nodeId": "$nodeId: ID!"}
        return self._render((node,), self.name, f"query {self.name}Node", variables, removed)

    def _keep_only(self, selections: Sequence[Selection], path: Path) -> tuple[Selection, ...]:
        """Return the selections that lead to the path, with the fragments on the way written out."""
        kept: list[Selection] = []
        for one in selections:
            if one.fragment:
                type_name, inner = self.fragments[one.fragment]
                body = self._keep_only(inner, path)
                head = f"... on {type_name}{f' @include(if: ${one.flag})' if one.flag else ''}"
                kept += [replace(one, head=head, fragment="", selections=body, type_name=type_name)] if body else []
            elif not one.key:
                body = self._keep_only(one.selections, path)
                kept += [replace(one, selections=body)] if body else []
            elif one.key == path[0]:
                body = self._keep_only(one.selections, path[1:]) if len(path) > 1 else one.selections
                kept += [replace(one, selections=body)] if body or len(path) == 1 else []
        flat = [inner for one in kept for inner in ([one] if one.key or one.flag else one.selections)]
        return tuple(flat)

    def _render(
        self,
        selections: tuple[Selection, ...],
        name: str,
        head: str,
        variables: Mapping[str, str],
        removed: frozenset[str],
        shrink: int = 0,
    ) -> str:
        bodies: dict[str, str] = {}

        def write_fragment(fragment: str) -> str:
            if fragment not in bodies:
                bodies[fragment] = ""
                bodies[fragment] = _write(self.fragments[fragment][1], fragment, (), removed, write_fragment, shrink)
            return bodies[fragment]

        body = _write(selections, name, (), removed, write_fragment, shrink)
        if not body:
            return ""
        parts = [f"fragment {one} on {self.fragments[one][0]} {text}" for one, text in sorted(bodies.items()) if text]
        used = {*_VARIABLE_NAME.findall("".join([body, *parts]))}
        declared = ", ".join(text for variable, text in variables.items() if variable in used)
        return "\n".join([f"{head}({declared}) {body}" if declared else f"{head} {body}", *parts])


def _write(
    selections: Sequence[Selection],
    definition: str,
    inner: Path,
    removed: frozenset[str],
    write_fragment: Callable[[str], str],
    shrink: int,
) -> str:
    parts: list[str] = []
    for one in selections:
        if one.fragment:
            parts += [one.head] if write_fragment(one.fragment) else []
            continue
        path = (*inner, one.key) if one.key else inner
        if one.key and f"{definition}:{'.'.join(path)}" in removed:
            continue
        body = _write(one.selections, definition, path, removed, write_fragment, shrink) if one.selections else ""
        parts += [f"{one.write_head(shrink)} {body}".rstrip()] if body or not one.selections else []
    return f"{{ {' '.join(parts)} }}" if parts else ""


def parse_document(text: str) -> ParsedDocument:
    """Return a document of ours: one operation and its fragments."""
    tokens = _Tokens(_TOKEN.findall(text))
    head, name, variables = "", "", dict[str, str]()
    selections, fragments = tuple[Selection, ...](), dict[str, tuple[str, tuple[Selection, ...]]]()
    while tokens.peek():
        keyword, title = tokens.take(), tokens.take()
        if keyword == "fragment":
            tokens.take()
            type_name = tokens.take()
            fragments[title] = (type_name, tokens.take_selections())
            continue
        head, name = f"{keyword} {title}", title
        variables = {key[1:]: f"{key}: {value}" for key, value in tokens.take_arguments().items()}
        selections = tokens.take_selections()
    return ParsedDocument(head=head, name=name, variables=variables, selections=selections, fragments=fragments)


class _Tokens:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def peek(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def take(self) -> str:
        return self._tokens.pop()

    def take_arguments(self) -> dict[str, str]:
        """Return the arguments in parentheses by name; none if there are no parentheses."""
        found: dict[str, str] = {}
        if self.peek() != "(":
            return found
        self.take()
        while self.peek() != ")":
            name, _ = self.take(), self.take()
            value = self.take()
            if value == "[":
                value += f"{self.take()}"
                while not value.endswith("]"):
                    value += self.take()
            while self.peek() in ("!", "]"):
                value += self.take()
            found[name] = value
        self.take()
        return found

    def take_selections(self) -> tuple[Selection, ...]:
        found: list[Selection] = []
        self.take()
        while self.peek() != "}":
            found.append(self._take_selection())
        self.take()
        return tuple(found)

    def _take_selection(self) -> Selection:
        key, fragment, type_name, arguments = "", "", "", dict[str, str]()
        head = self.take()
        if head == "..." and self.peek() == "on":
            self.take()
            type_name = self.take()
            head = f"... on {type_name}"
        elif head == "...":
            fragment = self.take()
            head = f"...{fragment}"
        else:
            key = head
            if self.peek() == ":":
                self.take()
                head = f"{key}: {self.take()}"
            arguments = self.take_arguments()
            if arguments:
                head += f"({', '.join(f'{name}: {value}' for name, value in arguments.items())})"
        flag = ""
        if self.peek() == "@include":
            self.take()
            flag = self.take_arguments()["if"][1:]
            head += f" @include(if: ${flag})"
        inner = self.take_selections() if self.peek() == "{" else ()
        return Selection(
            head=head, key=key, fragment=fragment, arguments=arguments, flag=flag, selections=inner, type_name=type_name
        )
