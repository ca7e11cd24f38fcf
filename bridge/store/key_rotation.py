"""Seals everything that an old key sealed again under the active key, while web and workers continue.

It works in batches of short transactions and replaces a value only where it is still the one that was read. After a
crash, another run continues. It never changes what it cannot open, nor what a data subject's own key sealed: that
key's wrapped form is what changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, bindparam, func, or_, select, tuple_, update

from bridge.errors import KeyMissing, SealBroken
from bridge.model import Fact
from bridge.rules.operations.batch_pace import BatchPace
from bridge.store.key_usage import count_key_usage, is_sealed_by
from bridge.store.schema.tables import evidence
from bridge.store.sealed_columns import SEALED_COLUMNS, RotationResult, SealedColumn
from bridge.store.session import Session

if TYPE_CHECKING:
    from bridge.store.sql import SqlStore

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000  # in memory at once; a single larger value makes a batch of its own
MAX_PASSES = 3  # rows that another worker had locked in one pass are read in the next

ProgressCallback = Callable[[str, int], None]


def rotate_keys(
    store: SqlStore, *, actor: str, batch_rows: int = BATCH_ROWS, on_progress: ProgressCallback | None = None
) -> RotationResult:
    """Reseal everything that an old key of the keyring sealed, and record it.

    `on_progress` gets after each batch the column and how many of its values this run resealed. Raises StoreUnavailable;
    what was committed until then stays.
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
            resealed_counts=dict(renewed), unreadable=tuple(sorted(unreadable)), key_usage=count_key_usage(tx.session)
        )
        if renewed or (result.is_complete and _is_rotation_unrecorded(tx.session, result.key_usage.active_key_id)):
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
    """Reseal all batches of one column, in the order of its primary key."""
    after: Any = None
    pace = BatchPace(batch_rows)
    while True:
        with store.transaction(pace) as tx:
            batch = _read_outdated_batch(tx.session, sealed_column, after, pace.size)
            if not batch:
                return
            changes = []
            for row in batch:
                values = row._mapping  # noqa: SLF001 - the row's public view
                aad = sealed_column.aad_template.format(**values)
                try:
                    resealed = store.keyring.reseal(row.value, aad)
                except (KeyMissing, SealBroken):
                    unreadable.add(f"{sealed_column.name} {aad}")
                    continue
                key = {f"key_{column.name}": values[column.name] for column in sealed_column.primary_key}
                changes.append({**key, "old": row.value, "new": resealed})
            if changes and (
                done := tx.session.connection.execute(_build_reseal_update(sealed_column), changes).rowcount
            ):
                renewed[sealed_column.name] += done
            after = tuple(batch[-1]._mapping[column.name] for column in sealed_column.primary_key)  # noqa: SLF001
        if on_progress:
            on_progress(sealed_column.name, renewed[sealed_column.name])


def _read_outdated_batch(session: Session, sealed: SealedColumn, after: Any, batch_rows: int) -> list[Row[Any]]:
    """Return the next values that an old key sealed. Rows that another worker has locked wait for the next pass."""
    keyring = session.keyring
    is_outdated = [is_sealed_by(sealed.column, key_id) for key_id in keyring.key_ids if key_id != keyring.active_key_id]
    if not is_outdated:
        return []
    condition = or_(*is_outdated)
    if after is not None:
        condition = and_(condition, tuple_(*sealed.primary_key) > tuple_(*after))
    sizes_query = (
        select(*sealed.primary_key, func.length(sealed.column))
        .where(condition)
        .order_by(*sealed.primary_key)
        .limit(batch_rows)
    )
    candidates = session.connection.execute(sizes_query).all()
    sizes = accumulate(row[-1] for row in candidates)
    batch = [row for row, size in zip(candidates, sizes, strict=True) if size <= BATCH_BYTES] or candidates[:1]
    if not batch:
        return []
    until = tuple_(*sealed.primary_key) <= tuple_(*batch[-1][:-1])
    columns = {column.name: column for column in (*sealed.primary_key, *sealed.aad_columns)}
    values = (
        select(*columns.values(), sealed.column.label("value")).where(condition, until).order_by(*sealed.primary_key)
    )
    return list(session.connection.execute(values.with_for_update(skip_locked=True)))


def _build_reseal_update(sealed_column: SealedColumn) -> Any:
    """Build the statement that writes the new value where the old one is still stored."""
    key = [column == bindparam(f"key_{column.name}") for column in sealed_column.primary_key]
    return (
        update(sealed_column.table)
        .where(*key, sealed_column.column == bindparam("old"))
        .values({sealed_column.column: bindparam("new")})
    )


def _is_rotation_unrecorded(session: Session, key_id: str) -> bool:
    """Return True where a run that crashed resealed everything but recorded no fact."""
    last = select(evidence.c.detail).where(evidence.c.fact == Fact.KEYS_ROTATED)
    newest = session.connection.scalar(last.order_by(evidence.c.seq.desc()).limit(1))
    return len(session.keyring.key_ids) > 1 and f'"key": "{key_id}"' not in (newest or "")
