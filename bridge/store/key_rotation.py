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
from bridge.store.key_usage import count_key_usage, is_sealed_by
from bridge.store.schema.tables import evidence
from bridge.store.sealed_columns import SEALED_COLUMNS, RotationResult, SealedColumn

if TYPE_CHECKING:
    from bridge.store.session import Session
    from bridge.store.sql import SqlStore

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000  # in memory at once; a single larger value makes a batch of its own
MAX_PASSES = 3  # rows that somebody else held in one pass are taken in the next

ProgressCallback = Callable[[str, int], None]


def rotate_keys(
    store: SqlStore, *, actor: str, batch_rows: int = BATCH_ROWS, on_progress: ProgressCallback | None = None
) -> RotationResult:
    """Renew everything that an old key of the ring sealed, and record it.

    `told` hears after each batch how many values of a column this run renewed. Raises StoreUnavailable; what was
    committed until then stays.
    """
    renewed: Counter[str] = Counter()
    unreadable: set[str] = set()
    for _ in range(MAX_PASSES):
        for sealed in SEALED_COLUMNS:
            _reseal_column(store, sealed, batch_rows, renewed, unreadable, on_progress)
        with store.transaction() as tx:
            after = count_key_usage(tx.session)
        if after.outdated_count <= len(unreadable):
            break
    with store.transaction() as tx:
        result = RotationResult(
            resealed_counts=dict(renewed),
            unreadable=tuple(sorted(unreadable)),
            key_usage=count_key_usage(tx.session),
        )
        if renewed or (
            result.is_complete and _is_rotation_unrecorded(tx.session, result.key_usage.active_key_id)
        ):
            tx.evidence.append_fact(
                Fact.KEYS_ROTATED,
                shop="",
                actor=actor,
                key=result.key_usage.active_key_id,
                renewed=result.resealed_counts,
                unreadable=len(unreadable),
                whole=result.is_complete,
            )
    return result


def _reseal_column(
    store: SqlStore,
    sealed_column: SealedColumn,
    batch_rows: int,
    renewed: Counter[str],
    unreadable: set[str],
    on_progress: ProgressCallback | None,
) -> None:
    """All batches of one column, in the order of its primary key."""
    after: Any = None
    while True:
        with store.transaction() as tx:
            batch = _read_outdated_batch(tx.session, sealed_column, after, batch_rows)
            if not batch:
                return
            changes = []
            for row in batch:
                values = row._mapping  # noqa: SLF001 - the row's public view
                place = sealed_column.aad_template.format(**values)
                try:
                    new = store.keyring.reseal(row.value, place)
                except (KeyMissing, SealBroken):
                    unreadable.add(f"{sealed_column.name} {place}")
                    continue
                key = {f"key_{column.name}": values[column.name] for column in sealed_column.primary_key}
                changes.append({**key, "old": row.value, "new": new})
            if changes and (
                done := tx.session.connection.execute(_build_reseal_update(sealed_column), changes).rowcount
            ):
                renewed[sealed_column.name] += done
            after = tuple(batch[-1]._mapping[column.name] for column in sealed_column.primary_key)  # noqa: SLF001
        if on_progress:
            on_progress(sealed_column.name, renewed[sealed_column.name])


def _read_outdated_batch(
    session: Session, sealed_column: SealedColumn, after: Any, batch_rows: int
) -> list[Row[Any]]:
    """The next values that an old key sealed; rows that somebody holds are left to the next pass, none is waited for."""
    vault = session.keyring
    old = [
        is_sealed_by(sealed_column.column, key_id)
        for key_id in vault.key_ids
        if key_id != vault.active_key_id
    ]
    if not old:
        return []
    here = or_(*old)
    if after is not None:
        here = and_(here, tuple_(*sealed_column.primary_key) > tuple_(*after))
    order = (
        select(*sealed_column.primary_key, func.length(sealed_column.column))
        .where(here)
        .order_by(*sealed_column.primary_key)
        .limit(batch_rows)
    )
    found = session.connection.execute(order).all()
    sizes = accumulate(row[-1] for row in found)
    taken = [row for row, size in zip(found, sizes, strict=True) if size <= BATCH_BYTES] or found[:1]
    if not taken:
        return []
    until = tuple_(*sealed_column.primary_key) <= tuple_(*taken[-1][:-1])
    columns = {column.name: column for column in (*sealed_column.primary_key, *sealed_column.aad_columns)}
    values = (
        select(*columns.values(), sealed_column.column.label("value"))
        .where(here, until)
        .order_by(*sealed_column.primary_key)
    )
    return list(session.connection.execute(values.with_for_update(skip_locked=True)))


def _build_reseal_update(sealed_column: SealedColumn) -> Any:
    """Write the new value where the old one still stands."""
    key = [column == bindparam(f"key_{column.name}") for column in sealed_column.primary_key]
    return (
        update(sealed_column.table)
        .where(*key, sealed_column.column == bindparam("old"))
        .values({sealed_column.column: bindparam("new")})
    )


def _is_rotation_unrecorded(session: Session, key_id: str) -> bool:
    """True where a run that died before its last word left nothing to do, but no fact."""
    last = select(evidence.c.detail).where(evidence.c.fact == Fact.KEYS_ROTATED)
    newest = session.connection.scalar(last.order_by(evidence.c.seq.desc()).limit(1))
    return len(session.keyring.key_ids) > 1 and f'"key": "{key_id}"' not in (newest or "")
