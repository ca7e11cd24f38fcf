"""Fills a database with the rows that a shop leaves as it grows: invented people, sealed values made once, real keys' lengths.

The database makes the rows itself, so that a million parcels take minutes. What is measured or explained is added by the
product's own code; these rows are only what it must not read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Integer, LargeBinary, text

from bridge.store.schema.tables import metadata
from bridge.store.schema.utc_datetime import UtcDateTime
from tests.factories import NOW, SHOP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Column, Connection, Engine

KEY_END = "-0123456789abcdef0123456789abcdef012"  # a pseudonym has 43 characters
ORDERS_OF_PERSON = 4
AGE_DAYS = 300
CHUNK = 200_000
SEALED = bytes(range(256)) * 2
# table, rows for each parcel, and the columns that are not blank, as SQL of {i} (the row's number)
TABLES: tuple[tuple[str, float, Mapping[str, str]], ...] = (
    ("orders", 1, {"order_key": "{o}", "customer_key": "{c}", "email_key": "{e}", "phone_key": "{p}", "data_key_id": "{k}", "doc": "{sealed}", "placed_at": "{age}", "source_updated_at": "{age}"}),
    ("parcels", 1, {"order_key": "{o}", "parcel_key": "{w}", "carrier": "'delhivery'", "data_key_id": "{k}", "shipped_at": "{age}", "source_updated_at": "{age}"}),
    ("customers", 0.25, {"customer_key": "{row_c}", "email_key": "{row_e}", "phone_key": "{row_p}", "source_updated_at": "{age}"}),
    ("data_keys", 0.25, {"id": "{row_k}", "subject": "{row_c}", "created_at": "{age}"}),
    ("contact_keys", 0.5, {"row_key": "{o}", "field": "'email'", "key": "{e}"}),
    ("deliveries", 1, {"id": "'dlv_' || {h} || '{end}'", "topic": "'orders/updated'", "state": "'done'", "received_at": "{age}", "done_at": "{age}", "digest": "{w}", "once_key": "'once' || {h}"}),
    ("vault_documents", 0.5, {"id": "'doc_' || {h}", "kind": "'invoice'", "form": "'statutory_minimum'", "media_type": "'application/json'", "order_key": "{o}", "source_key": "{w}", "digest": "{w}", "issued_at": "{age}", "sealed_at": "{age}", "erasable_from": "{day}", "grounds": "'[]'", "law_sha256": "{law}"}),
    ("requests", 0.1, {"id": "'req_' || {h}", "kind": "'erasure'", "source": "'webhook'", "state": "'done'", "subject": "'s' || {h}", "once_key": "'once' || {h}", "data_key_id": "'key_r' || {h}", "received_at": "{age}", "closed_at": "{age}", "due_at": "{age}", "clocks": "'{{}}'"}),
    ("tasks", 0.8, {"id": "'tsk_' || {h}", "request_id": "'req_' || {req}", "system": "'s' || ({i} % 8)", "action": "'erase'", "state": "'done'", "gaps": "'[]'", "detail": "'{{}}'"}),
    ("plans", 0.1, {"request_id": "'req_' || {h}", "made_at": "{age}", "body": "'{{}}'"}),
    ("certificates", 0.1, {"request_id": "'req_' || {h}", "issued_at": "{age}", "body": "'{{}}'"}),
    ("suppressions", 0.4, {"field": "'order'", "key": "'s' || {h}", "erased_at": "{age}", "request_id": "'req_' || {req4}", "ledger_at": "{age}"}),
    ("notice_entries", 0.4, {"id": "'ent_' || {h}", "request_id": "'req_' || {req4}", "task_id": "'tsk_' || {h}", "processor": "'delhivery'", "names": "'waybill'", "entry_key": "'n' || {h}", "order_key": "'s' || {h}", "state": "'completed'", "purpose": "'erase'", "notice_id": "'ntc_' || {h100}", "answer": "'erased'", "answered_at": "{age}", "version": "1"}),
    ("notices", 0.1, {"id": "'ntc_' || {h}", "processor": "'delhivery'", "via": "'email'", "purpose": "'erase'", "state": "'completed'", "created_at": "{age}", "answered_at": "{age}"}),
    ("notice_links", 0.01, {"token_hash": "{w}", "notice_id": "'ntc_' || {h}"}),
    ("reviews", 0.05, {"id": "'rev_' || {h}", "kind": "'carrier_conflict'", "what": "'a parcel'", "order_key": "{o}", "once_key": "'once' || {h}", "opened_at": "{age}", "closed_at": "{age}"}),
    ("refund_accounts", 0.02, {"id": "'rfd_' || {h}", "refund_id": "{h}", "order_key": "{o}", "state": "'erased'", "opened_at": "{age}", "settled_at": "{age}", "erase_at": "{age}", "erased_at": "{age}", "ledger_at": "{age}"}),
    ("legal_claims", 0.005, {"id": "'clm_' || {h}", "request_id": "'req_' || {h}", "subject": "'s' || {h}", "order_key": "{o}", "released_at": "{age}"}),
    ("destructions", 0.1, {"kind": "'document'", "ref": "'doc_x' || {h}", "ledger_at": "{age}"}),
    ("remembered_bodies", 0.1, {"digest": "{w}", "topic": "'customers/redact'"}),
    ("merges", 0.25, {"deleted_key": "'d' || {h}", "kept_key": "{row_c}", "merged_at": "{age}"}),
    ("evidence", 0.5, {"seq": "1000000 + {i}", "fact": "'record.aged_out'", "request_id": "'req_' || {req}", "detail": "'{{}}'"}),
)  # fmt: skip
GROWING_TABLES = frozenset(name for name, _, _ in TABLES) | {"findings", "packages", "superseded_certificates"}
MOST_REQUESTS = 100_000
OF_REQUESTS = {"requests": 1, "tasks": 8, "plans": 1, "certificates": 1}


def fill_database(engine: Engine, parcels: int, *, already: int = 0, law_sha256: str = "l" * 64) -> None:
    """Add the rows of a shop with so many parcels to one that has `already` so many, then let the database count them."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        indexes = _drop_indexes(connection)  # made anew at the end: a million rows go in ten times as fast
        for name, share, given in TABLES:
            first, last = (min(int(count * share), _most(name)) for count in (already, parcels))
            statement = text(_build_insert(name, given, engine.dialect.name, law_sha256))
            for begin in range(first, last, CHUNK):
                values = {"first": begin + 1, "last": min(begin + CHUNK, last), "sealed": SEALED}
                used = {key: value for key, value in values.items() if f":{key}" in statement.text}
                connection.execute(statement, used)
        for definition in indexes:
            connection.exec_driver_sql(definition)
        connection.exec_driver_sql("ANALYZE")


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes that keep nothing unique. Return the statements that make them again."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
    found = connection.exec_driver_sql(query).all()
    for name, _ in found:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [definition for _, definition in found]


