"""A changed retention file is compared before it takes effect (E-12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import DocumentKind
from bridge.rules.retention.release import ReleaseDayChange
from bridge.steps.retention import accept_policy as step
from bridge.steps.retention.accept_policy import (
    PolicyChange,
    accept_policy,
    activate_or_review_policy,
    count_by_direction,
    count_policy_changes,
    iterate_order_retention,
)
from bridge.steps.retention.expire_documents import DocumentExpiryResult, expire_documents
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from tests.factories import SHOP
from tests.kit.stored import list_reviews
from tests.steps.sealed_case import decided, documents, facts, seal

ACCEPTED, CHANGED = "law_file.accepted", "law_file.changed"


@pytest.fixture
def company(services):
    """Return services of a company with two dated invoices."""
    made = decided(services, form="company")
    assert activate_or_review_policy(services=made)
    seal(made, 1001)
    seal(made, 1002, datetime(2027, 5, 1, tzinfo=UTC))
    assert expire_documents(services=made).dated == 2
    return made


def list_erasable_days(services):
    return sorted(str(each.erasable_from) for each in documents(services).values())


def list_policy_reviews(services):
    return [what for _, what in list_reviews(services.store, kind="law_file_changed")]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_every_order_is_read_once_with_any_page_size(company, monkeypatch, page):
    monkeypatch.setattr(step, "ORDERS_PER_PAGE", page)
    seal(company, 1001, kind=DocumentKind.CREDIT_NOTE, source_id="refund-1")
    walked = list(iterate_order_retention(today=date(2026, 11, 22), services=company))
    assert sorted(len(documents) for _, documents, _, _ in walked) == [1, 2]


def test_the_first_file_is_accepted_with_a_fact(services):
    ours = decided(services)
    assert activate_or_review_policy(services=ours)
    assert activate_or_review_policy(services=ours), "a second call changes nothing"
    ((fact, detail),) = facts(ours, ACCEPTED, CHANGED)
    assert (fact, detail["sha256"], detail["was"], detail["earlier"]) == (ACCEPTED, "a" * 64, "", 0)


def test_a_file_that_shortens_nothing_is_accepted_by_the_bridge(company):
    longer = replace(company.retention.holds["companies_books"], args={"years": 9})
    holds = {**company.retention.holds, "companies_books": longer}
    ours = decided(company, "b" * 64, form="company", holds=holds)
    assert expire_documents(services=ours).dated == 2
    assert list_erasable_days(ours) == ["2036-04-01", "2037-04-01"]
    assert [(fact, detail["later"]) for fact, detail in facts(ours, ACCEPTED)] == [(ACCEPTED, 0), (ACCEPTED, 2)]
    assert list_policy_reviews(ours) == []


def test_e12_a_file_that_shortens_retention_destroys_nothing_until_it_is_accepted(company, clock):
    firm = decided(company, "b" * 64)
    clock.at = datetime(2034, 6, 1, tzinfo=UTC)
    for _ in range(2):
        assert expire_documents(services=firm) == DocumentExpiryResult(policy_accepted=False)
    assert list_erasable_days(firm) == ["2035-04-01", "2036-04-01"], "the stored dates remain for the comparison"
    ((_, detail),) = facts(firm, CHANGED)
    assert {name: detail[name] for name in ("sha256", "was", "earlier", "later", "same")} == {
        "sha256": "b" * 64,
        "was": "a" * 64,
        "earlier": 2,
        "later": 0,
        "same": 0,
    }
    assert (detail["first_day"], detail["last_day"]) == ("2034-04-01", "2035-04-01")
    assert list_policy_reviews(firm) == [f"{'b' * 16}: 2 orders would be released earlier"]
    assert count_policy_changes(services=firm) == {
        PolicyChange(
            direction=ReleaseDayChange.EARLIER,
            old_day=date(2035, 4, 1),
            new_day=date(2034, 4, 1),
            grounds=("income_tax_books", "gst_books"),
        ): 1,
        PolicyChange(
            direction=ReleaseDayChange.EARLIER,
            old_day=date(2036, 4, 1),
            new_day=date(2035, 4, 1),
            grounds=("income_tax_books", "gst_books"),
        ): 1,
    }

    found = accept_policy(actor="operator:a", reason="the accountant said so", services=firm)
    assert count_by_direction(found)[ReleaseDayChange.EARLIER] == 2
    assert list_policy_reviews(firm) == []
    assert expire_documents(services=firm) == DocumentExpiryResult(policy_accepted=True, dated=1, destroyed=1)
    assert list_erasable_days(firm) == ["2035-04-01"]
    with firm.store.transaction() as tx:
        actor = [event.actor for event in tx.evidence.iterate_facts() if event.fact == ACCEPTED][-1]
    assert actor == "operator:a"
    with pytest.raises(PayloadInvalid, match="already_accepted"):
        accept_policy(actor="operator:a", reason="again", services=firm)


def test_loading_the_accepted_file_again_closes_the_review_and_another_can_open(company, clock):
    firm = decided(company, "b" * 64)
    assert not activate_or_review_policy(services=firm)
    clock.at += timedelta(hours=1)
    assert activate_or_review_policy(services=company)
    assert list_policy_reviews(company) == []
    clock.at += timedelta(hours=1)
    assert not activate_or_review_policy(services=firm)
    assert len(list_policy_reviews(firm)) == 1
    other = decided(company, "c" * 64)
    assert not activate_or_review_policy(services=other)
    assert list_policy_reviews(other) == [f"{'c' * 16}: 2 orders would be released earlier"], (
        "the review about file b is closed"
    )
    assert len(facts(firm, CHANGED)) == 3


def test_setting_the_legal_form_is_such_a_change(services):
    before = decided(services, form="unknown")
    activate_or_review_policy(services=before)
    seal(before)
    expire_documents(services=before)
    assert list_erasable_days(before) == ["None"]
    after = decided(services, "b" * 64)
    assert expire_documents(services=after) == DocumentExpiryResult(policy_accepted=False)
    assert count_by_direction(count_policy_changes(services=after))[ReleaseDayChange.EARLIER] == 1


def test_a_hold_released_before_the_acceptance_leaves_the_stored_dates(company):
    held = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor="operator:a", reason="summons", services=company)
    firm = decided(company, "b" * 64)
    assert expire_documents(services=firm) == DocumentExpiryResult(policy_accepted=False)
    assert list_erasable_days(firm) == ["2036-04-01", "None"]
    release_legal_hold(held.legal_hold.id, actor="operator:a", reason="settled", services=firm)
    seal(firm, 1003)
    assert expire_documents(services=firm) == DocumentExpiryResult(policy_accepted=False)
    assert list_erasable_days(firm) == ["2036-04-01", "None", "None"]
    accept_policy(actor="operator:a", reason="the accountant said so", services=firm)
    assert expire_documents(services=firm).dated == 3
    assert list_erasable_days(firm) == ["2034-04-01", "2034-04-01", "2035-04-01"]
