"""The walk through all that Shopify holds of a person: step by step, one page in memory, resumable anywhere.

Customer (with what is hers and her first orders) → her other orders (very many: by a bulk operation) →
orders found by e-mail → what hangs beside her → orders that the request names and nobody met → what all these
lead to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import bulk, linked_records, orders, pages
from bridge.connectors.shopify.gathering.cursor import Place, Stage, parse
from bridge.connectors.shopify.gathering.find_customer import find
from bridge.connectors.shopify.gathering.related_records import beside, opened
from bridge.model import Absence, Gap, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.connectors.shopify.gathering.orders import Step
    from bridge.connectors.shopify.gathering.session import Errand

NAMED = 50


def gather(errand: Errand, cursor: str) -> Iterator[Page]:
    """Yield what is found after `cursor`, page by page. Raises as `Connector.gather`."""
    place = parse(cursor, errand.order_ids)
    while place.stage is not Stage.END:
        for findings, gaps, after in _steps(errand, place):
            place = _settle(errand, after)
            more = (_strangers(place),) if place.stage is Stage.END and place.strangers else ()
            said = tuple(dict.fromkeys(gaps + more))
            yield Page(findings=findings, cursor=place.dump(errand.order_ids), gaps=said)


def _steps(errand: Errand, place: Place) -> Iterator[Step]:
    """Take one step; through the file of a bulk operation as many as it has pages."""
    if place.stage is Stage.BULK:
        yield from bulk.bulk(errand, place)
    else:
        yield STEPS[place.stage](errand, place)


def _named(errand: Errand, place: Place) -> Step:
    """Read some of the orders that the request names and that were not met on the way."""
    ids = errand.pending(place)[: errand.client.size("orders_by_ids", NAMED)]
    nodes, gaps, place = orders.by_ids(errand, place, ids)
    matches = [(node, errand.match(node, place, named=True)) for node in nodes]
    found, more, place = orders.keep(errand, place, matches)
    return found, gaps + more, errand.saw(place, ids)


STEPS: dict[Stage, Callable[[Errand, Place], Step]] = {
    Stage.CUSTOMER: find,
    Stage.ORDERS: pages.of_customer,
    Stage.FOUND: pages.of_search,
    Stage.BESIDE: beside,
    Stage.NAMED: _named,
    Stage.TRAIL: linked_records.trail,
}


def _settle(errand: Errand, place: Place) -> Place:
    """Skip stages that have nothing to ask."""
    if place.stage is Stage.FOUND and ("orders" in place.shut or not errand.search_query(place)):
        place = replace(place, stage=Stage.BESIDE)
    if place.stage is Stage.BESIDE and not place.beside:  # its own step leaves it when all lists have ended
        lists = opened(errand, place)
        place = replace(place, stage=Stage.BESIDE if lists else Stage.NAMED, beside=lists)
    if place.stage is Stage.NAMED and ("orders" in place.shut or not errand.pending(place)):
        place = linked_records.leads(place)
    return place


def _strangers(place: Place) -> Gap:
    """Orders left out, as a number: naming them would tell one person about another."""
    return Gap(
        system=SYSTEM,
        absence=Absence.UNATTRIBUTED,
        what=f"{place.strangers} orders",
        reason="another_customer_or_unconfirmed",
    )
