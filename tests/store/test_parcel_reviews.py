"""Reviews of parcels in doubt: one for an order and number, with a decision that holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text

from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_PREFIX
from bridge.store.migrations.upgrade import downgrade_database, upgrade_database
from bridge.store.schema.notice_tables import notice_items
from bridge.store.schema.retention_tables import reviews
from tests.factories import NOW, OTHER_SHOP, SHOP, make_entry

PARCEL = {"order_id": "1001", "waybill": "AWB1"}


def test_a_parcel_has_one_review_and_one_decision_in_every_spelling(store):
    with store.transaction() as tx:
        opened = tx.reviews.open_parcel_review(SHOP, "why", **PARCEL, request_id="req_1")
        again = tx.reviews.open_parcel_review(SHOP, "why else", order_id="1001", waybill=" awb-1", request_id="req_2")
        assert again == opened
        assert tx.reviews.find_parcel_review(OTHER_SHOP, **PARCEL) is None
        assert tx.reviews.find_parcel_review(SHOP, order_id="1002", waybill="AWB1") is None
        assert tx.reviews.close_review(opened.id, actor="op", reason="asked", decision="refused")
        decided = tx.reviews.open_parcel_review(SHOP, "why", **PARCEL)
        assert (decided.id, decided.decision, decided.closed_by) == (opened.id, "refused", "op")
        found = tx.reviews.find_parcel_reviews(SHOP, [("1001", "awb1"), ("1002", "awb1")])
        assert found == {("1001", "awb1"): decided}
        assert tx.reviews.find_parcel_reviews(OTHER_SHOP, [("1001", "awb1")]) == {}
        [closed] = [event.detail for event in tx.evidence.iterate_facts() if event.fact == "review.closed"]
        assert closed["decision"] == "refused"


def test_the_items_of_a_review_are_those_that_wait_for_it(store):
    with store.transaction() as tx:
        review = tx.reviews.open_parcel_review(SHOP, "why", **PARCEL)
        blocker = tx.reviews.build_parcel_blocker(SHOP, **PARCEL)
        assert blocker.startswith(PARCEL_REVIEW_PREFIX)
        assert "AWB1" not in blocker
        waiting = make_entry(reference="AWB1", order_id="1001", matters=(blocker,), clues='{"is_return": true}')
        tx.notice_items.add_items(
            [waiting, make_entry(order_id="1001"), make_entry(order_id="1002", matters=(blocker,))]
        )
        assert tx.reviews.find_blocked_items(review) == (blocker, [waiting])
        assert tx.notice_items.list_blockers(SHOP, "1001") == (), "no other parcel of the order waits for it"


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_0006_carries_reviews_and_items_over(store):
    with store.transaction() as tx:
        opened = tx.reviews.open_parcel_review(SHOP, "why", **PARCEL)
        tx.notice_items.add_items([make_entry(reference="AWB1", clues="x")])
    downgrade_database(store.engine, "0005")
    with store.engine.begin() as connection:  # the release before goes on writing while this one is deployed
        row = dict(connection.execute(text("SELECT * FROM reviews")).mappings().one())
        assert "decision" not in row
    upgrade_database(store.engine)
    with store.engine.begin() as connection:
        columns = {name: value for name, value in row.items() if name not in ("id", "once_key", "opened_at")}
        connection.execute(insert(reviews).values(columns | {"id": "rev_before", "once_key": "k", "opened_at": NOW}))
        assert set(connection.scalars(select(reviews.c.decision))) == {""}
        assert list(connection.scalars(select(notice_items.c.clues))) == [""]
    with store.transaction() as tx:
        assert tx.reviews.find_parcel_review(SHOP, **PARCEL) == opened


def test_the_clues_of_an_item_go_with_its_reference(store):
    item = make_entry(reference="AWB1", clues="x")
    with store.transaction() as tx:
        tx.notice_items.add_items([item])
        tx.notice_items.save_items([replace(item, reference="")])
        assert list(tx.session.connection.scalars(select(notice_items.c.clues))) == [""]
