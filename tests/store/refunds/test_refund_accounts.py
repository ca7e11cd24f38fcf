"""Bank details: sealed and bound to their row, opened by one function, unreadable without their key."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bridge.errors import KeyMissing, NeedsOperator, SealBroken
from bridge.model import BankDetails, PaymentReference, Principal, RefundState, Settlement
from bridge.store.refunds.refund_accounts import RefundRows
from bridge.store.schema.retention_tables import legal_holds, refund_accounts
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, customer, merged, order

ROOT = Path(__file__).resolve().parents[3]
BANK = BankDetails(account_number="001234567890", ifsc="HDFC0001234", account_holder="Asha Qwertzuiop")
UPI = BankDetails(upi_id="asha@okbank")
PAID = Settlement(reference="412345678901", amount=Decimal("1234.00"), currency="INR", on=date(2026, 11, 22))


def seal(tx, refund_id="99", order_id="1001", details=BANK, shop=SHOP):
    account = tx.refunds.seal_bank_details(shop, details, order_id=order_id, refund_id=refund_id, opened_at=NOW)
    assert account is not None
    return account


def record_settlement(tx, account, ends=NOW):
    assert tx.refunds.record_settlement(account.id, PAID, settled_at=NOW, erase_at=ends)
    return account


def open_hold(tx, **of):
    row = {
        "id": f"clm_{len(of)}{of.get('subject', '')[:6]}{of.get('order_key', '')[:6]}",
        "shop": SHOP,
        "request_id": "",
        "subject": "",
        "order_key": "",
        "reference": "Consumer Court 1/2026",
        "opened_by": "operator:test",
        "opened_at": NOW,
        "reviewed_by": "",
        "review_due_at": NOW + timedelta(days=90),
        "approved_by": "",
        "released_by": "",
    }
    tx.session.connection.execute(insert(legal_holds), row | of)


def column(tx, account, name):
    return tx.session.connection.scalar(select(refund_accounts.c[name]).where(refund_accounts.c.id == account.id))


def test_details_read_back_and_the_record_contains_none_of_them(store):
    with store.transaction() as tx:
        account = seal(tx)
        assert tx.refunds.find_refund_account(account.id) == account
        assert tx.refunds.open_bank_details(account.id, refund_id="99") == BANK
        assert tx.refunds.find_payment_reference(account.id) == PaymentReference(method="bank", last_four="7890")
        assert tx.refunds.seal_bank_details(SHOP, UPI, order_id="1001", refund_id="99", opened_at=NOW) is None
        assert seal(tx, shop=OTHER_SHOP).id != account.id
        upi = seal(tx, "100", details=UPI)
        assert tx.refunds.find_payment_reference(upi.id) == PaymentReference(method="upi", last_four="")
    for value in ("001234567890", "HDFC0001234", "Qwertzuiop", "okbank", "1001"):
        assert value not in repr(account) + repr(upi)


def test_the_subject_is_the_owner_of_the_order(store):
    with store.transaction() as tx:
        assert seal(tx, "1").subject == tx.person_lookup.find_subject(SHOP, Principal(order_ids=("1001",)))
        tx.index.ingest_sightings(
            SHOP, [customer(), order(1001), order(1002, customer_id=None, email="new@example.com")]
        )
        assert seal(tx, "2").subject == tx.person_lookup.find_subject(SHOP, ASHA)
        guest = seal(tx, "3", "1002").subject
        assert guest == tx.person_lookup.find_subject(SHOP, Principal(email="new@example.com"))
        assert {one.refund_id for one in tx.refunds.list_refund_accounts_of_orders(SHOP, ["1001"])} == {"1", "2"}
        assert {one.refund_id for one in tx.refunds.list_refund_accounts_of_orders(SHOP, [], subject=guest)} == {"3"}
        assert (
            tx.refunds.list_refund_accounts_of_orders(SHOP, ["", "x"])
            == tx.refunds.list_refund_accounts_of_orders(OTHER_SHOP, ["1001"])
            == []
        )
        assert [one.refund_id for one in tx.refunds.list_refund_accounts(shop=SHOP, order_id="1002")] == ["3"]


@pytest.mark.parametrize("state", [RefundState.SETTLED, RefundState.ERASED])
def test_only_an_open_refund_opens_its_details(store, state):
    with store.transaction() as tx:
        account = seal(tx)
        assert tx.refunds.open_bank_details(account.id, refund_id="98") is None
        assert tx.refunds.open_bank_details("rfd_nobody", refund_id="99") is None
        tx.session.connection.execute(update(refund_accounts).values(state=state))
        assert tx.refunds.open_bank_details(account.id, refund_id="99") is None


def test_a_value_that_was_moved_to_another_row_does_not_open(store):
    with store.transaction() as tx:
        first, second = seal(tx, "1"), seal(tx, "2", details=UPI)
        moved = {name: column(tx, second, name) for name in ("doc", "wrapped")}
        tx.session.connection.execute(update(refund_accounts).where(refund_accounts.c.id == first.id).values(moved))
        with pytest.raises(SealBroken):
            tx.refunds.open_bank_details(first.id, refund_id="1")
        only_doc = {"doc": moved["doc"], "wrapped": column(tx, second, "wrapped")}
        assert only_doc == moved
        with pytest.raises((SealBroken, KeyMissing)):
            tx.session.keyring.open(moved["doc"], f"refund_accounts|{second.id}|doc|{SHOP}")


def test_settling_happens_once_and_stores_the_banks_reference(store):
    with store.transaction() as tx:
        account = record_settlement(tx, seal(tx), ends=None)
        assert tx.refunds.open_bank_details(account.id, refund_id="99") is None
        assert tx.refunds.record_settlement(account.id, PAID, settled_at=NOW, erase_at=NOW) is False
        assert tx.refunds.record_settlement("rfd_nobody", PAID, settled_at=NOW, erase_at=NOW) is False
        assert tx.refunds.find_payment_reference(account.id) == PaymentReference(
            method="bank", last_four="7890", settlement=PAID
        )
        assert tx.refunds.list_due_refund_accounts(limit=9) == [], "nobody knows its day"
        tx.refunds.record_erase_at(account.id, erase_at=NOW)
        tx.refunds.record_erase_at(account.id, erase_at=NOW + timedelta(days=9))
        assert [one.erase_at for one in tx.refunds.list_due_refund_accounts(limit=9)] == [NOW]


def test_erasing_destroys_key_and_details_and_nothing_before_its_day(store, clock):
    with store.transaction() as tx:
        over = record_settlement(tx, seal(tx, "1"))
        later = record_settlement(tx, seal(tx, "2"), ends=NOW + timedelta(seconds=1))
        is_open = seal(tx, "3")
        ids = [over.id, later.id, is_open.id]
        gone = tx.refunds.erase_bank_details(ids, request_id="req_1")
        assert [(one.id, one.state, one.request_id, one.erased_at) for one in gone] == [
            (over.id, RefundState.ERASED, "req_1", clock.at)
        ]
        assert column(tx, over, "doc") is None
        assert column(tx, over, "wrapped") is None
        assert tx.refunds.erase_bank_details(ids) == [], "twice is once"
        assert column(tx, later, "doc")
        assert [one.id for one in tx.refunds.erase_bank_details(ids, include_open=True)] == [is_open.id]
        clock.at += timedelta(seconds=1)
        assert [one.id for one in tx.refunds.erase_bank_details(tuple(ids))] == [later.id]
        assert tx.refunds.find_payment_reference(over.id).settlement == PAID


def test_details_erased_before_settlement_can_be_stored_again(store):
    with store.transaction() as tx:
        wrong = seal(tx)
        tx.refunds.erase_bank_details([wrong.id], include_open=True)
        right = seal(tx, details=UPI)
        assert tx.refunds.open_bank_details(right.id, refund_id="99") == UPI
        assert tx.refunds.find_refund_account(wrong.id) is None
        record_settlement(tx, right)
        tx.refunds.erase_bank_details([right.id])
        assert tx.refunds.seal_bank_details(SHOP, UPI, order_id="1001", refund_id="99", opened_at=NOW) is None


def test_an_active_legal_hold_of_order_or_person_keeps_details_and_a_released_one_does_not(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001), order(1002, customer_id=7002, email="b@example.com")])
        held, free = record_settlement(tx, seal(tx, "1")), record_settlement(tx, seal(tx, "2", "1002"))
        open_hold(tx, subject=held.subject, released_at=NOW)
        assert len(tx.refunds.list_due_refund_accounts(limit=9)) == 2
        assert len(tx.refunds.list_due_refund_accounts(limit=1)) == 1
        open_hold(tx, order_key=held.order_key)
        open_hold(tx, subject=free.subject, shop=OTHER_SHOP)
        assert tx.refunds.find_account_ids_on_legal_hold([held, free]) == {held.id}
        assert [one.id for one in tx.refunds.list_due_refund_accounts(limit=9)] == [free.id]
        assert [one.id for one in tx.refunds.erase_bank_details([held.id, free.id], include_open=True)] == [free.id]
        assert column(tx, held, "doc")
        assert tx.refunds.find_account_ids_on_legal_hold([]) == frozenset()


def test_a_legal_hold_of_the_remaining_customer_of_a_merge_keeps_details(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        account = record_settlement(tx, seal(tx))
        tx.index.ingest_sightings(SHOP, [merged(7001, 7009)])
        open_hold(tx, subject=tx.person_lookup.find_subject(SHOP, replace(ASHA, customer_id="7009")))
        assert tx.refunds.find_account_ids_on_legal_hold([account]) == {account.id}


def test_details_that_remain_after_an_erasure_are_reported(store, monkeypatch):
    monkeypatch.setattr(
        "bridge.store.refunds.refund_accounts.ERASED_ACCOUNT_VALUES", {"doc": None, "state": RefundState.ERASED}
    )
    with store.transaction() as tx:
        account = record_settlement(tx, seal(tx))
        with pytest.raises(NeedsOperator, match="still there"):
            tx.refunds.erase_bank_details([account.id])


def test_details_that_do_not_read_back_are_refused(store, monkeypatch):
    monkeypatch.setattr(RefundRows, "open_bank_details", lambda *_, **__: UPI)
    with pytest.raises(NeedsOperator), store.transaction() as tx:
        seal(tx)
    with store.transaction() as tx:
        assert tx.refunds.list_refund_accounts() == []


def test_restricting_records_the_request_and_changes_nothing_else(store):
    with store.transaction() as tx:
        account, gone = seal(tx), seal(tx, "100")
        tx.refunds.erase_bank_details([gone.id], include_open=True)
        assert tx.refunds.restrict_refund_accounts([account.id, gone.id], request_id="req_1") == 1
        assert tx.refunds.find_refund_account(account.id) == replace(account, request_id="req_1")
        assert tx.refunds.open_bank_details(account.id, refund_id="99") == BANK


def calls(name):
    """(file, function) of each call of a method by this name in the product."""
    for path in sorted((ROOT / "bridge").rglob("*.py")):
        if f".{name}" not in (source := path.read_text()):
            continue
        for function in ast.walk(ast.parse(source)):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Attribute) and node.attr == name:
                        yield str(path.relative_to(ROOT)), function.name, ast.unparse(node)


def test_one_function_opens_the_details_and_one_step_calls_it():
    places = {(path, function) for path, function, _ in calls("open_bank_details")}
    assert places == {
        ("bridge/store/refunds/refund_accounts.py", "seal_bank_details"),  # reads back what it sealed
        ("bridge/steps/refunds/read_bank_details.py", "read_bank_details"),
    }
    opened = {
        (path, function) for path, function, node in calls("doc") if "refund_accounts" in path or "refund" in node
    }
    looks_whether_it_is_there = ("bridge/store/recovery/ledger_state.py", "filter_unknown_destructions")
    assert opened - {looks_whether_it_is_there} == {
        ("bridge/store/refunds/refund_accounts.py", fn) for fn in ("open_bank_details", "erase_bank_details")
    }
