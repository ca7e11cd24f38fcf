"""The cut schema accepts what Shopify's full schema accepts, and refuses what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import parse, validate

from bridge.sandbox.schema import VERSIONS, load_schema

DOCUMENTS = sorted((Path(__file__).parent / "queries").rglob("*.graphql"))
# Valid against the full schema of the newer version only.
NEWER = {"01b_customer_core_extras_2026_10"}


def faults(version, text):
    return [fault.message for fault in validate(load_schema(version), parse(text))]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_as_valid_as_against_shopifys_full_schema(path, version):
    valid = not faults(version, path.read_text(encoding="utf-8"))
    assert valid is (path.stem not in NEWER or version >= "2026-10")


@pytest.mark.parametrize(
    "text",
    [
        "{ customer { id } }",
        '{ customer(id: "gid://shopify/Customer/1") { shoeSize } }',
        '{ customer(id: "gid://shopify/Customer/1") { addressesV2 } }',
        '{ orders(first: "many") { nodes { id } } }',
        'mutation { customerRequestDataErasure(customer: "x") { customerId } }',
        "query Q($id: ID!) { shop { id } }",
    ],
)
def test_nothing_is_loosened(text):
    assert faults("2026-10", text)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cut_holds_names_and_types_only(version):
    schema = load_schema(version)
    assert all(kind.description is None for name, kind in schema.type_map.items() if name in {"Customer", "Order"})
    assert schema.query_type.fields["orders"].deprecation_reason is None
