"""Which category claims a field; what none claims is put into quarantine."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.rules.erasure.field_categories import find_field_category
from config.retention_file.retention import load_retention

SHIPPED = load_retention(Path(__file__).parents[3] / "config" / "retention.toml")


@pytest.mark.parametrize(
    ("field", "category"),
    [
        ("customer.email", "contact"),
        ("customer.metafields", "customer_profile"),
        ("customer.metafields.custom.ring", "customer_profile"),
        ("order.note", "order_free_text"),
        ("order.note_attributes.gift", "order_free_text"),
        ("order.line_items", "order_lines"),
        ("order.line_items.0.title", "order_lines"),
        ("order.line_items.properties", "order_free_text"),
        ("order.line_items.0.properties.1.value", "order_free_text"),
        ("bridge.index", "parcel_index"),
    ],
)
def test_the_longest_name_claims_what_lies_below_it(field, category):
    assert find_field_category(field, SHIPPED) is SHIPPED.categories[category]


@pytest.mark.parametrize(
    "field",
    [
        "order.metafields.x.y",  # nobody decided about what other apps write at an order
        "order.metafields",
        "customer",
        "customer.email_of_somebody_else",
        "order.notes",
        "",
        "0",
    ],
)
def test_e02_what_no_category_claims_goes_to_quarantine(field):
    assert find_field_category(field, SHIPPED) is None


def test_a_file_that_claims_it_takes_it_out_of_quarantine():
    category = replace(SHIPPED.categories["customer_profile"], id="order_metafields", fields=("order.metafields",))
    more = replace(SHIPPED, categories={**SHIPPED.categories, "order_metafields": category})

    assert find_field_category("order.metafields.x.y", more) is category
