"""Sealing the package in the caller's transaction with one fact; a second call gives one package."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from bridge.model import Absence, Fact, Gap, Outcome, TaskState
from bridge.steps.access.package import build_access_package, save_access_package
from tests.steps.access.export_case import MERCHANT, NOW, REQUEST, RETENTION, asha, found, task


class Pieces(io.BytesIO):
    """A stream that can only be written, like the store's."""

    def seekable(self):
        """Return False."""
        return False

    def readable(self):
        """Return False."""
        return False


def find_none(*_args, **_of):
    """Find nothing."""
    return []


# The bridge's own records of a person without any.
NOTHING_OF_OUR_OWN = {
    "person_lookup": SimpleNamespace(list_order_rows=find_none, derive_order_keys=lambda *_: {}),
    "documents": SimpleNamespace(list_documents_of_order_keys=find_none),
    "legal_holds": SimpleNamespace(find_legal_holds_by_order=lambda _orders: {}),
    "refunds": SimpleNamespace(list_refund_accounts_of_orders=find_none, find_account_ids_on_legal_hold=find_none),
    "index": SimpleNamespace(list_parcels_of_rows=find_none),
    "person_bodies": SimpleNamespace(list_bodies=lambda *_, **_limit: ([], True)),
    "nominations": SimpleNamespace(list_nominations_of_person=find_none),
    "disclosures": SimpleNamespace(derive_keys=lambda *_: set(), list_disclosures_of=find_none),
    "requests": SimpleNamespace(list_requests_of_same_person=find_none),
}


class Memory:
    """A store in memory that rolls back a block that raises."""

    def __init__(self, tasks, records=None):
        """Create it with findings and no package."""
        self.tasks_kept = tasks
        self.kept = asha() if records is None else records
        self.packages, self.facts, self.reviews = {}, [], []

    @contextmanager
    def transaction(self):
        """Open one transaction."""
        facts, packages = [], {}

        def save(request_id, pieces):
            packages[request_id] = pieces.getvalue()

        yield SimpleNamespace(
            findings=SimpleNamespace(read_findings=lambda _id: iter(self.kept)),
            packages=SimpleNamespace(
                open_pieces=lambda _id: Pieces(), save_package=save, filter_kept_packages=lambda _ids: frozenset()
            ),
            evidence=SimpleNamespace(append_fact=lambda fact, **detail: facts.append((fact, detail))),
            erasures=SimpleNamespace(list_prior_erasures=lambda _shop, _who: []),
            **NOTHING_OF_OUR_OWN,
            reviews=SimpleNamespace(
                open_review=lambda *args, **of: self.reviews.append((*args, of)),
                find_parcel_reviews=lambda *_: {},
                find_standing_requests=lambda *_, **__: set(),
            ),
        )
        self.packages |= packages
        self.facts += facts


def seal_package(store):
    """Seal in one transaction with only what the step may use; any other access fails."""
    services = SimpleNamespace(
        merchant=MERCHANT, retention=RETENTION, clock=SimpleNamespace(now=lambda: NOW), signing_key_fingerprint=""
    )
    with (
        store.transaction() as tx,
        build_access_package(REQUEST, store.tasks_kept, tx=tx, services=services) as package,
    ):
        save_access_package(REQUEST, package, tx=tx)
        return package.manifest.complete


def test_a_complete_package_is_sealed_with_its_fact():
    """The fact has counts and a hash, no personal data."""
    store = Memory([task("shopify", records=3), task("delhivery")])
    assert seal_package(store) is True
    with zipfile.ZipFile(io.BytesIO(store.packages[REQUEST.id])) as opened:
        assert "data/00_letter.html" in opened.namelist()
    [(fact, detail)] = store.facts
    assert fact is Fact.PACKAGE_SEALED
    assert detail["subject"] == "hmac:subject"
    assert detail["records"] == 4
    assert detail["complete"] is True
    assert detail["recipients_named"] is True
    assert detail["files"] > 30
    assert len(detail["manifest_sha256"]) == 64
    assert "asha" not in repr(detail).casefold()
    [(shop, kind, what, of)] = store.reviews
    assert (shop, kind, of) == (REQUEST.shop, "bank_details", {"request_id": REQUEST.id})
    assert "123456789012" not in what, "the customer note holds an account: location and kind, no value"


def test_records_without_bank_details_open_no_review():
    store = Memory([task("shopify")], records=[found("order", {"id": 1, "note": "For Asha, call 9000000001"})])
    seal_package(store)
    assert store.reviews == []


def test_a_system_that_is_down_does_not_delay_the_package():
    """S-01: the package is on time and says that it is incomplete."""
    down = Gap(system="delhivery", absence=Absence.UNREACHED, what="1 waybill", reason="source_unavailable")
    state = {"state": TaskState.FAILED, "outcome": Outcome.UNREACHED, "gaps": (down,)}
    store = Memory([task("shopify"), task("delhivery", **state)], records=asha()[:1])
    assert seal_package(store) is False
    assert store.facts[0][1]["complete"] is False


def test_twice_is_the_same_package():
    """A second call replaces the package with an equal one."""
    store = Memory([task("shopify")])
    seal_package(store)
    once = store.packages[REQUEST.id]
    seal_package(store)
    assert store.packages == {REQUEST.id: once}


def test_a_failure_leaves_neither_package_nor_fact():
    """A failure while writing stores nothing."""

    def broken():
        yield from asha()[:1]
        raise OSError("gone")

    store = Memory([task("shopify")])
    store.kept = broken()
    with pytest.raises(OSError, match="gone"):
        seal_package(store)
    assert store.packages == {}
    assert store.facts == []
