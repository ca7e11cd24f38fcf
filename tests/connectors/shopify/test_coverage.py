"""How many of Shopify's fields with personal data are requested, and why the others are not."""

import pytest

from bridge.connectors.shopify.api import versions
from tests import coverage
from tests.left_out import DUPLICATE_FIELDS, UNSTORED_FIELDS


@pytest.mark.parametrize("version", versions.SUPPORTED_VERSIONS)
def test_nearly_all_fields_are_requested_and_all_that_shopify_protects(version):
    every, _, protected = coverage.scores(version)
    assert every.percent >= 98
    assert protected.percent == 100


def test_each_unrequested_field_has_a_reason_and_no_other_field_has():
    assert coverage.missed() == sorted((one.type_name, field) for one in DUPLICATE_FIELDS for field in one.fields)
    assert all(one.reason for one in DUPLICATE_FIELDS + UNSTORED_FIELDS)


def test_fields_that_store_no_record_are_not_requested():
    asked = coverage.asked_for("2026-10")
    assert not [
        (one.type_name, field) for one in UNSTORED_FIELDS for field in one.fields if (one.type_name, field) in asked
    ]


@pytest.mark.parametrize("version", versions.SUPPORTED_VERSIONS)
def test_no_version_is_sent_fields_of_a_later_version(version):
    later = {key for key, row in coverage.catalogue().items() if version not in row["valid_in"]}
    assert not later & coverage.asked_for(version)


def test_the_coverage_page_matches_the_code():
    """`python -m tests.coverage --write` writes the page."""
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page()


def test_the_program_prints_the_score(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["coverage"])
    coverage.main()
    output = capsys.readouterr().out
    assert str(coverage.scores()[0]) in output
    assert "NO REASON GIVEN" not in output
