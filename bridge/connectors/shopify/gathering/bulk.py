"""Very many orders of one customer: Shopify writes their first halves into a file, which is read as a stream.

The cursor keeps the operation's id before anything waits for it: who comes later asks after the same one. The file
is personal data: it is read line by line, never touches a disk, and its address is in no cursor, message or log.
What a bulk operation cannot nest (`customer_orders_left`) is read by pages afterwards. Where Shopify refuses the
operation, or denies it a field, the pages read everything and say what was denied.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.http import Dialect
from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import bulk_file, orders
from bridge.connectors.shopify.gathering.cursor import Place, Stage
from bridge.connectors.shopify.gathering.session import Errand, number_of
from bridge.errors import ConnectorThrottled, ConnectorUnavailable
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import Step

Node = dict[str, Any]

PAGE = 250
POLLS_S = (1.0, 2.0, 4.0, 8.0, 10.0)  # 25 seconds in one call; the database's schedule goes on from there
LATER_S = 60.0
OPEN = frozenset({"CREATED", "RUNNING", "CANCELING"})
BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})  # five at once; one before 2026-01


class Expired(ConnectorUnavailable):
    """The file is no longer there: a week after the operation Shopify drops it."""


FILE = Dialect(also=dict.fromkeys((400, 401, 403, 404, 410), Expired))


def bulk(errand: Errand, place: Place) -> Iterator[Step]:
    """Begin the operation, or wait for it and read its file.

    Raises ConnectorThrottled where it is not done yet, ConnectorUnavailable where it failed twice.
    """
    if not place.bulk:
        yield (), (), _begin(errand, place)
        return
    found = _ended(errand, place)
    status, url, partial = found.get("status"), found.get("url"), found.get("partialDataUrl")
    if found.get("errorCode") == "ACCESS_DENIED":
        yield (), (), _by_pages(place)
        return
    if status != "COMPLETED" and (not partial or not place.tries):
        yield from _anew(place)
        return
    short = _gap("bulk_operation_failed") if status != "COMPLETED" else ()
    try:
        for step in _read(errand, place, str(url or partial or ""), int(found.get("rootObjectCount") or 0)):
            findings, gaps, place = step
            yield findings, gaps + (short if place.bulked else ()), place
    except Expired:
        yield from _anew(place)


def _begin(errand: Errand, place: Place) -> Place:
    """Give Shopify the query, and keep the operation's id. Raises as `Client.ask`."""
    reply = errand.client.ask(errand.shop, "bulk/start", query=query(errand, place))
    begun = reply.data.get("begun") or {}
    if BUSY & {error.get("code") for error in begun.get("userErrors") or ()}:
        raise ConnectorThrottled("shopify: other bulk operations are running", retry_after_s=LATER_S)
    number = (begun.get("bulkOperation") or {}).get("id")
    return replace(place, bulk=str(number)) if number else _by_pages(place)


def query(errand: Errand, place: Place) -> str:
    """Write the query with its values in it: a bulk operation takes no variables."""
    switches = {flag: flag not in place.shut for flag in documents.flags("bulk/orders")}
    hers = f"customer_id:{normal('customer', place.customer)}"
    return documents.filled("bulk/orders", errand.client.version, query=hers, **switches)


def _ended(errand: Errand, place: Place) -> Node:
    """Ask how far it is until it has ended. An operation that Shopify does not know has nothing."""
    for pause_s in (*POLLS_S, None):
        reply = errand.client.ask(errand.shop, "bulk/state", id=place.bulk)
        found: Node = reply.data.get("operation") or {}
        if found.get("status") not in OPEN:
            return found
        if pause_s is not None:
            errand.client.nap(pause_s)
    raise ConnectorThrottled("shopify: bulk operation is running", retry_after_s=LATER_S)


def _read(errand: Errand, place: Place, url: str, there: int) -> Iterator[Step]:
    """Read the file on from the line that the cursor names, and leave the stage with its last page."""
    lines = errand.client.lines(url, FILE) if url else iter(())  # no rows, no file
    batch = list[Node]()
    for node, done in bulk_file.regrouped(lines, place.lines):
        if len(batch) == PAGE:
            findings, gaps, place = _keep(errand, place, batch)
            yield findings, gaps, place
            batch = []
        number = number_of(node)
        high = number if number > place.high >= 0 else -1
        batch += [node] if number > place.met else []
        place = replace(place, lines=done, rows=place.rows + 1, high=high)
    findings, gaps, place = _keep(errand, place, batch)
    gaps += _gap("bulk_file_is_short") if place.rows < there else ()
    left = replace(_by_pages(place), start=place.after, again=True, left=0, bulked=True)
    yield findings, gaps, left


def _keep(errand: Errand, place: Place, batch: list[Node]) -> Step:
    return orders.keep(errand, place, [(node, errand.match(node, place)) for node in batch])


def _anew(place: Place) -> Iterator[Step]:
    """Leave this operation for another. Raises ConnectorUnavailable where it was the second that failed."""
    met = max(place.met, place.high)  # sorted, so all up to there are kept
    place = replace(place, bulk="", lines=0, rows=0, met=met, high=0)
    if not place.tries:
        yield (), (), replace(place, tries=1)
        return
    yield (), (), replace(place, tries=0)
    raise ConnectorUnavailable("shopify: bulk operation failed", retry_after_s=LATER_S)


def _by_pages(place: Place) -> Place:
    return replace(place, stage=Stage.ORDERS, bulk="", lines=0, rows=0, met=0, high=0, tries=0)


def _gap(reason: str) -> tuple[Gap, ...]:
    return (Gap(system=SYSTEM, absence=Absence.UNREACHED, what="orders", reason=reason),)
