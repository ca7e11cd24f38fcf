"""Reads what keeps a processor's records that no parcel names: those of an order, and those of a data subject.

Changes nothing, calls nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.model import NoticeItem, ReferenceKind
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import read_subject_retention
from bridge.steps.erasure.scope import read_erasure_scope


def read_item_retentions(items: Iterable[NoticeItem], services: Services) -> Mapping[str, CategoryRetention]:
    """Return what keeps the record of each item without a waybill, by the item's id, as the plan of its erasure says it.

    Raises StoreUnavailable.
    """
    by_request: dict[str, list[NoticeItem]] = {}
    for item in items:
        if item.names is not ReferenceKind.WAYBILL:
            by_request.setdefault(item.request_id, []).append(item)
    kept: dict[str, CategoryRetention] = {}
    with services.store.read() as tx:
        for request_id, of_request in by_request.items():
            request = tx.requests.get_request(request_id)
            if request is None:
                continue
            # what came after the bridge's own erasure counts, too: the processor cannot tell it apart
            scope = read_erasure_scope(request, (), tx)
            retention = read_subject_retention(request, scope, tx=tx, services=services)
            for item in of_request:
                kept[item.id] = retention.calculate_record(item.processor, item.names, item.order_id)[1]
    return kept
