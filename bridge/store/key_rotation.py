"""Rotation: what the ring sealed is sealed anew under its active key, while web and workers go on.

Batches in short transactions; each value only where it still is what was read, and opened before it replaces the old
one. What was done stays done: run again after dying, and the rest follows. Never touches what it cannot open, nor
what a person's own key sealed: her key's wrap is what changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, bindparam, func, or_, select, tuple_, update

from bridge.errors import KeyMissing, SealBroken
from bridge.model import Fact
from bridge.store.key_usage import named_by, survey
from bridge.store.schema.tables import evidence
from bridge.store.sealed_columns import SEALED, Rotated, Sealed

if TYPE_CHECKING:
    from bridge.store.session import Session
    from bridge.store.sql import SqlStore

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000  # in memory at once; a single larger value makes a batch of its own
PASSES = 3  # rows that somebody else held in one pass are taken in the next

Told = Callable[[str, int], None]


def rotate(store: SqlStore, *, actor: str, rows: int = BATCH_ROWS, told: Told | None = None) -> Rotated:
    """Renew everything that an old key of the ring sealed, and record it.

    `told` hears after each batch how many values of a column this run renewed. Raises StoreUnavailable; what was
    committed until then stays.
    """
    renewed: Counter[str] = Counter()
    unreadable: set[str] = set()
    for _ in range(PASSES):
        for sealed in SEALED:
            _column(store, sealed, rows, renewed, unreadable, told)
        with store.transaction() as tx:
            after = survey(tx.session)
        if after.old <= len(unreadable):
            break
    with store.transaction() as tx:
        result = Rotated(
            renewed=dict(renewed), unreadable=tuple(sorted(unreadable)), after=survey(tx.session)
        )
        if renewed or (result.whole and _unrecorded(tx.session, result.after.active)):
            tx.evidence.append(
                Fact.KEYS_ROTATED,
                shop="",
                actor=actor,
                key=result.after.active,
                renewed=result.renewed,
                unreadable=len(unreadable),
                whole=result.whole,
            )
    return result


def _column(
    store: SqlStore, sealed: Sealed, rows: int, renewed: Counter[str], unreadable: set[str], told: Told | None
) -> None:
    """All batches of one column, in the order of its primary key."""
    after: Any = None
    while True:
        with store.transaction() as tx:
            batch = _batch(tx.session, sealed, after, rows)
            if not batch:
                return
            changes = []
            for row in batch:
                place = sealed.place.format(**row._mapping)  # noqa: SLF001 - the row's public view
                try:
                    new = store.vault.renew(row.value, place)
                except (KeyMissing, SealBroken):
                    unreadable.add(f"{sealed.name} {place}")
                    continue
                key = {f"key_{column.name}": row._mapping[column.name] for column in sealed.key}  # noqa: SLF001
                changes.append({**key, "old": row.value, "new": new})
            if changes and (done := tx.session.connection.execute(_replace(sealed), changes).rowcount):
                renewed[sealed.name] += done
            after = tuple(batch[-1]._mapping[column.name] for column in sealed.key)  # noqa: SLF001
        if told:
            told(sealed.name, renewed[sealed.name])


def _batch(session: Session, sealed: Sealed, after: Any, rows: int) -> list[Row[Any]]:
    """The next values that an old key sealed; rows that somebody holds are left to the next pass, none is waited for."""
    vault = session.vault
    old = [named_by(sealed.column, key_id) for key_id in vault.ring if key_id != vault.active_key]
    if not old:
        return []
    here = or_(*old)
    if after is not None:
        here = and_(here, tuple_(*sealed.key) > tuple_(*after))
    order = select(*sealed.key, func.length(sealed.column)).where(here).order_by(*sealed.key).limit(rows)
    found = session.connection.execute(order).all()
    sizes = accumulate(row[-1] for row in found)
    taken = [row for row, size in zip(found, sizes, strict=True) if size <= BATCH_BYTES] or found[:1]
    if not taken:
        return []
    until = tuple_(*sealed.key) <= tuple_(*taken[-1][:-1])
    columns = {column.name: column for column in (*sealed.key, *sealed.told)}
    values = select(*columns.values(), sealed.column.label("value")).where(here, until).order_by(*sealed.key)
    return list(session.connection.execute(values.with_for_update(skip_locked=True)))


def _replace(sealed: Sealed) -> Any:
    """Write the new value where the old one still stands."""
    key = [column == bindparam(f"key_{column.name}") for column in sealed.key]
    return (
        update(sealed.table)
        .where(*key, sealed.column == bindparam("old"))
        .values({sealed.column: bindparam("new")})
    )


def _unrecorded(session: Session, key_id: str) -> bool:
    """True where a run that died before its last word left nothing to do, but no fact."""
    last = select(evidence.c.detail).where(evidence.c.fact == Fact.KEYS_ROTATED)
    newest = session.connection.scalar(last.order_by(evidence.c.seq.desc()).limit(1))
    return len(session.vault.ring) > 1 and f'"key": "{key_id}"' not in (newest or "")
