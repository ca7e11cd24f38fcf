"""`reconcile` and `backfill`: what they show while a worker works, and what `doctor` says of it afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bridge.cli.reconcile import reconcile_view
from bridge.sandbox.merchant_files import write_merchant_files
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.steps.index.reconcile import run_reconciliation as step
from bridge.store.schema.index_tables import reconciliations
from tests.e2e import processes
from tests.kit.doctor_checks import index_checks, run_offline_doctor

TEN_YEARS_AGO = (datetime.now(UTC) - timedelta(days=3650)).date().isoformat()


class Counter:
    """A bridge with an empty index, a stand-in with orders, and a worker that is started where a test needs one."""

    def __init__(self, environ, services, world, stand_ins) -> None:
        self.environ, self.services, self.world, self.stand_ins = environ, services, world, stand_ins

    def say(self, *words: str) -> processes.Result:
        return processes.say(self.environ, *words)

    def work_on_due_runs(self) -> None:
        with self.services.store.read() as tx:
            due = list(
                tx.session.connection.scalars(
                    select(reconciliations.c.id).where(reconciliations.c.wake_at.is_not(None))
                )
            )
        for run_id in due:
            step.run_reconciliation(run_id, services=self.services)

    @contextmanager
    def worker(self) -> Iterator[None]:
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(0.05):
                self.work_on_due_runs()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def counter(tmp_path, monkeypatch):
    monkeypatch.setattr(reconcile_view, "POLL_S", 0.05)
    world, uninstalled = invent_worlds(12, datetime.now(UTC) - timedelta(days=10))
    stand_ins = StandIns(world, uninstalled).start()
    files = write_merchant_files(tmp_path, shops=[world.shop], notice_terms={})
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "", **stand_ins.environment, **files)
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Counter(environ, services, world, stand_ins)
    stand_ins.stop()


def test_a_reconciliation_is_followed_to_its_end(counter):
    with counter.worker():
        output = counter.say("reconcile", "--since", "3650d", "--json")
    assert output.code == 0, output.err
    [row] = output.json
    assert (row["shop"], row["state"], row["missing"]) == (counter.world.shop, "done", len(counter.world.orders))
    assert f"{len(counter.world.orders)} orders compared" in output.err
    with counter.worker():
        [again] = counter.say("reconcile", "--since", "3650d", "--json").json
    assert (again["orders"], again["missing"], again["outdated"]) == (len(counter.world.orders), 0, 0)


def test_a_dry_run_changes_nothing_and_needs_no_worker(counter):
    output = counter.say("reconcile", "--since", "3650d", "--dry-run", "--json")
    assert (output.code, output.json[0]["missing"]) == (0, len(counter.world.orders))
    with counter.services.store.read() as tx:
        assert tx.session.connection.execute(select(reconciliations.c.id)).all() == []


def test_a_detached_run_is_done_by_a_worker_later_and_doctor_shows_it(counter):
    [row] = counter.say("backfill", "--since", TEN_YEARS_AGO, "--detach", "--json").json
    assert (row["state"], row["orders"]) == ("running", 0)
    _, checks = run_offline_doctor(counter.environ, f"{counter.world.shop} backfill")
    assert checks[f"{counter.world.shop} backfill"]["ok"] is None
    counter.work_on_due_runs()
    with counter.worker():
        refused = counter.say("reconcile", "--json")
    assert refused.code == 0, refused.err


def test_while_one_runs_another_kind_is_refused_and_the_same_is_followed(counter):
    counter.say("backfill", "--since", TEN_YEARS_AGO, "--detach")
    refused = counter.say("reconcile", "--detach")
    assert refused.code == 1
    assert "another comparison" in refused.err
    with counter.worker():
        followed = counter.say("backfill", "--since", TEN_YEARS_AGO, "--json")
    assert (followed.code, followed.json[0]["missing"]) == (0, len(counter.world.orders))
    assert "it is followed" in followed.err


def test_a_backfill_says_beforehand_how_many_orders_and_how_long(counter):
    output = counter.say("backfill", "--since", TEN_YEARS_AGO, "--dry-run", "--json")
    [row] = output.json
    assert (row["orders"], row["by"], row["sees_all_orders"]) == (len(counter.world.orders), "pages", True)
    assert row["expected_minutes"] >= 1
    assert "orders, about" in counter.say("backfill", "--since", TEN_YEARS_AGO, "--dry-run").out


def test_without_the_scope_the_window_of_sixty_days_is_named(counter):
    counter.stand_ins.shopify.faults.add("deny_scope", scope="read_all_orders")
    assert "last 60 days" in counter.say("backfill", "--since", TEN_YEARS_AGO, "--dry-run").err
    with counter.worker():
        output = counter.say("backfill", "--since", TEN_YEARS_AGO)
    assert (output.code, "last 60 days" in output.err) == (0, True)
    code, checks = run_offline_doctor(counter.environ, f"{counter.world.shop} orders imported")
    assert code == 1
    assert "read_all_orders" in checks[f"{counter.world.shop} orders imported"]["detail"]


def test_a_run_that_failed_ends_with_1_and_doctor_says_what_to_type(counter):
    counter.stand_ins.shopify.faults.add("http_403", match="OrderCount", times=None)
    with counter.worker():
        output = counter.say("reconcile")
    assert output.code == 1
    assert "shopify: forbidden" in output.out
    code, checks = run_offline_doctor(counter.environ, f"{counter.world.shop} reconcile")
    assert code == 1
    assert "python -m bridge reconcile" in checks[f"{counter.world.shop} reconcile"]["detail"]


def test_doctor_fails_where_nothing_was_compared_for_two_days(counter):
    name = f"{counter.world.shop} orders compared"
    _, checks = run_offline_doctor(counter.environ, name)
    assert (checks[name]["ok"], "never" in checks[name]["detail"]) == (None, True)
    with counter.worker():
        counter.say("reconcile", "--since", "3650d")
    _, checks = run_offline_doctor(counter.environ, name)
    assert checks[name]["ok"] is True
    assert "holes filled" in checks[name]["detail"]
    for hours, ok in ((47, True), (49, False)):
        with counter.services.store.transaction() as tx:
            at = datetime.now(UTC) - timedelta(hours=hours)
            tx.session.connection.execute(update(reconciliations).values(finished_at=at))
        _, checks = run_offline_doctor(counter.environ, name)
        assert checks[name]["ok"] is ok


def test_doctor_names_subscriptions_that_are_missing_or_wrong(counter):
    shop = counter.stand_ins.shopify.shops[counter.world.shop]
    shop.subscribe("ORDERS_PAID", "https://elsewhere.example.com/webhooks/orders/paid")
    shop.subscribe("REFUNDS_CREATE", "http://localhost:8000/webhooks/refunds/create", api_version="2026-07")
    with counter.worker():
        counter.say("reconcile", "--since", "3650d")
    checks = index_checks(counter.say("doctor", "--json"), counter.world.shop)
    found = {
        name.removeprefix(f"{counter.world.shop} ").removesuffix(" subscription"): check
        for name, check in checks.items()
        if name.endswith(" subscription")
    }
    assert found["orders/create"]["ok"] is False, "there are orders, and it never came"
    assert "shopify app deploy" in found["orders/create"]["detail"]
    assert found["orders/delete"]["ok"] is None, "perhaps none was deleted"
    assert "elsewhere.example.com" in found["orders/paid"]["detail"]
    assert "2026-07" in found["refunds/create"]["detail"]
    assert found["orders/paid"]["ok"] is found["refunds/create"]["ok"] is False


def test_a_shop_that_is_not_the_merchants_is_refused(counter):
    assert counter.say("reconcile", "--shop", "other.myshopify.com").code == 2
