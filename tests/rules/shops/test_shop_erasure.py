"""What is done with a shop that leaves, as a table; and what its certificate says of what stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bridge.model import Decision, Leaving
from bridge.rules.shops.shop_erasure import Course, alive, course, kept_rows
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.factories import NOW

HOUR = timedelta(hours=1)
RETENTION = load_retention(RETENTION_FILE)


def shop(**given):
    told = {
        "holds": True,
        "documents": 0,
        "fingerprint": "f",
        "uninstalled_at": NOW - 48 * HOUR,
        "heard_at": None,
        "token_until": None,
        "decisions": MappingProxyType({}),
    }
    return Leaving(**(told | given))


@pytest.mark.parametrize(
    ("signs", "back"),
    [
        ({}, False),
        ({"token_until": NOW}, False),
        ({"token_until": NOW + HOUR}, True),
        ({"heard_at": NOW - 44 * HOUR}, False),
        ({"heard_at": NOW - 43 * HOUR}, True),
        ({"heard_at": NOW - 24 * HOUR, "uninstalled_at": None}, False),
        ({"heard_at": NOW - 23 * HOUR, "uninstalled_at": None}, True),
    ],
)
def test_signs_of_life(signs, back):
    assert alive(shop(**signs), asked_at=NOW, now=NOW) is back


BACK = {"token_until": NOW + HOUR}
EXPORTED, OLD_EXPORT = {Decision.EXPORTED: "f"}, {Decision.EXPORTED: "g"}


@pytest.mark.parametrize(
    ("role", "given", "goes"),
    [
        ("fiduciary", {}, Course.KEEP),
        ("fiduciary", {"documents": 3}, Course.KEEP),
        ("fiduciary", BACK, Course.ASK),
        ("fiduciary", {**BACK, "decisions": {Decision.CONTINUE: ""}}, Course.KEEP),
        ("fiduciary", {**BACK, "holds": False}, Course.KEEP),
        ("processor", {}, Course.ALL),
        ("processor", {"documents": 3}, Course.RETURN),
        ("processor", {"documents": 3, "decisions": EXPORTED}, Course.ALL),
        ("processor", {"documents": 3, "decisions": OLD_EXPORT}, Course.RETURN),
        ("processor", {"documents": 3, "decisions": {Decision.WAIVED: "letter"}}, Course.ALL),
        ("processor", {"documents": 3, "decisions": EXPORTED, **BACK}, Course.ASK),
        ("processor", {"documents": 3, "decisions": {Decision.CONTINUE: ""}, **BACK}, Course.RETURN),
    ],
)
def test_the_course(role, given, goes):
    assert course(shop(**given), role=role, asked_at=NOW, stopped_at=None, now=NOW) is goes


@pytest.mark.parametrize(
    ("uninstalled_at", "goes"),
    [(None, Course.ASK), (NOW - HOUR, Course.ASK), (NOW + HOUR, Course.KEEP)],
)
def test_once_stopped_only_another_uninstall_lets_it_go_on(uninstalled_at, goes):
    given = shop(uninstalled_at=uninstalled_at)
    assert course(given, role="fiduciary", asked_at=NOW, stopped_at=NOW, now=NOW + 2 * HOUR) is goes


def test_a_file_without_the_category_still_says_how_many_stayed():
    bare = kept_rows({"kept_claims": 2, "orders": 1}, replace(RETENTION, categories={}))
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
    assert kept_rows({"orders": 1}, RETENTION) == []
