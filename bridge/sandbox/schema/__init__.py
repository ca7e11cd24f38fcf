"""Shopify's real Admin schemas, each cut to names and types (see `cut.py` and ADMIN-SCHEMA-LICENSE in this folder).

It reads a file once per process and version, and fetches nothing.
"""

from __future__ import annotations

import gc
import gzip
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_ast_schema, parse

SCHEMA_FOLDER = Path(__file__).parent
VERSIONS = tuple(sorted(path.name[6:13] for path in SCHEMA_FOLDER.glob("admin_*.graphql.gz")))


@cache
def load_schema(version: str) -> GraphQLSchema:
    """Return the schema of one version. Raises FileNotFoundError for an unknown version."""
    packed = (SCHEMA_FOLDER / f"admin_{version}.graphql.gz").read_bytes()
    paused = gc.isenabled()
    gc.disable()  # half a million small objects stay alive: garbage collection in between would double the time
    try:
        document = parse(gzip.decompress(packed).decode(), no_location=True)
        return build_ast_schema(document, assume_valid=True)
    finally:
        if paused:
            gc.enable()


@cache
def load_required_access() -> dict[str, tuple[frozenset[str], ...]]:
    """Return the scopes that `Type` or `Type.field` of the newest version needs: any one set of them opens it."""
    lines = (SCHEMA_FOLDER / "access.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {name: tuple(frozenset(part.split(" + ")) for part in text.split(" | ")) for name, _, text in rows}
