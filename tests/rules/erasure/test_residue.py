"""What others wrote at a platform: a table of what becomes of it, and which requests look for it at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import RequestKind, RequestSource, Residue, TaskAction
from bridge.rules.requests.lifecycle import decide_residue_action, list_initial_tasks
from config.retention_file.retention import load_retention
from config.retention_file.retention_model import RESIDUE_KINDS, ResidueRules
from config.settings import RETENTION_FILE

SHIPPED = load_retention(RETENTION_FILE)
ALL = ResidueRules(apply=True, erased_kinds=RESIDUE_KINDS)
NOTE = Residue(system="shopify", kind="order_notes", ref="1001", what="note")
ON_ITS_WAY = Residue(system="shopify", kind="order_notes", ref="1002", what="note", hold_reason="parcel_not_delivered")
UNREAD = Residue(system="shopify", kind="orders", ref="", what="older orders", hold_reason="read_all_orders")


@pytest.mark.parametrize("kind", list(RequestKind))
def test_what_came_from_the_platform_itself_has_no_such_task(kind):
    assert TaskAction.REMOVE_PLATFORM_RESIDUE not in [
        action for _, action in list_initial_tasks(kind, RequestSource.WEBHOOK, {"delhivery"})
    ]


@pytest.mark.parametrize(
    ("one", "rules", "result"),
    [
        (NOTE, ResidueRules(erased_kinds=RESIDUE_KINDS), ("keep", "retention_file_keeps")),
        (NOTE, ResidueRules(apply=True), ("keep", "retention_file_keeps")),
        (ON_ITS_WAY, ResidueRules(apply=True), ("keep", "retention_file_keeps")),
        (NOTE, ALL, ("erase", "retention_file_erases")),
        (ON_ITS_WAY, ALL, ("left", "parcel_not_delivered")),
        (UNREAD, ALL, ("left", "read_all_orders")),
    ],
)
def test_each_thing_has_its_verdict(one, rules, result):
    assert decide_residue_action(one, replace(SHIPPED, residue=rules)) == result


def test_a_metafield_that_no_category_claims_is_put_into_quarantine():
    """E-02: order metafields are of no category, those of a customer are."""
    unknown = Residue(system="shopify", kind="order_metafields", ref="1001", what="metafield erp.ref")
    known = Residue(system="shopify", kind="customer_metafields", ref="7001", what="metafield loyalty.tier")
    assert decide_residue_action(unknown, SHIPPED) == ("quarantine", "no_category_claims_it")
    assert decide_residue_action(known, SHIPPED) == ("keep", "retention_file_keeps")
    assert decide_residue_action(unknown, replace(SHIPPED, residue=ALL)) == ("erase", "retention_file_erases")
