"""A reconciliation finds what no webhook brought, and brings nothing else."""

from __future__ import annotations

from bridge.model import ReconciliationState


def test_orders_of_which_no_webhook_came_are_filled_in(case):
    run = case.reconcile()
    assert run.state is ReconciliationState.DONE
    assert run.counts.missing == run.counts.orders == len(case.world.orders)
    waybills = {parcel.waybill for parcel in case.world.parcels}
    with case.services.store.read() as tx:
        rows = tx.session.connection.exec_driver_sql("SELECT count(*) FROM parcels").scalar()
    assert rows >= len(waybills)
    assert run.counts.documents > 0


def test_a_second_run_finds_nothing(case):
    case.reconcile()
    before = case.read_index()
    run = case.reconcile()
    assert (run.counts.orders, run.counts.holes) == (len(case.world.orders), 0)
    assert case.read_index() == before