def _most(table: str) -> int:
    return MOST_REQUESTS * OF_REQUESTS.get(table, 1_000)


def _build_insert(name: str, given: Mapping[str, str], dialect: str, law_sha256: str) -> str:
    table = metadata.tables[name]
    sealed = ":sealed" if dialect == "sqlite" else "CAST(:sealed AS bytea)"
    words = _build_words(dialect) | {"law": f"'{law_sha256}'", "sealed": sealed}
    values = [
        given[column.name].format(**words) if column.name in given else _blank(column, dialect)
        for column in table.columns
    ]
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    numbers = "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n(i)"
    if dialect == "sqlite":
        numbers = (
            "(WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT i FROM n)"
        )
    # some rows of a small share have the same key as one before: a person's second address
    return f"INSERT INTO {name} ({columns}) SELECT {', '.join(values)} FROM {numbers} WHERE true ON CONFLICT DO NOTHING"  # noqa: S608


def _build_words(dialect: str) -> dict[str, str]:
    """Return the parts of the expressions: {h} scatters the row's number, so that keys come in no order."""

    def scatter(number: str) -> str:
        mixed = f"(({number}) * 2654435761) % 4294967296"
        return f"printf('%08x', {mixed})" if dialect == "sqlite" else f"lpad(to_hex({mixed}), 8, '0')"

    def key(prefix: str, number: str) -> str:
        return f"'{prefix}' || {scatter(number)} || '{KEY_END}'"

    person, seconds = f"((i - 1) / {ORDERS_OF_PERSON} + 1)", f"(i * 7919) % {AGE_DAYS * 86_400}"
    age = f"(TIMESTAMPTZ '{NOW:%Y-%m-%d %H:%M:%S}+00' - ({seconds}) * INTERVAL '1 second')"
    day = "(DATE '2034-04-01' + CAST(i % 900 AS integer))"
    if dialect == "sqlite":
        age = f"strftime('%Y-%m-%d %H:%M:%S.000000', '{NOW:%Y-%m-%d %H:%M:%S}', '-' || ({seconds}) || ' seconds')"
        day = "date('2034-04-01', '+' || (i % 900) || ' days')"
    return {
        "i": "i",
        "h": scatter("i"),
        "h100": scatter("(i - 1) / 4 + 1"),
        "req": scatter("(i - 1) / 8 + 1"),
        "req4": scatter("(i - 1) / 4 + 1"),
        "o": key("o", "i"),
        "w": key("w", "i"),
        "end": KEY_END[:10],
        **{letter: key(letter, person) for letter in "cep"},
        **{f"row_{letter}": key(letter, "i") for letter in "cep"},
        "k": f"'key_' || {scatter(person)}",
        "row_k": f"'key_' || {scatter('i')}",
        "age": age,
        "day": day,
    }


def _blank(column: Column[Any], dialect: str) -> str:
    if column.name == "shop":
        return f"'{SHOP}'"
    if column.nullable:
        return "NULL"
    blanks = {
        LargeBinary: ":sealed" if dialect == "sqlite" else "CAST(:sealed AS bytea)",
        UtcDateTime: _build_words(dialect)["age"],
        Boolean: "false",
        Integer: "0",
    }
    return next((blank for kind, blank in blanks.items() if isinstance(column.type, kind)), "''")


def age_of(days: int) -> datetime:
    """Return the time so many days before the clock of the rows."""
    return NOW - timedelta(days=days)
