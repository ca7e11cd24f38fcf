"""Say which data of a customer at a platform may rest on a consent alone, and check a category that says so. Decides about nobody.

What other apps wrote about a customer can be removed by itself. What a platform keeps in a customer's own fields goes with
the whole customer only: a withdrawal never does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.merchant_file.processors import CONSENT_CHANNELS

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Purpose
    from config.toml_reader import TomlTable

METAFIELD_PREFIX = "customer.metafields."
BIRTH_DATE, ANNIVERSARY = "customer.birth_date", "customer.anniversary"
# names of the file for what apps store in metafields of any namespace, under one of these keys; `facts.birth_date` is
# Shopify's own: https://shopify.dev/docs/apps/build/custom-data/metafields/list-of-standard-definitions
METAFIELD_KEYS: Mapping[str, frozenset[str]] = {
    BIRTH_DATE: frozenset({"birth_date", "birthdate", "birthday", "date_of_birth", "dob"}),
    ANNIVERSARY: frozenset(
        {"anniversary", "anniversary_date", "date_of_anniversary", "wedding_anniversary", "wedding_date"}
    ),
}
RESTS_ON_CONSENT = "rests_on_consent"


def check_consent_data(table: TomlTable, category: Category, purposes: Mapping[str, Purpose]) -> None:
    """Report what of a category with `rests_on_consent` the bridge could not obey."""
    if not table.has_key(RESTS_ON_CONSENT):
        return
    if not category.rests_on_consent or not set(category.rests_on_consent) <= set(CONSENT_CHANNELS):
        table.add_fault(RESTS_ON_CONSENT, f"must name the channels of the consent: {', '.join(CONSENT_CHANNELS)}")
    if category.on_request != "erase":
        table.add_fault("on_request", f'must be "erase" with {RESTS_ON_CONSENT}: nothing else keeps such data')
    for name in category.fields:
        if name not in METAFIELD_KEYS and not name.startswith(METAFIELD_PREFIX):
            known = ", ".join((*METAFIELD_KEYS, f"{METAFIELD_PREFIX}NAMESPACE.KEY"))
            table.add_fault("fields", f"must not name {name} with {RESTS_ON_CONSENT}: it can remove {known} only")
    for name in category.purposes:
        if name in purposes and purposes[name].bridge:
            table.add_fault("purposes", f"must not name {name} with {RESTS_ON_CONSENT}: that asks for no consent")
