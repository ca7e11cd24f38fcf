"""Counts which key sealed how many values, and which keys the keyring lacks. It opens nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, and_, case, func, literal, not_, or_, select

from bridge.store.crypto.keyring import build_header, parse_key_id
from bridge.store.sealed_columns import SEALED_COLUMNS, KeyScope, KeyUsage, SealedColumn
from bridge.store.session import Session

ROW_KEY_ID_LENGTH = bytes([30])  # ids of rows, such as data keys: `key_` and 26 letters
MAX_HEADER_BYTES = 2 + 255


def count_key_usage(session: Session) -> KeyUsage:
    """Count the values of every sealed column by key, one scan each."""
    rows: dict[str, dict[str, int]] = {key_id: {} for key_id in session.keyring.key_ids}
    missing: dict[str, dict[str, int]] = defaultdict(dict)
    for sealed in SEALED_COLUMNS:
        for key_id, count in _count_keyring_values(session, sealed).items():
            if count:
                rows[key_id][sealed.name] = count
        for key_id, count in _count_missing_keys(session, sealed).items():
            missing[key_id][sealed.name] = count
    return KeyUsage(
        active_key_id=session.keyring.active_key_id, counts_by_key=rows, missing_keys=dict(sorted(missing.items()))
    )


def is_sealed_by(column: Column[Any], key_id: str) -> ColumnElement[bool]:
    """Return the condition for a value that names this key in its header."""
    return _has_bytes_at(column, 1, build_header(key_id))


def _has_bytes_at(column: Column[Any], start: int, expected: bytes) -> ColumnElement[bool]:
    return func.substr(column, start, len(expected), type_=LargeBinary) == literal(expected, LargeBinary)


def _count_keyring_values(session: Session, sealed_column: SealedColumn) -> dict[str, int]:
    key_ids = session.keyring.key_ids
    counts = [func.count(case((is_sealed_by(sealed_column.column, key_id), 1))) for key_id in key_ids]
    return dict(zip(key_ids, session.connection.execute(select(*counts)).one(), strict=True))


def _count_missing_keys(session: Session, sealed_column: SealedColumn) -> Counter[str]:
    """Count values by keys that are neither in the keyring nor a row's own."""
    column = sealed_column.column
    is_unknown = not_(or_(*(is_sealed_by(column, key_id) for key_id in session.keyring.key_ids)))
    if sealed_column.key_scope is KeyScope.ROW_KEY:
        is_row_key = and_(_has_bytes_at(column, 2, ROW_KEY_ID_LENGTH), _has_bytes_at(column, 6, b"_"))
        is_unknown = and_(is_unknown, not_(is_row_key))
    headers = select(func.substr(column, 1, MAX_HEADER_BYTES, type_=LargeBinary)).where(column.is_not(None), is_unknown)
    return Counter(map(parse_key_id, session.connection.scalars(headers.execution_options(yield_per=1000))))
