"""Bank details of refunds: read under a purpose lock, settled and erased on their date, each with a fact."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bridge.errors import PayloadInvalid
from bridge.model import BankDetails, RefundState
from bridge.rules.refunds.settlement import validate_settlement
from bridge.steps.access.package import build_access_package, save_access_package
from bridge.steps.refunds.discard_bank_details import discard_bank_details
from bridge.steps.refunds.erase_settled import erase_settled_bank_details
from bridge.steps.refunds.read_bank_details import read_bank_details
from bridge.steps.refunds.settle_refund import settle_refund
from bridge.steps.refunds.store_bank_details import store_bank_details
from bridge.steps.requests.process import process_request
from bridge.store.schema.retention_tables import legal_holds, refund_accounts
from bridge.store.schema.tables import metadata
from tests.factories import ASHA, NOW, SHOP, make_finding, make_request, make_task, opened, order
from tests.fakes import page
from tests.kit.operator_requests import open_as_operator
from tests.kit.stored import list_fact_details
from tests.store.refunds.test_refund_accounts import open_hold
from workers.schedule import tick

BANK = BankDetails(account_number="001234567890", ifsc="HDFC0001234", account_holder="Asha Qwertzuiop")
UPI = BankDetails(upi_id="asha.q@okbank")
SECRETS = ("001234567890", "HDFC0001234", "asha.q@okbank", "qwertzuiop")
WHO = "operator:test"
PAID = validate_settlement(reference="412345678901", amount="1234.00", currency="INR", on=date(2026, 11, 22))


def given(services, refund="COD-CANARY-1", details=BANK):
    account = store_bank_details(
        SHOP, details, order_id="1001", refund=refund, opened_at=NOW, actor=WHO, services=services
    )
    assert account is not None
    return account


def read_details(services, account, **options):
    options = {"refund": "COD-CANARY-1", "purpose": "xvi", "reason": "paying"} | options
    return read_bank_details(account.id, actor=WHO, services=services, **options)


def find_account(services, account):
    with services.store.transaction() as tx:
        return tx.refunds.find_refund_account(account.id)


def at_rest(store, database_url):
    """Return all bytes of the database: the files of SQLite, every row of Postgres."""
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    with store.engine.connect() as connection:
        return repr([list(connection.execute(select(table))) for table in metadata.sorted_tables]).encode()


def test_details_are_read_for_an_open_refund_and_its_purpose_and_each_attempt_is_recorded(services):
    """Requirement P-40."""
    account = given(services)
    assert read_details(services, account) == (BANK, "")
    assert read_details(services, account, purpose="xv") == (None, "another_purpose")
    assert read_details(services, account, refund="COD-2") == (None, "another_refund")
    assert read_details(services, replace(account, id="001234567890")) == (None, "not_known")
    settle_refund(account.id, PAID, actor=WHO, services=services)
    assert read_details(services, account) == (None, "settled")
    recorded = list_fact_details(services.store)
    ids = {"account": account.id}
    assert recorded == [
        ("refund_account.kept", ids | {"method": "bank"}),
        ("refund_account.read", ids | {"purpose": "xvi", "reason": "paying"}),
        ("refund_account.refused", ids | {"reason": "another_purpose"}),
        ("refund_account.refused", ids | {"reason": "another_refund"}),
        ("refund_account.refused", {"reason": "not_known"}),
        ("refund_account.settled", ids | {"settled_on": "2026-11-22", "erase_at": "2026-12-22T18:30:00+00:00"}),
        ("refund_account.refused", ids | {"reason": "settled"}),
    ]
    assert not any(secret in repr(recorded) for secret in (*SECRETS, "1001"))


def test_a_file_without_a_purpose_refuses_every_read(services):
    account = given(services)
    category = replace(services.retention.categories["cod_refund_bank"], purpose_lock=())
    for categories in ({}, {"cod_refund_bank": category}):
        closed = replace(services, retention=replace(services.retention, categories=categories))
        assert read_details(closed, account) == (None, "another_purpose")


def test_impossible_ids_and_days_are_refused(services):
    for changes, reason in (
        ({"order_id": "no"}, "order_id_shape"),
        ({"refund": "a b"}, "refund_id_shape"),
        ({"opened_at": NOW + timedelta(seconds=1)}, "opened_in_the_future"),
    ):
        with pytest.raises(PayloadInvalid, match=reason):
            store_bank_details(
                SHOP,
                BANK,
                **{"order_id": "1001", "refund": "1", "opened_at": NOW} | changes,
                actor=WHO,
                services=services,
            )
    account = given(services)
    for day, reason in ((date(2026, 11, 23), "settled_in_the_future"), (date(2026, 11, 21), "before_opened")):
        with pytest.raises(PayloadInvalid, match=reason):
            settle_refund(account.id, replace(PAID, on=day), actor=WHO, services=services)
    assert find_account(services, account).state is RefundState.OPEN
    assert settle_refund("rfd_nobody", PAID, actor=WHO, services=services) is None


def test_repeated_calls_change_nothing(services):
    account = given(services)
    assert (
        store_bank_details(
            SHOP, UPI, order_id="1001", refund="COD-CANARY-1", opened_at=NOW, actor=WHO, services=services
        )
        is None
    )
    assert settle_refund(account.id, PAID, actor=WHO, services=services).state is RefundState.SETTLED
    assert settle_refund(account.id, PAID, actor=WHO, services=services) is None
    assert [fact for fact, _ in list_fact_details(services.store)] == ["refund_account.kept", "refund_account.settled"]


def test_t13_a_refund_that_was_reconciled_31_days_ago_leaves_no_account_anywhere(services, clock, database_url, capfd):
    """Database, logs, evidence and packages hold no account; the bank's reference and last four digits remain. Requirements P-03, P-40."""
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
    with capture_logs() as logs:
        bank, upi = given(services), given(services, "COD-CANARY-2", UPI)
        assert read_details(services, bank)[0] == BANK
        for account in (bank, upi):
            assert settle_refund(account.id, PAID, actor=WHO, services=services)
        clock.at = NOW + timedelta(days=30)
        tick(services, "clock", 2.0, None)
        assert find_account(services, bank).state is RefundState.SETTLED, "the last day of the hold"
        clock.at = NOW + timedelta(days=31)
        tick(services, "clock", 2.0, None)
        assert erase_settled_bank_details(services=services) == 0, "the scheduler has done it"
    note = f"Refund to a/c {BANK.account_number}, IFSC {BANK.ifsc}, or {UPI.upi_id}"
    request = make_request()
    task = make_task(request.id)
    with services.store.transaction() as tx:
        opened(tx, request, task)
        tx.findings.add_findings(task, page(make_finding("1001", name="#1001", refunds=[{"note": note}])))
        with build_access_package(request, [task], tx=tx, services=services) as built:
            save_access_package(request, built, tx=tx)
    with services.store.transaction() as tx:
        for account in (bank, upi):
            assert tx.refunds.find_refund_account(account.id).state is RefundState.ERASED
            assert tx.refunds.find_payment_reference(account.id).settlement == PAID
        assert tx.refunds.find_payment_reference(bank.id).last_four == "7890"
        rows = tx.session.connection.execute(select(refund_accounts.c.doc, refund_accounts.c.wrapped)).all()
        assert [tuple(row) for row in rows] == [(None, None)] * 2
        chain = repr([*tx.evidence.iterate_facts()])
        package = io.BytesIO(b"".join(tx.packages.read_package(request.id)))
    with zipfile.ZipFile(package) as read_back:
        copy = b"".join(read_back.read(name) for name in read_back.namelist()).decode()
    assert "****7890" in copy
    out = capfd.readouterr()
    rest = at_rest(services.store, database_url)
    assert b"COD-CANARY-1" in rest, "the search can find"
    assert "refund_account.erased" in chain
    for secret in SECRETS[:3]:
        for place in (rest.decode("latin-1"), chain, copy, repr(logs), out.out, out.err):
            assert secret.casefold() not in place.casefold()
    assert ("refund_account.erased", {"count": 2, "settled": True}) in list_fact_details(services.store)


