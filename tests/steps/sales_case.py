"""Sales, refunds and erasures by webhook, and readers of what remains, for the tests of invoice copies."""

from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import text

from bridge.model import PostalAddress, Sale
from tests.factories import ASHA, NOW, SHOP, order_body

DELHI = {"name": "Asha Qwertzuiop", "address1": "7 Nowhere Lane", "province_code": "DL", "country_code": "IN"}


def sold_body(number=1001, total="1030.00", tax="30.00", **given):
    money = {"currency": "INR", "total_price": total, "total_tax": tax, "total_tip_received": "0"}
    where = {"shipping_address": DELHI, "billing_address": DELHI, "note": "for Asha", "line_items": []}
    return order_body(number) | money | where | given


def refund_body(number=1001, refund=77, at="2027-04-02T00:00:00Z"):
    money = [{"kind": "refund", "amount": "1030.00", "currency": "INR"}]
    return {"id": refund, "order_id": number, "processed_at": at, "refund_line_items": [], "transactions": money}


def sold(number=1001, **given):
    values = {
        "order_id": str(number),
        "number": f"#{number}",
        "issued_at": NOW,
        "currency": "INR",
        "total": Decimal(1030),
        "tax": Decimal(30),
        "delivery": PostalAddress(state="Delhi", state_code="DL", country_code="IN"),
    }
    return Sale(**values | given)


def documents(services):
    with services.store.transaction() as tx:
        return list(tx.documents.list_documents())


def opened(services, document):
    with services.store.transaction() as tx:
        return json.loads(tx.documents.open_document(document.id))


def request_of(services, request_id):
    with services.store.transaction() as tx:
        tasks = {(task.system, task.action): task for task in tx.tasks.list_tasks(request_id)}
        return (
            tx.requests.get_request(request_id),
            tasks,
            [event.fact for event in tx.evidence.list_facts_of_request(request_id)],
        )


def orders_left(services):
    with services.store.transaction() as tx:
        return set(tx.index.list_orders(SHOP, ASHA))


def raw(services):
    """Return the complete database as bytes and text."""
    with services.store.transaction() as tx:
        tables = tx.session.connection.dialect.get_table_names(tx.session.connection)
        rows = [tx.session.connection.execute(text("SELECT * FROM " + name)).all() for name in tables]  # noqa: S608
    return repr(rows)
