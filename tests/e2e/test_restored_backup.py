"""A backup from before an erasure is restored: nothing is worked on, and after the check the person is absent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from bridge.errors import BridgeError, KeyMissing, NeedsOperator
from bridge.model import (
    Destruction,
    DocumentForm,
    DocumentKind,
    Fact,
    InvoiceCopy,
    LedgerHead,
    Outcome,
    Principal,
    RequestKind,
    TaskAction,
)
from bridge.steps.erasure.erase_person import execute_erasure
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.recovery.ledger_gate import check_ledger_gate, read_ledger_gate
from bridge.steps.recovery.reapply_erasures import repair_restored_database
from bridge.steps.recovery.sync_ledger import sync_ledger
from bridge.steps.retention.expire import expire_aged_records
from bridge.store import Keyring, SqlStore
from bridge.store.recovery.ledger import SqlLedger
from bridge.store.schema.index_tables import data_keys, orders, suppressions
from bridge.store.schema.retention_tables import destructions, refund_accounts
from bridge.store.schema.tables import deliveries, requests
from tests.e2e import backups
from tests.factories import (
    ASHA,
    CANARIES,
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    customer,
    make_request,
    make_task,
    merged,
    notified_processors,
    opened,
    order,
    order_body,
)
from workers import jobs
from workers.schedule import tick

BHAVNA = {"customer": {"id": 7002, "email": "bhavna@example.com"}, "email": "bhavna@example.com", "phone": ""}
COPY = InvoiceCopy(
    kind=DocumentKind.INVOICE,
    form=DocumentForm.AS_ISSUED,
    order_id="1003",
    source_id="1003",
    issued_at=NOW,
    content=b"an invoice whose day has come",
)


class House:
    """One bridge with a ledger, and its backups."""

    def __init__(self, services, store, ledger, folder, postgres):
        self.services, self.store, self.ledger = services, store, ledger
        self._folder, self._postgres = folder, postgres
        self._url = store.engine.url.render_as_string(hide_password=False)

    def learn(self, *sightings, shop=SHOP):
        with self.store.transaction() as tx:
            return len(tx.index.ingest_sightings(shop, sightings))

    def ask(self, who=ASHA, **given):
        with self.store.transaction() as tx:
            subject = tx.person_lookup.find_subject(SHOP, who)
            request = make_request(**{"kind": RequestKind.ERASURE, "principal": who, "subject": subject} | given)
            opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
        return request.id

    def erase(self, request_id):
        with self.store.transaction() as tx:
            legal_hold, request = tx.requests.acquire_lease(request_id), tx.requests.get_request(request_id)
            [task] = [one for one in tx.tasks.list_tasks(request_id) if one.action is TaskAction.ERASE]
        return execute_erasure(request, task, legal_hold, services=self.services)

    def done(self, request_id):
        mine = update(requests).where(requests.c.id == request_id)
        with self.store.engine.begin() as connection:
            connection.execute(mine.values(state="done", active_key=None))

    def backup(self):
        return backups.backup(self._url, self._folder / "backup", self._postgres)

    def restore(self, source):
        self.store.engine.dispose()
        backups.restore(self._url, source, self._postgres)

    def check(self, **given):
        return repair_restored_database(actor="operator:test", services=self.services, **given)

    def dump(self):
        return backups.dump(self._url, self._postgres)

    def orders(self, who=ASHA):
        with self.store.transaction() as tx:
            return list(tx.index.list_orders(SHOP, who))

    def rows(self, table):
        with self.store.engine.connect() as connection:
            return connection.execute(select(table)).all()

    def facts(self, fact):
        with self.store.transaction() as tx:
            assert tx.evidence.verify_chain()
            return [one for one in tx.evidence.iterate_facts() if one.fact == fact]


@pytest.fixture
def house(services, store, database_url, tmp_path, request):
    is_postgres = database_url.startswith("postgresql")
    postgres = request.getfixturevalue("postgres") if is_postgres else None
    away = tmp_path / "elsewhere"
    away.mkdir()
    url = postgres.create_database("ledger_of_the_drill") if postgres else f"sqlite:///{away}/ledger.db"
    ledger = SqlLedger(url)
    merchant = replace(services.merchant, processors=notified_processors())
    yield House(replace(services, ledger=ledger, merchant=merchant), store, ledger, tmp_path, postgres)
    ledger.close()


@pytest.fixture
def restored(house, clock):
    """Restore yesterday's backup: Asha, erased today, is in it again."""
    house.learn(customer(), order(1001, parcels=[("Delhivery", "AWB7007007")]), order(1003, **BHAVNA))
    accepted(house.store, "orders/paid", {"id": 1, "name": "Asha Qwertzuiop"}, webhook_id="before")
    backup = house.backup()
    clock.at = NOW + timedelta(days=1)
    house.request_id = house.ask()
    assert house.erase(house.request_id).outcome is Outcome.ERASED
    assert sync_ledger(services=house.services) == 4
    assert house.orders() == []
    house.restore(backup)
    return house


