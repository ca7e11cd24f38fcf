"""What others wrote at a platform: a table of what becomes of it, and which requests look for it at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import Action, Kind, Residue, Source
from bridge.rules.requests.lifecycle import planned, verdict
from config.retention_file.retention import load_retention
from config.retention_file.retention_model import RESIDUE_KINDS, PlatformResidue
from config.settings import RETENTION_FILE

SHIPPED = load_retention(RETENTION_FILE)
ALL = PlatformResidue(apply=True, erased=RESIDUE_KINDS)
NOTE = Residue(system="shopify", kind="order_notes", ref="1001", what="note")
ON_ITS_WAY = Residue(
    system="shopify", kind="order_notes", ref="1002", what="note", held="parcel_not_delivered"
)
UNREAD = Residue(system="shopify", kind="orders", ref="", what="older orders", held="read_all_orders")


@pytest.mark.parametrize("kind", list(Kind))
def test_what_came_from_the_platform_itself_has_no_such_task(kind):
    assert Action.REDACT not in [action for _, action in planned(kind, Source.WEBHOOK, {"delhivery"})]


@pytest.mark.parametrize(
    ("one", "rules", "told"),
    [
        (NOTE, PlatformResidue(erased=RESIDUE_KINDS), ("keep", "retention_file_keeps")),
        (NOTE, PlatformResidue(apply=True), ("keep", "retention_file_keeps")),
        (ON_ITS_WAY, PlatformResidue(apply=True), ("keep", "retention_file_keeps")),
        (NOTE, ALL, ("erase", "retention_file_erases")),
        (ON_ITS_WAY, ALL, ("left", "parcel_not_delivered")),
        (UNREAD, ALL, ("left", "read_all_orders")),
    ],
)
def test_each_thing_has_its_verdict(one, rules, told):
    assert verdict(one, replace(SHIPPED, residue=rules)) == told


def test_a_metafield_that_no_category_claims_is_put_into_quarantine():
    """E-02: order metafields are of no category, those of a customer are."""
    unknown = Residue(system="shopify", kind="order_metafields", ref="1001", what="metafield erp.ref")
    known = Residue(system="shopify", kind="customer_metafields", ref="7001", what="metafield loyalty.tier")
    assert verdict(unknown, SHIPPED) == ("quarantine", "no_category_claims_it")
    assert verdict(known, SHIPPED) == ("keep", "retention_file_keeps")
    assert verdict(unknown, replace(SHIPPED, residue=ALL)) == ("erase", "retention_file_erases")