def test_t14_an_erasure_during_an_open_refund_restricts_the_details_until_they_expire(services, clock):
    """Requirement P-40."""
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
    account = given(services)
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    with services.store.transaction() as tx:  # what the erasure's plan does
        found = tx.refunds.list_refund_accounts_of_orders(SHOP, ["1001"])
        assert [one.id for one in found] == [account.id]
        assert tx.refunds.erase_bank_details([one.id for one in found], request_id=request_id) == []
        tx.refunds.restrict_refund_accounts([one.id for one in found], request_id=request_id)
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        assert set(tx.index.list_orders(SHOP, ASHA)) == {"1001"}, "the order of an open refund stays"
    assert read_details(services, account, purpose="ii") == (None, "another_purpose")
    assert read_details(services, account) == (BANK, ""), "the open refund can still be paid"
    settle_refund(account.id, PAID, actor=WHO, services=services)
    assert read_details(services, account) == (None, "settled")
    clock.at = NOW + timedelta(days=31)
    assert erase_settled_bank_details(services=services) == 1
    assert find_account(services, account).state is RefundState.ERASED
    assert list_fact_details(services.store, request_id)[-1] == ("refund_account.erased", {"count": 1, "settled": True})
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        assert tx.index.list_orders(SHOP, ASHA) == {}, "Asha is erased once the refund is reconciled"


