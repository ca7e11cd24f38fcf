"""Joins the GraphQL documents that we send: `documents/` holds one file per operation, `fragments/` their fragments.

Both are sorted into folders by subject; a file is found by its name alone. Reads each file once and sends nothing. A
fragment may have editions for newer versions (`customer_newer.2026-10.graphql`): the newest one that the version knows
is taken, so that a document is valid in every version (https://shopify.dev/docs/api/usage/versioning).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from bridge.connectors.shopify.api.selections import FieldUse, ParsedDocument, parse_document

DOCUMENTS_DIR = Path(__file__).with_name("documents")
FRAGMENTS_DIR = Path(__file__).with_name("fragments")
_FRAGMENT = re.compile(r"^fragment (\w+) on ", re.MULTILINE)
_SPREAD = re.compile(r"\.\.\.(\w+)")
_FLAG = re.compile(r"\$(\w+): Boolean!")
_VARIABLE = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)


def list_documents() -> list[str]:
    """Return the names of all operations: the names of their files."""
    return sorted(_load_operations())


@cache
def list_document_flags(name: str) -> frozenset[str]:
    """Return the variables that include or leave out a part of the operation."""
    return frozenset(_FLAG.findall(_load_operations()[name]))


@cache
def build_document(name: str, version: str) -> str:
    """Return the operation and every fragment it needs, as `version` (`2026-10`, `unstable`) knows them."""
    fragments = _load_fragments(version)
    operation = _load_operations()[name]
    pending, used = set(_SPREAD.findall(operation)), set[str]()
    while pending:
        fragment = pending.pop()
        if fragment not in used:
            used.add(fragment)
            pending.update(_SPREAD.findall(fragments[fragment]))
    return "".join([operation, *sorted(fragments[fragment] for fragment in used)])


@cache
def parse_fields(name: str, version: str) -> ParsedDocument:
    """Return the operation with its fragments, parsed."""
    return parse_document(build_document(name, version))


@cache
def list_fields(name: str, version: str) -> tuple[FieldUse, ...]:
    """Return every field of the operation's answer."""
    return tuple(parse_fields(name, version).iterate_fields())


@cache
def build_document_without(name: str, version: str, closed_fields: frozenset[str], shrink: int = 0) -> str:
    """Return the operation without these fields (`OrderFields:statusPageUrl`); '' if none is left.

    `shrink` as `ParsedDocument.render`.
    """
    if not closed_fields and not shrink:
        return build_document(name, version)
    return parse_fields(name, version).render(closed_fields, shrink)


def locate_fields(name: str, version: str, keys: tuple[str, ...]) -> set[str]:
    """Return where the field at this path of the answer is written."""
    return {one.location for one in list_fields(name, version) if one.path == keys}


def build_inline_document(name: str, version: str, closed_fields: frozenset[str], **values: str | bool) -> str:
    """Return the operation with the values in place of its variables."""
    head, _, tail = build_document_without(name, version, closed_fields).partition("(")
    body = head + tail.partition(")")[2]
    return _VARIABLE.sub(lambda match: json.dumps(values[match[1]]), body)


@cache
def _load_operations() -> dict[str, str]:
    return {path.stem: _read_graphql_file(path) for path in DOCUMENTS_DIR.rglob("*.graphql")}


@cache
def _load_fragments(version: str) -> dict[str, str]:
    fragments: dict[str, str] = {}
    # the edition without a version sorts first, then by version: the last one that the version knows wins
    for path in sorted(FRAGMENTS_DIR.rglob("*.graphql"), key=lambda path: path.stem.partition(".")):
        if path.stem.partition(".")[2] <= version:
            body = _read_graphql_file(path)
            fragments[_FRAGMENT.findall(body)[0]] = body
    return fragments


def _read_graphql_file(path: Path) -> str:
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))
