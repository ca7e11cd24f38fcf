"""An order of another customer that has the person's e-mail address: an operator decides, and the copy follows."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest

from bridge.errors import NeedsOperator
from bridge.model import Absence, Fact, FindingPage, Gap
from bridge.rules.requests.order_reviews import ORDER_REVIEW_KIND, OrderDecision
from bridge.steps.access.doubtful_orders import MAX_OPEN_REVIEWS, decide_order_review, find_doubtful_order
from bridge.steps.requests.process import process_request
from tests.factories import data_request_body, make_finding
from tests.steps.sealed_case import facts

BY = {"actor": "operator:devi", "reason": "the mailbox is shared; the customer confirmed it"}


@pytest.fixture
def doubted(platform, monkeypatch):
    """Let Shopify have orders of another customer with Asha's e-mail address. Return their numbers, to be changed."""
    numbers = ["2001"]

    def gather(principal, *, shop, parcels, cursor=""):
        platform.asked.append((principal, cursor))
        undecided = [
            one for one in numbers if one not in (*principal.confirmed_order_ids, *principal.foreign_order_ids)
        ]
        own = [make_finding("1001", id="gid://shopify/Order/1001")]
        own += [make_finding(one, id=f"gid://shopify/Order/{one}") for one in principal.confirmed_order_ids]
        reason = "another_customer_or_unconfirmed"
        gap = Gap(system="shopify", absence=Absence.UNATTRIBUTED, what=f"{len(undecided)} orders", reason=reason)
        yield FindingPage(
            findings=tuple(own), cursor="1", gaps=(gap,) if undecided else (), doubtful_orders=tuple(undecided)
        )

    monkeypatch.setattr(platform, "gather", gather)
    return numbers


def list_open_reviews(services):
    """Return the open reviews of orders."""
    with services.store.transaction() as tx:
        return list(tx.reviews.list_reviews(kind=ORDER_REVIEW_KIND))


def settle_doubt(services, review, decision):
    """Decide a review, and run what it makes due. Return the request's id."""
    with services.store.transaction() as tx:
        request_id = decide_order_review(review, decision, **BY, tx=tx)
    process_request(request_id, services=services)
    return request_id


def read_files(services, request_id):
    """Return the files of a request's package."""
    with services.store.transaction() as tx:
        raw = b"".join(tx.packages.read_package(request_id))
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def read_orders(files):
    """Return the numbers of the orders in a package."""
    return [record["ref"] for record in json.loads(files["data/records/orders.json"])["records"]]


def test_the_order_opens_a_review_and_nothing_of_it_is_in_the_copy(kept, doubted, request_access):
    files = request_access()
    [review] = list_open_reviews(kept)
    assert "2001" not in review.what
    assert read_orders(files) == ["1001"]
    # a digest may hold any number
    assert not re.search("(?<![0-9a-f])2001(?![0-9a-f])", "".join(files.values()))
    assert not json.loads(files["manifest.json"])["completeness"]["complete"]
    with kept.store.transaction() as tx:
        assert find_doubtful_order(review, tx) == "2001", "an operator can see which order it is"


@pytest.mark.parametrize(
    ("decision", "orders"), [(OrderDecision.RELEASED, ["1001", "2001"]), (OrderDecision.REFUSED, ["1001"])]
)
def test_the_decision_is_carried_into_the_copy(kept, doubted, request_access, decision, orders):
    """Both end the doubt: the copy has the order or not, and nothing is missing any more."""
    request_access()
    [review] = list_open_reviews(kept)
    request_id = settle_doubt(kept, review, decision)
    files = read_files(kept, request_id)
    assert read_orders(files) == orders
    assert [
        gap for gap in json.loads(files["manifest.json"])["completeness"]["gaps"] if gap["source"] == "shopify"
    ] == []
    assert list_open_reviews(kept) == []
    with kept.store.transaction() as tx:
        assert tx.reviews.find_review(review.id).decision == decision
        assert tx.requests.get_request(request_id).closed_at is not None
    assert [detail["review"] for _, detail in facts(kept, Fact.REQUEST_REPLAYED)] == [review.id]


@pytest.mark.parametrize(
    ("decision", "orders"), [(OrderDecision.RELEASED, ["1001", "2001"]), (OrderDecision.REFUSED, ["1001"])]
)
def test_a_decision_holds_for_the_next_request(kept, doubted, run_delivery, request_access, decision, orders):
    """It is found when Shopify names the order again; then the shop is read anew."""
    request_access(1)
    [review] = list_open_reviews(kept)
    settle_doubt(kept, review, decision)
    request_id = run_delivery("customers/data_request", data_request_body(2))
    process_request(request_id, services=kept)
    assert read_orders(read_files(kept, request_id)) == orders
    assert list_open_reviews(kept) == []


def test_each_order_is_decided_by_itself(kept, doubted, request_access):
    doubted += ["2002", "2003"]
    request_access()
    reviews = list_open_reviews(kept)
    assert len(reviews) == 3
    with kept.store.transaction() as tx:
        by_number = {find_doubtful_order(review, tx): review for review in reviews}
    settle_doubt(kept, by_number["2002"], OrderDecision.REFUSED)
    request_id = settle_doubt(kept, by_number["2003"], OrderDecision.RELEASED)
    assert read_orders(read_files(kept, request_id)) == ["1001", "2003"]
    assert [review.id for review in list_open_reviews(kept)] == [by_number["2001"].id]


def test_a_shared_mailbox_opens_no_thousand_reviews(kept, doubted, request_access):
    doubted += [str(number) for number in range(3000, 3400)]
    request_access()
    assert 0 < len(list_open_reviews(kept)) <= MAX_OPEN_REVIEWS


def test_a_number_that_was_destroyed_with_the_data_cannot_be_decided(kept, doubted, request_access):
    request_access()
    [review] = list_open_reviews(kept)
    with kept.store.transaction() as tx:
        tx.findings.delete_findings(review.request_id)
    with kept.store.transaction() as tx, pytest.raises(NeedsOperator, match="open a new access request"):
        decide_order_review(review, OrderDecision.RELEASED, **BY, tx=tx)
    assert list_open_reviews(kept) == [review]


def test_the_decisions_of_a_request_survive_sealing(kept, doubted, request_access):
    request_access()
    [review] = list_open_reviews(kept)
    request_id = settle_doubt(kept, review, OrderDecision.RELEASED)
    with kept.store.transaction() as tx:
        principal = tx.requests.get_request(request_id).principal
    assert (principal.confirmed_order_ids, principal.foreign_order_ids) == (("2001",), ())
