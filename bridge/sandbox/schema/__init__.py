"""Shopify's real Admin schema, cut to names and types (see `cut.py` and ADMIN-SCHEMA-LICENSE in this folder).

It reads a file once per process and version, and fetches nothing.
"""

from __future__ import annotations

import gc
import gzip
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_ast_schema, parse

from bridge.sandbox.schema.versions import OLDER_VERSIONS, remove_later_additions

SCHEMA_FOLDER = Path(__file__).parent
CUT_VERSIONS = tuple(sorted(path.name[6:13] for path in SCHEMA_FOLDER.glob("admin_*.graphql.gz")))
VERSIONS = (*OLDER_VERSIONS, *CUT_VERSIONS)


@cache
def load_schema(version: str) -> GraphQLSchema:
    """Return the schema of one version. Raises FileNotFoundError for an unknown version."""
    source = CUT_VERSIONS[0] if version in OLDER_VERSIONS else version
    packed = (SCHEMA_FOLDER / f"admin_{source}.graphql.gz").read_bytes()
    paused = gc.isenabled()
    gc.disable()  # half a million small objects stay alive: garbage collection in between would double the time
    try:
        document = parse(gzip.decompress(packed).decode(), no_location=True)
        schema = build_ast_schema(document, assume_valid=True)
        if version in OLDER_VERSIONS:
            remove_later_additions(schema, version)
        return schema
    finally:
        if paused:
            gc.enable()
