"""Shopify's real Admin schema, cut to names and types (see `cut.py`, and ADMIN-SCHEMA-LICENSE beside it).

Reads a file once per process and version; never fetches anything.
"""

from __future__ import annotations

import gc
import gzip
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_ast_schema, parse

HERE = Path(__file__).parent
VERSIONS = tuple(sorted(path.name[6:13] for path in HERE.glob("admin_*.graphql.gz")))


@cache
def load(version: str) -> GraphQLSchema:
    """Read one version's schema. Raises FileNotFoundError for a version that was not cut."""
    packed = (HERE / f"admin_{version}.graphql.gz").read_bytes()
    paused = gc.isenabled()
    gc.disable()  # half a million small objects that all stay: collecting in between doubles the time
    try:
        document = parse(gzip.decompress(packed).decode(), no_location=True)
        return build_ast_schema(document, assume_valid=True)
    finally:
        if paused:
            gc.enable()
