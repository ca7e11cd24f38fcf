"""Signatures that do not hold are evidence too, and a flood of them is one fact an hour."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bridge.errors import SignatureInvalid
from bridge.model import Fact
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.store import SqlStore
from bridge.web.refusals import SignatureFailureCounter
from tests.e2e import processes
from tests.factories import NOW


def rejected(services):
    with services.store.transaction() as tx:
        return [fact.detail for fact in tx.evidence.iterate_facts() if fact.fact == Fact.DELIVERY_REJECTED]


def refuse(refusals, reason):
    refusals.count_failure(SignatureInvalid(reason))


def test_v06_a_flood_of_wrong_signatures_is_one_fact_with_its_counts(services):
    refusals = SignatureFailureCounter(services)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: refuse(refusals, "mismatch" if n % 5 else "missing"), range(100)))
    assert rejected(services) == [], "no request waits for the database"
    refusals.flush_counts()
    refusals.flush_counts()
    assert rejected(services) == [
        {"reason": "signature", "count": 100, "reasons": {"mismatch": 80, "missing": 20}, "since": NOW.isoformat()}
    ]


def test_it_records_when_the_window_is_over_and_again_in_the_next(services):
    refusals = SignatureFailureCounter(services, flush_interval_s=0.05)
    for count in (1, 2):
        refuse(refusals, "missing")
        processes.until("a fact is recorded", lambda count=count: len(rejected(services)) == count)


def test_counts_wait_while_the_database_is_unavailable(services, clock, vault):
    away = SqlStore("postgresql+psycopg://nobody@127.0.0.1:1/none", keyring=vault, now=clock.now)
    refusals = SignatureFailureCounter(replace(services, store=away))
    refuse(refusals, "missing")
    refusals.flush_counts()
    refusals._services = services
    refuse(refusals, "mismatch")
    refusals.flush_counts()
    away.close()
    assert [(fact["count"], fact["since"]) for fact in rejected(services)] == [(2, NOW.isoformat())]


def test_a_web_process_counts_and_records_when_it_ends(tmp_path):
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url)
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path / "logs") as bridge, processes.services(environ) as services:
            bridge.start(workers=0, clock=False)
            for headers in ({}, {"X-Shopify-Hmac-Sha256": "wrong"}):
                assert processes.ask(bridge.url, "/webhooks/customers/redact", b"{}", headers).status == 401
            assert processes.ask(bridge.url, "/webhooks/shop/redact", how="GET").status == 401
            assert processes.post(bridge.url, "shop/redact", {"shop_domain": processes.SHOP}).status == 200
            assert rejected(services) == []
            bridge.stop(grace_s=10)
            [fact] = rejected(services)
    assert (fact["count"], fact["reasons"]) == (3, {"mismatch": 1, "missing": 2})
