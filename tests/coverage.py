"""How much of the personal data in Shopify's Admin schema our documents ask for: `make coverage`.

Scores the documents against the catalogue (`fixtures/shopify/pii_fields.json`: every field of 2026-10 in which
personal data can stand, with Shopify's own mark of protected ones). `--write` prints `docs/coverage.md` anew.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import TypeInfo, TypeInfoVisitor, Visitor, parse, visit

from bridge.connectors.shopify.api import documents, versions
from bridge.connectors.shopify.api.scopes import ACTION_SCOPES, OPTIONAL_SCOPES, REQUIRED_SCOPES
from bridge.sandbox.schema import load_schema
from tests.left_out import DUPLICATE_FIELDS, UNSTORED_FIELDS, ExcludedFields

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "coverage.md"
VERSION = "2026-10"
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Fields of a kind that there are, and those of them that are asked for."""

    name: str
    wanted: frozenset[Key]
    asked: frozenset[Key]

    @property
    def percent(self) -> float:
        return 100 * len(self.asked) / len(self.wanted)

    def __str__(self) -> str:
        return f"{self.name}: {len(self.asked)} of {len(self.wanted)} = {self.percent:.1f} %"


@cache
def catalogue() -> dict[Key, dict[str, Any]]:
    """Give every field in which personal data can stand, by type and name."""
    rows = json.loads((HERE / "fixtures" / "shopify" / "pii_fields.json").read_text(encoding="utf-8"))
    return {(row["type"], row["field"]): row for row in rows}


@cache
def asked_for(version: str) -> frozenset[Key]:
    """Give every field that any of our documents selects in this version."""
    found: set[Key] = set()
    for name in documents.list_documents():
        info = TypeInfo(load_schema(version))

        class Collect(Visitor):
            def enter_field(self, node: Any, *_: Any, info: TypeInfo = info) -> None:
                parent = info.get_parent_type()
                if parent is not None:
                    found.add((parent.name, node.name.value))

        visit(parse(documents.build_document(name, version)), TypeInfoVisitor(info, Collect()))
    return frozenset(found)


def scores(version: str = VERSION) -> list[Score]:
    """Score all fields that the version knows, those that must be there, and those that Shopify protects."""
    rows = {key: row for key, row in catalogue().items() if version in row["valid_in"]}
    parts = {
        "all": frozenset(rows),
        "must": frozenset(key for key, row in rows.items() if row["tier"] == "must"),
        "protected by Shopify": frozenset(key for key, row in rows.items() if row["shopify_protected"]),
    }
    asked = asked_for(version)
    return [Score(name=name, wanted=keys, asked=keys & asked) for name, keys in parts.items()]


def missed() -> list[Key]:
    """List what is not asked for."""
    return sorted(scores()[0].wanted - scores()[0].asked)


def page() -> str:
    """Write the page for people."""
    lines = [
        "# What is read of Shopify's personal data",
        "",
        "Printed by `python -m tests.coverage --write` from the documents the connector sends, the catalogue of fields in",
        "which Shopify's Admin schema can hold personal data (`tests/fixtures/shopify/pii_fields.json`) and",
        "`tests/left_out.py`. `make coverage` prints the score.",
        "",
        f"## Score in {VERSION}",
        "",
        *_table(
            ("fields", "read", "there are", ""),
            [(one.name, len(one.asked), len(one.wanted), f"{one.percent:.1f} %") for one in scores()],
        ),
        "",
        "## Left out on purpose: the same under another name",
        "",
        *_left_out(DUPLICATE_FIELDS),
        "",
        "## Left out on purpose: no record that is held",
        "",
        "Shopify marks these as protected as well. They are not in the catalogue.",
        "",
        *_left_out(UNSTORED_FIELDS),
        "",
        "## What older versions cannot tell",
        "",
        f"`SHOPIFY_API_VERSION` may be {', '.join(f'`{one}`' for one in versions.SUPPORTED_VERSIONS)} or a newer version. An export",
        "made with an older version says what that version does not know (`not_in_version_…`).",
        "",
        *_table(("what", "since"), versions.FIRST_VERSION_OF_FIELDS),
        "",
        "## Scopes",
        "",
        "Without one of these the part is not asked for, and the export says so. `doctor` names each that is missing.",
        "",
        *_table(
            ("part", "scope", "or"), [(one.what, one.scope, ", ".join(one.alternatives)) for one in REQUIRED_SCOPES]
        ),
        "",
        "These open single fields. They are asked for in any case; where Shopify denies one, the export says which. Checkouts",
        "that were left also want a user who may manage them.",
        "",
        *_table(("part", "scope"), OPTIONAL_SCOPES),
        "",
        "These are for webhooks, and for what is changed at Shopify for a request that was opened by hand.",
        "",
        *_table(("what", "scope"), ACTION_SCOPES),
        "",
    ]
    return "\n".join(lines)


def _left_out(rows: tuple[ExcludedFields, ...]) -> list[str]:
    cells = [(f"`{one.type_name}`", ", ".join(f"`{field}`" for field in one.fields), one.reason) for one in rows]
    return _table(("type", "fields", "why"), cells)


def _table(head: tuple[str, ...], rows: Any) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(str(cell) for cell in line)} |" for line in lines]


def main() -> None:
    """Print the score and what is missed."""
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    reasons = {(one.type_name, field): one.reason for one in DUPLICATE_FIELDS for field in one.fields}
    lines = [str(one) for one in scores()]
    lines += [f"  {'.'.join(key)}: {reasons.get(key, 'NO REASON GIVEN')}" for key in missed()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
