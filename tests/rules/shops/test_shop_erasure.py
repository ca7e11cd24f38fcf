"""What is done with a shop that leaves, as a table; and what its certificate says of what stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bridge.model import RemainingShopData, ShopExit, ShopExitDecision
from bridge.rules.shops.shop_erasure import Decision, decide_shop_erasure, is_shop_installed, list_remaining_rows
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.factories import NOW

HOUR = timedelta(hours=1)
RETENTION = load_retention(RETENTION_FILE)


def make_shop_exit(**given):
    result = {
        "holds": True,
        "documents": 0,
        "fingerprint": "f",
        "uninstalled_at": NOW - 48 * HOUR,
        "last_received_at": None,
        "token_until": None,
        "decisions": MappingProxyType({}),
    }
    return ShopExit(**(result | given))


@pytest.mark.parametrize(
    ("signs", "back"),
    [
        ({}, False),
        ({"token_until": NOW}, False),
        ({"token_until": NOW + HOUR}, True),
        ({"last_received_at": NOW - 44 * HOUR}, False),
        ({"last_received_at": NOW - 43 * HOUR}, True),
        ({"last_received_at": NOW - 24 * HOUR, "uninstalled_at": None}, False),
        ({"last_received_at": NOW - 23 * HOUR, "uninstalled_at": None}, True),
    ],
)
def test_signs_of_life(signs, back):
    assert is_shop_installed(make_shop_exit(**signs), redact_received_at=NOW, now=NOW) is back


BACK = {"token_until": NOW + HOUR}
EXPORTED, OLD_EXPORT = {ShopExitDecision.EXPORTED: "f"}, {ShopExitDecision.EXPORTED: "g"}


@pytest.mark.parametrize(
    ("role", "given", "goes"),
    [
        ("fiduciary", {}, Decision.KEEP_STATUTORY),
        ("fiduciary", {"documents": 3}, Decision.KEEP_STATUTORY),
        ("fiduciary", BACK, Decision.ASK_OPERATOR),
        ("fiduciary", {**BACK, "decisions": {ShopExitDecision.CONTINUE: ""}}, Decision.KEEP_STATUTORY),
        ("fiduciary", {**BACK, "holds": False}, Decision.KEEP_STATUTORY),
        ("processor", {}, Decision.ERASE_ALL),
        ("processor", {"documents": 3}, Decision.AWAIT_RETURN),
        ("processor", {"documents": 3, "decisions": EXPORTED}, Decision.ERASE_ALL),
        ("processor", {"documents": 3, "decisions": OLD_EXPORT}, Decision.AWAIT_RETURN),
        ("processor", {"documents": 3, "decisions": {ShopExitDecision.WAIVED: "letter"}}, Decision.ERASE_ALL),
        ("processor", {"documents": 3, "decisions": EXPORTED, **BACK}, Decision.ASK_OPERATOR),
        ("processor", {"documents": 3, "decisions": {ShopExitDecision.CONTINUE: ""}, **BACK}, Decision.AWAIT_RETURN),
    ],
)
def test_the_course(role, given, goes):
    assert (
        decide_shop_erasure(make_shop_exit(**given), role=role, redact_received_at=NOW, stopped_at=None, now=NOW)
        is goes
    )


@pytest.mark.parametrize(
    ("uninstalled_at", "goes"),
    [(None, Decision.ASK_OPERATOR), (NOW - HOUR, Decision.ASK_OPERATOR), (NOW + HOUR, Decision.KEEP_STATUTORY)],
)
def test_once_stopped_only_another_uninstall_lets_it_go_on(uninstalled_at, goes):
    given = make_shop_exit(uninstalled_at=uninstalled_at)
    assert (
        decide_shop_erasure(given, role="fiduciary", redact_received_at=NOW, stopped_at=NOW, now=NOW + 2 * HOUR) is goes
    )


def test_a_file_without_the_category_still_says_how_many_stayed():
    bare = list_remaining_rows(RemainingShopData(legal_holds=2), replace(RETENTION, categories={}))
    assert bare == [
        {
            "category": "legal_claim",
            "what": "Records of legal claims",
            "action": "evidence",
            "count": 2,
            "grounds": [],
            "until": None,
        }
    ]
    assert list_remaining_rows(RemainingShopData(documents=1), RETENTION) == []
