"""A refusal has a law that applies to the person; only the GDPR knows a longer term."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import RequestKind
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.requests.decisions.extension import EXTENSION_CLOCK, compute_extended_due_time
from bridge.rules.requests.decisions.refusal_codes import (
    REFUSAL_REASONS,
    find_refusal_reason,
    list_laws_of_refusal,
    list_remedies,
)
from config.merchant_file.merchant import load_merchant
from config.settings import MERCHANT_FILE
from tests.factories import NOW, make_request

ZONE = ZoneInfo("Asia/Kolkata")
INDIA, UNION = ("IN",), ("IN", "EU")


@pytest.mark.parametrize("code", sorted(REFUSAL_REASONS))
def test_each_reason_says_its_law_its_sentence_and_its_kinds(code):
    reason = REFUSAL_REASONS[code]
    assert reason.sentence.endswith(".")
    assert not re.search(r"GDPR|DPDP|Art |s\.\d", reason.sentence), "no statute in a letter's body"
    assert reason.kinds
    assert RequestKind.SHOP_ERASURE not in reason.kinds
    for regime, law in reason.laws.items():
        assert regime in ("IN", "EU", "UK")
        assert list_laws_of_refusal(code, [regime]) == [law]
    for kind in RequestKind:
        if kind not in reason.kinds:
            with pytest.raises(PayloadInvalid, match="code_not_for_kind"):
                find_refusal_reason(code, kind, ("IN", "EU", "UK"))


def test_nobody_is_kept_from_taking_a_consent_back_by_a_proof_of_identity():
    for code in ("identity_not_proven", "manifestly_unfounded", "excessive"):
        assert RequestKind.CONSENT_WITHDRAWAL not in REFUSAL_REASONS[code].kinds


def test_p38_the_court_is_named_after_the_routes_to_complain():
    assert list_remedies(["a", "b", "a"]) == ["a", "b", "judicial_remedy"]


def request(kind=RequestKind.ACCESS, **given):
    clocks = compute_clocks(received_at=NOW, webhook_received_at=None, rules=load_merchant(MERCHANT_FILE).clocks)
    return make_request(
        kind=kind,
        due_at=clocks.due_at,
        clocks={rule: at.isoformat() for rule, at in clocks.due_by_rule.items()},
        **given,
    )


def extend(of, until, reason="complex", regimes=UNION, now=NOW):
    return compute_extended_due_time(of, until, reason, regimes, now=now, zone=ZONE)


def test_a_term_is_extended_by_two_months_at_most_until_the_end_of_the_day():
    assert extend(request(), date(2027, 2, 22)).astimezone(ZONE).isoformat() == "2027-02-22T23:59:59+05:30"
    with pytest.raises(PayloadInvalid, match="beyond_two_months"):
        extend(request(), date(2027, 2, 23))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"regimes": INDIA}, "extension_unknown_to_law"),
        ({"of": request(RequestKind.GRIEVANCE)}, "extension_unknown_to_law"),
        ({"reason": "busy"}, "extension_reason_unknown"),
        ({"now": NOW + timedelta(days=31)}, "first_month_over"),
        ({"until": date(2026, 12, 1)}, "not_later"),
        ({"of": request(closed_at=NOW)}, "request_closed"),
        ({"of": replace(request(), clocks={EXTENSION_CLOCK: NOW.isoformat()})}, "extended_before"),
    ],
)
def test_it_is_refused_where_no_law_allows_it(given, fault):
    usual = {"of": request(), "until": date(2027, 1, 22)}
    with pytest.raises(PayloadInvalid, match=fault):
        extend(**usual | given)
