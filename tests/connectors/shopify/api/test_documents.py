"""Our documents are valid in Shopify's real schema, in every supported version."""

import re

import pytest
from graphql import parse, validate

from bridge.connectors.shopify.api import documents
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


@pytest.mark.parametrize("name", documents.list_documents())
def test_an_older_version_is_sent_only_fields_that_every_version_has(name):
    """2025-10 has no tax settings, cart tokens and bank accounts."""
    body = documents.build_document(name, "2025-10")
    newer = ("{ taxId }", "identityProviderSubjects", "smsMarketingConsent { state", "cartToken", "BankAccount")
    assert [word for word in newer if word in body] == []


CHANGES = {
    "bulk_start": "bulkOperationRunQuery",
    "erasure_request": "customerRequestDataErasure",
    "erasure_cancel": "customerCancelDataErasure",
    "residue_metafields_delete": "metafieldsDelete",
    "residue_order_update": "orderUpdate",
}


@pytest.mark.parametrize("name", documents.list_documents())
def test_only_documents_about_an_erasure_or_a_bulk_operation_are_mutations(name):
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
