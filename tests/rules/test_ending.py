"""What is done with a shop that leaves, as a table; and what its certificate says of what stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import Decision, Leaving
from bridge.rules.ending import Course, alive, course, kept_rows
from bridge.rules.papers import MOST_BYTES, SUFFIXES, issued_at, media_type
from bridge.rules.roles import ROLES, may_open_documents
from bridge.rules.storage import kept_in
from config.retention import load_retention
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
    bare = kept_rows(
        {"kept_documents": 2, "kept_grounds": ["unknown"], "orders": 1}, replace(RETENTION, categories={})
    )
    assert bare == [
        {
            "category": "invoice_document",
            "what": "Sealed invoices and credit notes",
            "action": "evidence",
            "count": 2,
            "grounds": [{"ground": "unknown", "law": "", "last_day": None}],
            "until": None,
        }
    ]
    assert kept_rows({"orders": 1}, RETENTION) == []


def test_two_of_five_roles_may_open_documents():
    assert [role for role in ROLES if may_open_documents(role)] == ["admin", "legal_compliance"]
    assert not may_open_documents("")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", b"%PDF-1.7 x", "application/pdf"),
        ("A.PDF", b"%PDF-1.7 x", "application/pdf"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.xml", b"\xef\xbb\xbf\n<Invoice/>", "application/xml"),
        ("a.json", b' {"a": 1}', "application/json"),
        ("a.pdf", b"", "empty"),
        ("a.pdf", b" %PDF-1.7", "not_its_kind"),
        ("a.png", b"%PDF-1.7", "not_its_kind"),
        ("a.exe", b"MZ", "kind_unknown"),
        ("pdf", b"%PDF-1.7", "kind_unknown"),
        ("a.pdf", b"%PDF-" + b"x" * MOST_BYTES, "too_large"),
    ],
)
def test_a_document_is_what_its_name_ends_in(name, content, kind):
    if "/" in kind:
        assert media_type(name, content) == kind
        assert SUFFIXES[kind].startswith(".")
    else:
        with pytest.raises(PayloadInvalid, match=kind):
            media_type(name, content)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (
            "2026-04-01",
            "2026-03-31T18:30:00+00:00",
        ),  # the first day of a financial year in India, not the last
        ("2026-03-31T18:29:59Z", "2026-03-31T18:29:59+00:00"),
        ("2026-11-22T12:00+05:30", "2026-11-22T06:30:00+00:00"),
        ("22.11.2026", "issued_at_unreadable"),
        ("", "issued_at_unreadable"),
        ("2027-01-01", "issued_in_the_future"),
    ],
)
def test_a_day_without_a_zone_is_one_of_the_books(text, moment):
    if moment.startswith("2"):
        told = issued_at(text, timezone="Asia/Kolkata", now=NOW)
        assert told.astimezone(NOW.tzinfo).isoformat() == moment
    else:
        with pytest.raises(PayloadInvalid, match=moment):
            issued_at(text, timezone="Asia/Kolkata", now=NOW)


def test_which_rules_want_their_data_in_a_country():
    assert set(kept_in("IN", RETENTION, date(2026, 11, 22))) >= {"income_tax_books", "invoice_document"}
    assert "income_tax_books" not in kept_in("IN", RETENTION, date(1900, 1, 1)), "not in force yet"
    assert kept_in("FR", RETENTION, date(2026, 11, 22)) == []
