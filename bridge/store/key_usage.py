"""Survey: which key sealed how many values, and which keys the ring lacks. Opens nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, LargeBinary, and_, case, func, literal, not_, or_, select

from bridge.store.crypto.keyring import head_of, key_of
from bridge.store.sealed_columns import SEALED, By, Sealed, Survey

if TYPE_CHECKING:
    from sqlalchemy import Column

    from bridge.store.session import Session

ID_BYTES = bytes([30])  # ids of our own rows, such as data keys: `key_` and 26 letters
LONGEST_HEAD = 2 + 255


def survey(session: Session) -> Survey:
    """Count every sealed column, one scan each."""
    rows: dict[str, dict[str, int]] = {key_id: {} for key_id in session.vault.ring}
    missing: dict[str, dict[str, int]] = defaultdict(dict)
    for sealed in SEALED:
        for key_id, count in _of_the_ring(session, sealed).items():
            if count:
                rows[key_id][sealed.name] = count
        for key_id, count in _strangers(session, sealed).items():
            missing[key_id][sealed.name] = count
    return Survey(active=session.vault.active_key, rows=rows, missing=dict(sorted(missing.items())))


def named_by(column: Column[Any], key_id: str) -> ColumnElement[bool]:
    """True where the value says that this key sealed it."""
    return _is(column, 1, head_of(key_id))


def _is(column: Column[Any], start: int, wanted: bytes) -> ColumnElement[bool]:
    return func.substr(column, start, len(wanted), type_=LargeBinary) == literal(wanted, LargeBinary)


def _of_the_ring(session: Session, sealed: Sealed) -> dict[str, int]:
    ring = session.vault.ring
    counts = [func.count(case((named_by(sealed.column, key_id), 1))) for key_id in ring]
    return dict(zip(ring, session.connection.execute(select(*counts)).one(), strict=True))


def _strangers(session: Session, sealed: Sealed) -> Counter[str]:
    """Keys that are neither of the ring nor a row's own."""
    column = sealed.column
    foreign = not_(or_(*(named_by(column, key_id) for key_id in session.vault.ring)))
    if sealed.by is By.ROW:
        own = and_(_is(column, 2, ID_BYTES), _is(column, 6, b"_"))
        foreign = and_(foreign, not_(own))
    heads = select(func.substr(column, 1, LONGEST_HEAD, type_=LargeBinary)).where(
        column.is_not(None), foreign
    )
    return Counter(map(key_of, session.connection.scalars(heads.execution_options(yield_per=1000))))
