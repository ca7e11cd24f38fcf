"""The questions we ask Shopify: one file per operation beside this one, fragments and bulk operations in folders.

Reads files once and joins what an operation needs; asks nothing. A fragment may have newer editions
(`customer_newer.2026-10.graphql`): the newest that the version knows is taken, so that one document is valid
in every version (https://shopify.dev/docs/api/usage/versioning).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

DOCUMENTS_DIR = Path(__file__).with_name("documents")
_FRAGMENT = re.compile(r"^fragment (\w+) on ", re.MULTILINE)
_SPREAD = re.compile(r"\.\.\.(\w+)")
_FLAG = re.compile(r"\$(\w+): Boolean!")
_VARIABLE = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)


def list_documents() -> list[str]:
    """Every operation we have, by the name of its file."""
    return sorted(path.stem for path in DOCUMENTS_DIR.glob("*.graphql"))


@cache
def list_document_flags(name: str) -> frozenset[str]:
    """Name the variables that open or shut a part of the operation."""
    return frozenset(_FLAG.findall(_read_graphql_file(DOCUMENTS_DIR / f"{name}.graphql")))


@cache
def build_document(name: str, version: str) -> str:
    """Join the operation and every fragment it needs, as `version` (`2026-10`, `unstable`) has them."""
    fragments = _load_fragments(version)
    parts = [_read_graphql_file(DOCUMENTS_DIR / f"{name}.graphql")]
    needed, taken = _find_spreads(parts[0]), set[str]()
    while needed:
        fragment = needed.pop()
        if fragment not in taken:
            taken.add(fragment)
            parts.append(fragments[fragment])
            needed |= _find_spreads(fragments[fragment])
    return "".join([parts[0], *sorted(parts[1:])])


def build_inline_document(name: str, version: str, **values: str | bool) -> str:
    """Join an operation that takes no variables: the values stand in it."""
    head, _, rest = build_document(name, version).partition("(")
    body = head + rest.partition(")")[2]
    return _VARIABLE.sub(lambda found: json.dumps(values[found[1]]), body)


@cache
def _load_fragments(version: str) -> dict[str, str]:
    known: dict[str, str] = {}
    # the plain edition sorts first, then by version: the last that fits wins
    for path in sorted(
        (DOCUMENTS_DIR / "fragments").glob("*.graphql"), key=lambda path: path.stem.partition(".")
    ):
        since = path.stem.partition(".")[2]
        if since <= version:
            body = _read_graphql_file(path)
            known[_FRAGMENT.findall(body)[0]] = body
    return known


def _find_spreads(body: str) -> set[str]:
    return set(_SPREAD.findall(body))


def _read_graphql_file(path: Path) -> str:
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))