def test_a_legal_hold_keeps_the_details_until_its_release(services, clock):
    account = given(services)
    settle_refund(account.id, PAID, actor=WHO, services=services)
    with services.store.transaction() as tx:
        open_hold(tx, order_key=account.order_key)
    clock.at = NOW + timedelta(days=400)
    assert erase_settled_bank_details(services=services) == 0
    assert discard_bank_details(account.id, actor=WHO, reason="typed wrong", services=services) is False
    with services.store.transaction() as tx:
        tx.session.connection.execute(update(legal_holds).values(released_at=clock.at))
    assert erase_settled_bank_details(services=services) == 1


def test_the_details_of_a_cancelled_refund_are_erased_at_once(services):
    account = given(services)
    assert discard_bank_details(account.id, actor=WHO, reason="order was kept", services=services) is True
    assert discard_bank_details(account.id, actor=WHO, reason="order was kept", services=services) is False
    assert read_details(services, account) == (None, "erased")
    detail = {"count": 1, "account": account.id, "settled": False, "reason": "order was kept"}
    assert list_fact_details(services.store)[1] == ("refund_account.erased", detail)


def test_a_refund_settled_under_a_broken_file_gets_its_date_after_the_correction(services, clock):
    account = given(services)
    broken = replace(services, retention=replace(services.retention, holds={}))
    assert settle_refund(account.id, PAID, actor=WHO, services=broken).erase_at is None
    clock.at = NOW + timedelta(days=31)
    assert erase_settled_bank_details(services=broken) == 0
    assert erase_settled_bank_details(services=services) == 1


def test_one_run_erases_more_than_one_batch(services, clock, monkeypatch):
    monkeypatch.setattr("bridge.steps.refunds.erase_settled.ACCOUNTS_PER_TRANSACTION", 2)
    for number in range(5):
        settle_refund(given(services, f"COD-{number}").id, PAID, actor=WHO, services=services)
    clock.at = NOW + timedelta(days=31)
    assert erase_settled_bank_details(services=services) == 5
    counts = [detail["count"] for fact, detail in list_fact_details(services.store) if "erased" in fact]
    assert sum(counts) == 5
    assert max(counts) == 2


def test_a_file_that_is_not_accepted_sets_no_date_and_erases_nothing(services, clock):
    before = given(services, "COD-CANARY-2")
    settle_refund(before.id, PAID, actor=WHO, services=services)
    assert erase_settled_bank_details(services=services) == 0
    rule = replace(services.retention.holds["refund_unsettled"], args={"days": 0})
    holds = {**services.retention.holds, "refund_unsettled": rule}
    typo = replace(services, retention=replace(services.retention, holds=holds, sha256="b" * 64))
    assert erase_settled_bank_details(services=typo) == 0
    account = given(typo)
    settle_refund(account.id, PAID, actor=WHO, services=typo)
    assert find_account(services, account).erase_at is None
    clock.at += timedelta(days=40)
    assert erase_settled_bank_details(services=typo) == 0
    assert {find_account(services, one).state for one in (before, account)} == {RefundState.SETTLED}
    assert erase_settled_bank_details(services=services) == 2, "the accepted file sets a date for both"
