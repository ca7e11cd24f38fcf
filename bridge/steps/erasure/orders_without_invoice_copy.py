"""Spare: orders that nothing destructive may touch, for the tax books have no copy of their invoice yet.

An erasure that had to spare orders comes back for these and for nothing else: what she ordered since is a new contract.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from bridge.model import Action, DocumentKind, Outcome, Principal, PrivacyRequest, Task, TaskState
from bridge.ports import Services, Tx

REVIEW = "seal_missing"
LOOK_AGAIN_H = 1  # for a copy that an operator files while something waits for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What the last look for copies found, by order id: never invoiced, invoiced without a copy.

    `whole` is False where the platform could not say which orders there are.
    """

    none: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    whole: bool = True


def keeps_books(services: Services) -> bool:
    """True where the copies are ours to keep; else the merchant's accounts have them, as was attested."""
    return services.retention.vault.mode == "bridge"


def looking(tasks: Iterable[Task]) -> Task | None:
    """The task that looks for copies; None in a request that has none."""
    return next((task for task in tasks if task.action is Action.SEAL), None)


def looked(tasks: Iterable[Task]) -> Looked:
    """What it found, as it rests in its cursor."""
    look = looking(tasks)
    if look is None or not look.cursor:
        return Looked()
    told = json.loads(look.cursor)
    return Looked(none=frozenset(told["none"]), missing=frozenset(told["missing"]), whole=told["whole"])


def as_cursor(found: Looked) -> str:
    """The same as a cursor, which is sealed where it rests."""
    return json.dumps({"none": sorted(found.none), "missing": sorted(found.missing), "whole": found.whole})


def scope(request: PrivacyRequest, tasks: Iterable[Task]) -> Principal:
    """Whom an erasure is about now: the person; once it ran, the orders that it had to spare."""
    own = next((task for task in tasks if task.action is Action.ERASE), None)
    return Principal(order_ids=tuple(json.loads(own.cursor))) if own and own.cursor else request.principal


def hers(request: PrivacyRequest, tasks: Sequence[Task], tx: Tx) -> set[str]:
    """Ids of the orders that the erasure is about now. An id that was merged away has none: they are the kept one's."""
    who = scope(request, tasks)
    if any(task.action is Action.ERASE and task.state is TaskState.DONE for task in tasks):
        return set()  # what she ordered since is a new contract
    if tx.index.merged(request.shop, who):
        return set()
    return set(tx.index.orders(request.shop, who))


def spared(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> list[str]:
    """Those of them that were invoiced, as far as anybody knows, and have no copy.

    None where nobody has looked: whoever erases sees to it that somebody has.
    """
    if not keeps_books(services) or looking(tasks) is None:
        return []
    return without(request.shop, hers(request, tasks, tx) - looked(tasks).none, tx)


def unlooked(spare: Collection[str], tasks: Iterable[Task]) -> bool:
    """True where one of the spared orders became known after the last look: nobody asked about it yet."""
    return bool(set(spare) - looked(tasks).missing)


def without(shop: str, order_ids: Iterable[str], tx: Tx) -> list[str]:
    """Those of the orders that no sealed invoice stands for; a credit note is no copy of its invoice."""
    wanted = set(order_ids)
    have = tx.documents.of_orders(shop, wanted)
    return sorted(
        order_id
        for order_id in wanted
        if not any(document.kind is DocumentKind.INVOICE for document in have.get(order_id, ()))
    )


def found_since(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> Task | None:
    """The look as done, where it had failed and every copy that it missed is there now, or is others'; else None."""
    look, seen = looking(tasks), looked(tasks)
    if look is None or look.state is not TaskState.FAILED:
        return None
    ended = replace(look, state=TaskState.DONE, last_error="")
    if not keeps_books(services):
        return replace(ended, outcome=Outcome.UNCONFIRMED)
    if not seen.whole or without(request.shop, seen.missing, tx):
        return None
    return replace(ended, outcome=Outcome.RETAINED, cursor=as_cursor(replace(seen, missing=frozenset())))


def review_missing(request: PrivacyRequest, missing: int, *, tx: Tx, services: Services) -> None:
    """A person is asked while copies are missing, and not any more when they are there. Writes evidence."""
    open_ = tx.reviews.listed(kind=REVIEW, request_id=request.id)
    if missing and not open_:
        once = services.store.new_id("rev")  # a person may close it, and copies may be missing again
        tx.reviews.open(request.shop, REVIEW, f"{missing} orders", request_id=request.id, once=once)
    for review in () if missing else open_:
        tx.reviews.close(review.id, actor="bridge", reason="copies_are_there")
