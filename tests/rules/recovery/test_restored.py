"""Whether a database is older than its ledger, decided from the two ends of the chain."""

from datetime import timedelta

import pytest

from bridge.model import Destruction, LedgerHead, Tombstone
from bridge.rules.recovery.restored import compare_with_ledger_head, filter_live_tombstones
from tests.factories import NOW, OTHER_SHOP, SHOP

SEEN = LedgerHead(at=NOW, seq=8, hash="8" * 64, signature="signed")


@pytest.mark.parametrize(
    ("seen", "seq", "hash_there", "why"),
    [
        (None, 0, "", ""),
        (SEEN, 8, "8" * 64, ""),
        (SEEN, 20, "8" * 64, ""),
        (SEEN, 7, "", "database_older"),
        (SEEN, 0, "", "database_older"),
        (SEEN, 8, "f" * 64, "chain_differs"),
        (SEEN, 20, "f" * 64, "chain_differs"),
    ],
)
def test_a_database_is_compared_with_the_last_head_of_the_ledger(seen, seq, hash_there, why):
    assert compare_with_ledger_head(seen, seq, hash_there) == why


def test_tombstones_of_an_erased_shop_are_dropped_and_newer_ones_stay():
    def key(name, **given):
        fields = {"shop": SHOP, "field": "customer", "key": name, "erased_at": NOW, "request_id": "req_1"}
        return Tombstone(**(fields | given))

    ended = Destruction(kind="shop", ref="req_2", shop=SHOP, at=NOW + timedelta(days=1))
    document = Destruction(kind="document", ref="doc_1", shop=OTHER_SHOP, at=NOW + timedelta(days=1))
    newer = key("newer", erased_at=NOW + timedelta(days=2))
    elsewhere = key("elsewhere", shop=OTHER_SHOP)
    assert filter_live_tombstones([key("dead"), newer, elsewhere], [ended, document]) == [newer, elsewhere]
