"""Runs: one of a shop at a time, leased, forgotten after a while; what is said of the shops' last ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import LeaseLost
from bridge.model import HoleCounts, ReconciliationKind, ReconciliationProgress, ReconciliationState
from tests.factories import NOW, OTHER_SHOP, SHOP, make_reconciliation


def end(store, run, *, hours_ago=0, state=ReconciliationState.DONE, **given):
    """Store a run that ended; return it."""
    run = replace(run, state=state, finished_at=NOW - timedelta(hours=hours_ago), **given)
    with store.transaction() as tx:
        assert tx.reconciliations.open_reconciliation(replace(run, state=ReconciliationState.RUNNING))
        tx.reconciliations.release_lease(tx.reconciliations.acquire_lease(run.id), run, wake_at=None)
    return run


def test_a_run_is_read_as_it_was_stored_and_its_progress_is_sealed(store):
    progress = ReconciliationProgress(after="5693500016755", export="gid#1,2", can_export=True, denied=("order.email",))
    run = end(store, make_reconciliation(), progress=progress, counts=HoleCounts(orders=3, parcels=2))
    with store.read() as tx:
        assert tx.reconciliations.find_reconciliation(run.id) == run
        sealed = tx.session.connection.exec_driver_sql("SELECT progress FROM reconciliations").scalar()
    assert b"5693500016755" not in bytes(sealed)


def test_another_run_of_the_shop_begins_when_the_first_ended(store):
    first = make_reconciliation()
    with store.transaction() as tx:
        assert tx.reconciliations.open_reconciliation(first)
        assert not tx.reconciliations.open_reconciliation(make_reconciliation())
        assert tx.reconciliations.open_reconciliation(make_reconciliation(shop=OTHER_SHOP))
        lease = tx.reconciliations.acquire_lease(first.id)
        ended = replace(first, state=ReconciliationState.FAILED, finished_at=NOW)
        tx.reconciliations.release_lease(lease, ended, wake_at=None)
        assert tx.reconciliations.open_reconciliation(make_reconciliation())
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.reconciliations.verify_lease(lease)


def test_a_worker_whose_lease_ended_stores_nothing(store, clock):
    run = make_reconciliation()
    with store.transaction() as tx:
        tx.reconciliations.open_reconciliation(run)
        slow = tx.reconciliations.acquire_lease(run.id)
    clock.at += timedelta(minutes=1)
    with store.transaction() as tx:
        assert tx.reconciliations.acquire_lease(run.id)
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.reconciliations.save_progress(slow, run)


def test_the_shop_that_was_compared_first_says_how_old_the_oldest_comparison_is(store):
    with store.read() as tx:
        assert tx.reconciliations.find_oldest_comparison([SHOP]) is None
    end(store, make_reconciliation(), hours_ago=50)
    end(store, make_reconciliation(), hours_ago=3)
    end(store, make_reconciliation(shop=OTHER_SHOP), hours_ago=30)
    end(store, make_reconciliation(shop=OTHER_SHOP, kind=ReconciliationKind.BACKFILL), hours_ago=1)
    end(store, make_reconciliation(shop=OTHER_SHOP), hours_ago=0, state=ReconciliationState.FAILED)
    with store.read() as tx:
        assert tx.reconciliations.find_oldest_comparison([SHOP, OTHER_SHOP]) == NOW - timedelta(hours=30)
        assert tx.reconciliations.find_oldest_comparison([SHOP]) == NOW - timedelta(hours=3)
        latest = tx.reconciliations.list_latest()
    assert len(latest) == 4, "of each shop: done, failed, imported"


def test_runs_that_ended_long_ago_are_forgotten(store, clock):
    old = end(store, make_reconciliation(), counts=HoleCounts(missing=7))
    with store.read() as tx:
        assert tx.reconciliations.sum_counts()["missing"] == 7
    clock.at += timedelta(days=91)
    with store.transaction() as tx:
        assert tx.reconciliations.open_reconciliation(make_reconciliation(shop=SHOP))
        assert tx.reconciliations.find_reconciliation(old.id) is None
