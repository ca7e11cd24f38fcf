"""Our documents are valid in Shopify's real schema, in every supported version."""

import re
from itertools import pairwise

import pytest
from graphql import TypeInfo, TypeInfoVisitor, Visitor, parse, validate, visit

from bridge.connectors.shopify.api import documents, versions
from bridge.connectors.shopify.gathering import complete_record
from bridge.sandbox.schema import VERSIONS, load_schema


@pytest.mark.parametrize("folder", [documents.DOCUMENTS_DIR, documents.FRAGMENTS_DIR])
def test_the_name_of_a_graphql_file_is_unique_over_all_folders(folder):
    names = [path.stem for path in folder.rglob("*.graphql")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", documents.list_documents())
def test_every_document_is_valid_in_the_schema_of_the_version(name, version):
    assert validate(load_schema(version), parse(documents.build_document(name, version))) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", [True, False])
def test_the_query_of_a_bulk_operation_is_valid_as_it_is_sent(version, status):
    body = documents.build_inline_document("bulk_orders", version, frozenset(), query="customer_id:1", status=status)
    assert "$" not in body
    assert validate(load_schema(version), parse(body)) == []


@pytest.mark.parametrize("name", documents.list_documents())
def test_an_older_version_is_sent_only_fields_that_every_version_has(name):
    """2026-01 has no tax settings and cart tokens."""
    body = documents.build_document(name, "2026-01")
    newer = ("{ taxId }", "identityProviderSubjects", "smsMarketingConsent { state", "cartToken")
    assert [word for word in newer if word in body] == []


@pytest.mark.parametrize("version", ["unstable", "2027-01", "2031-07"])
@pytest.mark.parametrize("name", documents.list_documents())
def test_a_version_that_is_not_known_yet_is_sent_the_newest_documents(name, version):
    assert documents.build_document(name, version) == documents.build_document(name, VERSIONS[-1])


def test_the_connector_supports_the_versions_whose_schemas_are_kept():
    assert versions.SUPPORTED_VERSIONS == VERSIONS


def list_touched_names(version):
    """Return every `Type`, `Type.field` and `Type.field(argument)` that any document touches."""
    schema, found = load_schema(version), set()
    for name in documents.list_documents():
        info = TypeInfo(schema)

        class Collect(Visitor):
            def enter_field(self, node, *_, info=info):
                parent = info.get_parent_type()
                found.update((parent.name, f"{parent.name}.{node.name.value}"))
                found.update(f"{parent.name}.{node.name.value}({one.name.value})" for one in node.arguments)

            def enter_named_type(self, node, *_):
                found.add(node.name.value)

        visit(parse(documents.build_document(name, version)), TypeInfoVisitor(info, Collect()))
    return {name for name in found if not name.endswith(".__typename")}


def list_schema_names(schema):
    """Return every `Type`, `Type.field` and `Type.field(argument)` of a schema."""
    found = set(schema.type_map)
    for kind in schema.type_map.values():
        for field, about in getattr(kind, "fields", {}).items():
            found.add(f"{kind.name}.{field}")
            found.update(f"{kind.name}.{field}({argument})" for argument in getattr(about, "args", ()))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cut_has_every_type_field_and_argument_that_a_document_touches(version):
    touched = list_touched_names(version)
    assert len(touched) > 700
    assert touched - list_schema_names(load_schema(version)) == set()


def test_each_cut_is_made_from_the_schema_of_its_own_version():
    """Each version has names that no other has: none is another one with a few names removed."""
    names = {version: list_schema_names(load_schema(version)) for version in VERSIONS}
    for older, newer in pairwise(VERSIONS):
        assert names[newer] - names[older]
    assert names["2026-07"] - names["2026-10"]
    assert names["2026-01"] - names["2026-10"]


CHANGES = {
    "bulk_start": "bulkOperationRunQuery",
    "erasure_request": "customerRequestDataErasure",
    "erasure_cancel": "customerCancelDataErasure",
    "residue_metafields_delete": "metafieldsDelete",
    "residue_order_update": "orderUpdate",
    "stop_email": "customerEmailMarketingConsentUpdate",
    "stop_sms": "customerSmsMarketingConsentUpdate",
    "customer_correct": "customerUpdate",
    "customer_address_correct": "customerAddressUpdate",
    "customer_address_add": "customerAddressCreate",
    "order_correct": "orderUpdate",
}


@pytest.mark.parametrize("name", documents.list_documents())
def test_only_documents_about_the_right_of_a_person_or_a_bulk_operation_are_mutations(name):
    text = documents.build_document(name, "2026-10")
    if name in CHANGES:
        assert text.count("mutation") == 1
        assert CHANGES[name] in text
    else:
        assert "mutation" not in text


@pytest.mark.parametrize("name", documents.list_documents())
def test_no_document_opts_anybody_out_of_a_sale(name):
    """That mutation creates a customer for an unknown e-mail address; reading the field is allowed."""
    text = documents.build_document(name, "2026-10")
    assert "dataSaleOptOut(" not in text
    assert "mutation" not in text or "dataSaleOptOut" not in text


def test_the_newest_edition_that_a_version_has_is_used():
    assert "whatsAppMarketingConsent" in documents.build_document("customer_by_id", "2026-07")
    assert "smsMarketingConsent { state" not in documents.build_document("customer_by_id", "2026-07")
    assert "smsMarketingConsent { state" in documents.build_document("customer_by_id", "unstable")
    assert "BankAccount" in documents.build_document("customer_by_id", "2026-01")
    assert "cartToken" in documents.build_document("customer_orders", "2026-07")
    assert "cartToken" not in documents.build_document("customer_orders", "2026-04")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("fulfillments", complete_record.FIRST_LIMITS.parcels),
        ("trackingInfo", complete_record.FIRST_LIMITS.tracking),
        ("transactions", complete_record.FIRST_LIMITS.payments),
        ("refunds", complete_record.FIRST_LIMITS.refunds),
    ],
)
def test_the_limits_of_lists_without_a_cursor_equal_the_requested_sizes(name, size):
    body = documents.build_document("customer_orders", "2026-10")
    assert set(re.findall(rf"\b{name}\(first: (\d+)\)", body)) == {str(size)}
