"""Orders of which no webhook came, with real processes: a worker is killed in the middle, and nothing is lost or read twice."""

from __future__ import annotations

from collections import Counter

import pytest

from bridge.model import Reconciliation, ReconciliationState
from tests.e2e import processes
from tests.e2e.conftest import Town, founded


@pytest.fixture(scope="module")
def quiet_town(tmp_path_factory):
    """A town of its own: no webhook is posted."""
    folder = tmp_path_factory.mktemp("quiet")
    with founded(folder, f"sqlite:///{folder}/bridge.db", heavy=1_000) as town:
        yield town


def begin(town: Town, *words: str) -> str:
    processes.until("no other comparison runs", lambda: read_running(town) is None)
    [row] = processes.say(town.environ, *words, "--shop", town.world.shop, "--detach", "--json").json
    return str(row["id"])


def read_running(town: Town) -> Reconciliation | None:
    with town.services.store.read() as tx:
        return tx.reconciliations.find_running(town.world.shop)


def read_run(town: Town, run_id: str) -> Reconciliation:
    with town.services.store.read() as tx:
        run = tx.reconciliations.find_reconciliation(run_id)
    assert run is not None
    return run


def count_orders(town: Town) -> int:
    with town.services.store.read() as tx:
        return int(tx.session.connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() or 0)


def wait_for_end(town: Town, run_id: str) -> Reconciliation:
    processes.until("the run ends", lambda: read_run(town, run_id).state is not ReconciliationState.RUNNING, 120)
    return read_run(town, run_id)


def test_a_worker_that_is_killed_is_taken_over_after_its_last_page(quiet_town):
    shopify = quiet_town.stand_ins.shopify
    begin(quiet_town, "reconcile", "--since", "1h")
    processes.until("no other comparison runs", lambda: read_running(quiet_town) is None)
    shopify.calls.clear()
    shopify.latency_s = 0.2
    run_id = begin(quiet_town, "reconcile", "--since", "3650d")
    processes.until("some pages were filled in", lambda: read_run(quiet_town, run_id).counts.orders >= 100)
    assert quiet_town.bridge.kill("worker") >= 2, "worker and work-horse"
    before = read_run(quiet_town, run_id)
    assert before.state is ReconciliationState.RUNNING
    shopify.latency_s = 0.0
    quiet_town.bridge.start_process("worker")
    run = wait_for_end(quiet_town, run_id)
    assert run.state is ReconciliationState.DONE
    assert run.counts.orders == run.progress.expected > before.counts.orders
    pages = Counter(
        call["digest"] for call in shopify.calls.summarize_calls()["last"] if call["name"] == "ChangedOrders"
    )
    assert sum(times - 1 for times in pages.values()) <= 1, "only the page in flight is read again"
    assert count_orders(quiet_town) == run.progress.expected


def test_older_orders_come_from_a_file(quiet_town):
    shopify = quiet_town.stand_ins.shopify
    shopify.calls.clear()
    run = wait_for_end(quiet_town, begin(quiet_town, "backfill", "--since", "2016-01-01"))
    assert run.state is ReconciliationState.DONE
    assert run.counts.orders == run.progress.expected == count_orders(quiet_town) >= 1_000
    assert shopify.calls.summarize_calls()["by_name"]["BulkStart"] == 1