def test_t25_an_erased_person_that_a_backup_brought_back_is_erased_again(restored, monkeypatch, queue):
    """Requirement E-08."""
    assert restored.orders() == ["1001"], "the data is back"
    with restored.store.transaction() as tx:
        subject = tx.person_lookup.find_subject(SHOP, ASHA)
    [key_id] = [row.id for row in restored.rows(data_keys) if row.subject == subject]
    [sealed] = [row for row in restored.rows(orders) if row.data_key_id == key_id]

    tick(restored.services, "the clock", 2.0, None)
    assert read_ledger_gate(services=restored.services) == "database_older"
    assert queue.jobs == [], "the clock enqueues nothing"
    worked = []
    monkeypatch.setattr(jobs, "open_services", lambda: restored.services)
    jobs._run_step("index", SHOP, lambda: worked.append("index"))
    assert worked == [], "the worker refuses"
    late = accepted(restored.store, "orders/updated", order_body(1001))
    assert [row.id for row in restored.rows(deliveries) if row.id == late.id], "webhooks are kept"

    dry = restored.check(dry_run=True)
    assert (dry.why, dry.tombstones, dry.left, dry.removed) == ("database_older", 4, 4, {})
    assert restored.orders() == ["1001"]
    done = restored.check()
    assert (done.tombstones, done.left, done.faults) == (4, 0, [])
    assert done.removed == {"orders": 1, "parcels": 1, "customers": 1}
    assert done.lost == [restored.request_id]

    assert restored.orders() == []
    assert restored.orders(Principal(customer_id="7002")) == ["1003"], "others stay"
    with pytest.raises(KeyMissing, match=key_id), restored.store.transaction() as tx:
        tx.session.open(sealed.doc, f"orders|{sealed.order_key}|doc|{SHOP}")
    whole = restored.dump().lower()
    assert not [canary for canary in CANARIES if canary.lower().encode() in whole]
    assert {row.field for row in restored.rows(suppressions)} == {"customer", "email", "phone", "order"}

    assert read_ledger_gate(services=restored.services) == check_ledger_gate(services=restored.services) == ""
    jobs._run_step("index", SHOP, lambda: worked.append("index"))
    assert worked == ["index"], "the gate is open"
    index_deliveries(SHOP, services=restored.services)
    assert restored.orders() == [], "a late webhook is dropped"
    assert restored.facts(Fact.LATE_DELIVERY_DROPPED)


def test_the_chain_goes_on_and_names_what_was_lost(restored):
    seen = restored.ledger.read_last_head()
    restored.check()
    [fact] = restored.facts(Fact.BACKUP_RESTORED)
    result = fact.detail
    assert (result["ledger_seq"], result["ledger_hash"]) == (seen.seq, seen.hash)
    assert result["database_seq"] == fact.seq - 1 < seen.seq
    [applied] = restored.facts(Fact.TOMBSTONES_APPLIED)
    assert (applied.request_id, applied.detail["keys"]) == (restored.request_id, 4)
    branch = restored.ledger.read_last_head()
    assert branch.restored_from == f"{seen.seq}:{seen.hash}"
    assert restored.store.keyring.verify(branch.hash.encode(), branch.signature)
    with restored.store.transaction() as tx:
        assert (branch.seq, branch.hash) == tx.evidence.read_head()


def test_twice_is_once(restored):
    restored.check()
    facts = len(restored.facts(Fact.BACKUP_RESTORED)), len(restored.facts(Fact.TOMBSTONES_APPLIED))
    again = restored.check()
    assert (again.why, again.tombstones, again.destroyed, again.removed) == ("", 0, 0, {})
    assert facts == (1, 1)
    assert len(restored.facts(Fact.TOMBSTONES_APPLIED)) == 1
    assert sync_ledger(services=restored.services) == 0, "nothing of it has to be carried again"


