"""Many rows are written as one row is: what conflicts, what is blank and what is too long."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import BridgeError
from bridge.store.engine import translate_database_errors
from bridge.store.index.source_times import is_newest
from bridge.store.schema.index_tables import orders
from bridge.store.upsert import MIN_ARRAY_ROWS, upsert_rows
from tests.factories import NOW, SHOP

KEY = ("shop", "order_key")
SIZES = (1, MIN_ARRAY_ROWS - 1, MIN_ARRAY_ROWS, 300)
BLANK = dict.fromkeys(orders.c.keys()) | {"shop": SHOP, "customer_key": "", "email_key": "", "phone_key": ""}


def make_rows(size, **values):
    return [
        BLANK | {"order_key": f"o{at}", "doc": bytes([at % 256, 0]), "data_key_id": "k"} | values for at in range(size)
    ]


def read_orders(store):
    with store.engine.connect() as connection:
        return [row._asdict() for row in connection.execute(select(orders).order_by(orders.c.order_key))]


def write(store, rows, **how):
    with translate_database_errors(store.engine), store.engine.begin() as connection:
        upsert_rows(connection, orders, rows, KEY, [name for name in rows[0] if name not in KEY], **how)


@pytest.mark.parametrize("size", SIZES)
def test_every_value_comes_back_as_it_was_given(store, size):
    rows = make_rows(size, placed_at=NOW, source_updated_at=None)
    write(store, rows)
    assert read_orders(store) == sorted(rows, key=lambda row: row["order_key"])


@pytest.mark.parametrize("size", SIZES)
def test_the_newest_version_of_each_row_stays(store, size):
    write(store, make_rows(size, source_updated_at=NOW, email_key="now"))
    write(store, make_rows(size, source_updated_at=NOW - timedelta(days=1), email_key="before"), where=is_newest)
    assert {row["email_key"] for row in read_orders(store)} == {"now"}
    write(store, make_rows(size, source_updated_at=NOW + timedelta(days=1), email_key="after"), where=is_newest)
    assert {row["email_key"] for row in read_orders(store)} == {"after"}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("size", SIZES)
def test_a_text_that_is_too_long_is_refused_and_never_cut(store, size):
    with pytest.raises(BridgeError):
        write(store, make_rows(size, data_key_id="k" * 41))
    assert read_orders(store) == []


def test_without_a_key_what_stands_stays(store):
    write(store, make_rows(10, email_key="first"))
    with store.engine.begin() as connection:
        upsert_rows(connection, orders, make_rows(12, email_key="second"))
        upsert_rows(connection, orders, [])
    assert [row["email_key"] for row in read_orders(store)].count("first") == 10
    assert len(read_orders(store)) == 12