def test_dying_before_the_ledger_heard_of_the_branch_is_resumed(restored, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(restored.ledger, "append_head", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            restored.check()
    assert check_ledger_gate(services=restored.services), "still closed"
    done = restored.check()
    assert (done.tombstones, done.left) == (0, 0)
    assert check_ledger_gate(services=restored.services) == ""
    assert len(restored.facts(Fact.BACKUP_RESTORED)) == 1


def test_dying_before_the_gate_was_opened_is_mended_by_the_next_look(restored):
    restored.check()
    with restored.store.transaction() as tx:
        tx.ledger_state.set_gate_reason("database_older")
    assert check_ledger_gate(services=restored.services) == ""
    assert read_ledger_gate(services=restored.services) == ""


def test_a_backup_that_was_worked_on_before_anybody_looked_is_noticed_too(restored):
    for _ in range(20):
        with restored.store.transaction() as tx:
            tx.evidence.append_fact(Fact.TASK_DONE, shop=SHOP)
    assert check_ledger_gate(services=restored.services) == "chain_differs"
    assert sync_ledger(services=restored.services) == 0
    assert restored.check().left == 0
    assert check_ledger_gate(services=restored.services) == ""


def test_orders_after_the_erasure_stay(restored):
    restored.learn(order(2001, at=NOW + timedelta(days=2)))
    assert sorted(restored.orders()) == ["1001", "2001"]
    restored.check()
    assert restored.orders() == ["2001"]


def test_what_an_epoch_made_unreadable_is_erased_again_unread(restored, clock):
    """The backup is from before a rotation whose old key is gone: none of it opens, all of it goes."""
    vault = Keyring([("k2", b"2" * 32)], b"p" * 32, b"s" * 32)
    store = SqlStore(restored.store.engine.url.render_as_string(hide_password=False), keyring=vault, now=clock.now)
    done = repair_restored_database(actor="x", services=replace(restored.services, store=store))
    store.close()
    assert (done.left, done.faults, done.lost) == (0, [], [restored.request_id])
    assert len(restored.rows(orders)) == 1


def test_one_that_cannot_be_erased_again_keeps_the_gate_closed_and_stops_nobody_else(restored, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("bridge.store.erasure.erase_person.PersonEraser._delete_rows_by_key", lambda *_: 0)
        done = restored.check()
    assert (len(done.faults), done.left) == (1, 4)
    assert check_ledger_gate(services=restored.services)
    assert restored.check().left == 0


def test_a_request_that_is_open_again_runs_again_and_its_carriers_are_noted(house, clock):
    house.learn(customer(), order(1001, parcels=[("Delhivery", "AWB7007007")]))
    request_id = house.ask()
    backup = house.backup()
    clock.at = NOW + timedelta(hours=1)
    house.erase(request_id)
    sync_ledger(services=house.services)
    house.restore(backup)
    assert house.check().lost == []
    with house.store.transaction() as tx:
        assert "AWB7007007" in {entry.reference for entry in tx.notice_items.list_items(request_id=request_id)}
        assert tx.requests.get_request(request_id).principal == ASHA
    assert house.erase(request_id).outcome is Outcome.ABSENT
    with house.store.transaction() as tx:
        assert len([e for e in tx.notice_items.list_items(request_id=request_id) if e.reference == "AWB7007007"]) == 1


def test_orders_of_an_id_that_was_merged_after_the_backup_stay_and_are_looked_at(house, clock):
    """I15: the old customer id was erased because it was merged away; in the backup the orders are still the old id's."""
    house.learn(customer(), order(1001))
    backup = house.backup()
    clock.at = NOW + timedelta(hours=1)
    house.learn(merged(7001, 7002))
    house.erase(house.ask())
    assert sync_ledger(services=house.services) == 1
    house.restore(backup)
    assert house.check().removed["undecided"] == 1
    assert house.orders() == ["1001"]
    with house.store.transaction() as tx:
        [review] = tx.reviews.list_reviews()
    assert (review.kind, review.shop) == ("restored_merge", SHOP)
    assert check_ledger_gate(services=house.services) == ""


def test_destroyed_documents_and_erased_shops_do_not_come_back(house, clock):
    house.learn(order(1001, **BHAVNA), shop=OTHER_SHOP)
    with house.store.transaction() as tx:
        document = tx.documents.seal_document(SHOP, COPY)
    backup = house.backup()
    clock.at = NOW + timedelta(days=1)
    with house.store.transaction() as tx:
        assert tx.documents.delete_documents([document.id]) == 1
        tx.shop_eraser.erase_shop(OTHER_SHOP, request_id="req_shop")
    assert sync_ledger(services=house.services) == 2
    house.restore(backup)
    assert house.check().left == 0
    with house.store.transaction() as tx:
        assert tx.documents.open_document(document.id) is None
    assert house.rows(orders) == []
    assert {(row.kind, row.ref) for row in house.rows(destructions)} == {
        ("document", document.id),
        ("shop", "req_shop"),
    }
    assert sync_ledger(services=house.services) == 0


def test_keys_of_a_shop_that_was_erased_whole_since_are_not_brought_back(house, clock):
    house.learn(order(1001))
    house.erase(house.ask())
    sync_ledger(services=house.services)
    clock.at = NOW + timedelta(days=1)
    with house.store.transaction() as tx:
        tx.shop_eraser.erase_shop(SHOP, request_id="req_shop")
    sync_ledger(services=house.services)
    done = house.check()
    assert (done.why, done.tombstones, done.destroyed) == ("", 0, 0)
    assert house.rows(suppressions) == []


def test_a_ledger_that_is_away_stops_neither_an_erasure_nor_the_clock(house, queue, clock):
    away = SqlLedger("postgresql+psycopg://nobody@/x?host=/nowhere")
    services = replace(house.services, ledger=away)
    house.learn(order(1001))
    house.erase(house.ask())
    accepted(house.store, "customers/redact", {"shop_domain": SHOP})
    clock.at += timedelta(seconds=30)
    tick(services, "the clock", 2.0, None)
    assert queue.jobs
    assert sync_ledger(services=services) == 0
    assert sync_ledger(services=house.services) == 4, "it waited in the database"
    with pytest.raises(BridgeError):
        repair_restored_database(actor="x", services=services)


def test_a_key_that_is_erased_again_is_carried_again(house, clock):
    house.learn(order(1001))
    first = house.ask()
    house.erase(first)
    house.done(first)
    sync_ledger(services=house.services)
    clock.at += timedelta(days=1)
    house.learn(order(2001, at=clock.at))
    clock.at += timedelta(days=1)
    house.erase(house.ask())
    sync_ledger(services=house.services)
    newest = {(one.field, one.erased_at) for one in house.ledger.list_tombstones() if one.field == "customer"}
    assert newest == {("customer", clock.at)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_ledger_there_is_no_gate_and_the_check_says_so(services):
    assert check_ledger_gate(services=services) == read_ledger_gate(services=services) == ""
    assert sync_ledger(services=services) == 0
    with pytest.raises(NeedsOperator, match="BRIDGE_LEDGER_URL"):
        repair_restored_database(actor="x", services=services)


def test_an_erased_refund_account_is_blanked_again(house):
    with house.store.transaction() as tx:
        tx.session.connection.execute(
            insert(refund_accounts).values(
                id="rfd_1", shop=SHOP, refund_id="1", order_key="", subject="", wrapped=b"w", doc=b"d",
                reference=b"r", state="open", opened_at=NOW, request_id="",
            )
        )  # fmt: skip
        seq, last = tx.evidence.read_head()
    head = LedgerHead(at=NOW, seq=seq, hash=last, signature="")
    house.ledger.append_records([], [Destruction(kind="refund_account", ref="rfd_1", shop=SHOP, at=NOW)], head)
    assert house.check().removed == {"destroyed": 1}
    [row] = house.rows(refund_accounts)
    assert (row.wrapped, row.doc, row.state, row.erased_at) == (None, None, "erased", NOW)
    assert row.reference == b"r", "what proves the payment stays"
    assert house.check().destroyed == 0
    assert house.facts(Fact.TOMBSTONES_APPLIED)[0].detail["destroyed"] == {"refund_account": 1}


def test_keys_that_reached_their_age_are_not_taken_back_from_the_ledger(house, clock):
    """The ledger does not forget; what the retention file in force lets go of stays gone."""
    house.learn(order(1001))
    house.erase(house.ask())
    sync_ledger(services=house.services)
    assert expire_aged_records(services=house.services) == {}
    clock.at = datetime(2034, 1, 1, tzinfo=UTC)
    assert expire_aged_records(services=house.services)["suppression"] > 0
    file = house.services.retention
    assert house.check().tombstones == 0
    assert house.rows(suppressions) == []
    house.services = replace(house.services, retention=replace(file, sha256="b" * 64))
    assert house.check(dry_run=True).tombstones > 0, "a file that nobody accepted lets go of nothing"
