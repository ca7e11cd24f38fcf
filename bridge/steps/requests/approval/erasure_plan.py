"""Reads what an erasure will do: each line, each letter to a processor, what Shopify is asked. Changes nothing.

An invoice copy that is still to be sealed counts as sealed: the plan says what the erasure does after it. What cannot be
read now is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from bridge.errors import BridgeError
from bridge.model import (
    ErasureAction,
    InvoiceSearchResult,
    PlatformRequestProgress,
    Principal,
    PrivacyRequest,
    Residue,
    SealProgress,
    Task,
    TaskAction,
    TaskState,
    Waybill,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.erasure.plan_lines import serialise_plan
from bridge.rules.requests.lifecycle import PLATFORM, decide_residue_action
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import select_customer
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.erasure.find_platform_parcels import list_platform_parcels, select_unreported_parcels
from bridge.steps.erasure.orders_without_invoice_copy import find_invoice_search_task
from bridge.steps.erasure.precheck import run_precheck
from bridge.steps.notices.batch import find_processor
from bridge.steps.notices.open_notice_items import plan_notice_items
from bridge.steps.retention.seal_invoices import preview_invoice_search

Customers = Sequence[tuple[Task, PrivacyRequest]]  # each task with the request as one about its customer
RowsOrFault = tuple[list[dict[str, Any]], str]  # the rows, and why they could not be read, else ''
PLATFORM_ACTIONS = (TaskAction.REQUEST_PLATFORM_ERASURE, TaskAction.REMOVE_PLATFORM_RESIDUE)


def read_erasure_parts(
    request: PrivacyRequest, tasks: Sequence[Task], services: Services
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return the parts of the plan of an erasure, and by part why it could not be read. Raises StoreUnavailable."""
    with services.store.read() as tx:
        customers = [(task, select_customer(request, task, tx)) for task in tasks]
    findings, findings_fault = list_precheck_findings(customers, services)
    residue, residue_fault = list_residue(customers, services)
    search, sealable, copies_fault = InvoiceSearchResult(), 0, ""
    search_task = find_invoice_search_task(tasks)
    if search_task is not None and get_progress(search_task, SealProgress).search is None:
        search, sealable, copies_fault = preview_invoice_search(request, services)
        searched = replace(search_task, progress=SealProgress(search=search))
        tasks = [searched if task.id == searched.id else task for task in tasks]
    parcels, parcels_fault = _list_parcels(request, services)
    with services.store.read() as tx:
        erasure = Erasure(request, tasks, tx=tx, services=services)
        unreported = [] if erasure.scope.is_merged else select_unreported_parcels(request, parcels, tx)[0]
        about = (erasure.request.principal, erasure.parcels, erasure.orders)
        of_index = plan_notice_items(request, *about, tx=tx, services=services)
        of_platform = plan_notice_items(request, Principal(), unreported, {}, tx=tx, services=services)
        targets = {(target.processor, target.reference): target for target in (*of_index.targets, *of_platform.targets)}
        lines = [_drop_moving_day(line) for line in serialise_plan(erasure.preview())]
    counts = Counter((target.processor, target.reference_kind) for target in targets.values())
    parts = {
        "lines": lines,
        "copies": {"sealed_first": sealable, "missing": len(search.missing_copies)},
        "letters": [
            build_processor_row(processor, reference_kind, count, services)
            for (processor, reference_kind), count in sorted(counts.items())
        ],
        "shopify": [[task.action, task.customer] for task, _ in customers if task.action in PLATFORM_ACTIONS],
        "guards": findings,
        "residue": residue,
    }
    faults = {"guards": findings_fault, "residue": residue_fault, "copies": copies_fault, "letters": parcels_fault}
    return parts, {name: fault for name, fault in faults.items() if fault}


def _drop_moving_day(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without its last day where that counts from the deed: until then it moves each day."""
    return {**line, "until": None} if line["action"] == ErasureAction.KEEP_AS_EVIDENCE else line


def build_processor_row(processor_id: str, reference_kind: str, count: int, services: Services) -> dict[str, Any]:
    """Return what a plan says of the letter or call to one processor."""
    processor = find_processor(processor_id, services)
    channel = processor.erasure_channel if processor and processor.is_notice_recipient else "none"
    return {"processor": processor_id, "channel": channel, "records": count, "named_by": reference_kind}


def _list_parcels(request: PrivacyRequest, services: Services) -> tuple[list[Waybill], str]:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return [], ""
    try:
        return list(list_platform_parcels(request, platform, services)), ""
    except BridgeError as fault:
        return [], str(fault)


def list_precheck_findings(customers: Customers, services: Services) -> RowsOrFault:
    """Return what the prechecks find now, each with its count and whether it stops; and why they failed, else ''.

    Once the erasure was requested from Shopify: what they found then. Empty if the bridge does not request it, or
    if Shopify does not know the data subject. Of several customers each row names its own.
    """
    rows: list[dict[str, Any]] = []
    for task, about in customers:
        if task.action is TaskAction.REQUEST_PLATFORM_ERASURE:
            found, fault = _list_findings_of_customer(about, task, services)
            rows += [{"customer": task.customer, **row} if task.customer else row for row in found]
            if fault:
                return [], fault
    return rows, ""


def _list_findings_of_customer(request: PrivacyRequest, task: Task, services: Services) -> RowsOrFault:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return [], ""
    progress = get_progress(task, PlatformRequestProgress)
    if task.state is TaskState.DONE or request.principal == Principal():
        return [asdict(each) for each in progress.prechecks], ""
    try:
        customer_id = platform.find_customer(request.principal, shop=request.shop)
        released, shop = progress.released_codes, request.shop
        findings = run_precheck(platform, customer_id, shop, released, services=services) if customer_id else []
    except BridgeError as fault:
        return [], str(fault)
    return [asdict(finding) for finding in findings], ""


def list_residue(customers: Customers, services: Services) -> RowsOrFault:
    """Return what other apps wrote, each with what becomes of it; and why it could not be read, else ''."""
    own = [(task, about) for task, about in customers if task.action is TaskAction.REMOVE_PLATFORM_RESIDUE]
    if not own:
        return [], ""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return [], "no platform is configured"
    if all(about.principal == Principal() for _, about in own):
        return [], "the request no longer knows its data subject"
    rows: list[dict[str, Any]] = []
    try:
        for task, about in own:
            residue = platform.list_platform_residue(about.principal, shop=about.shop)
            rows += [_residue_row(item, task, services) for item in residue]
    except BridgeError as fault:
        return [], str(fault)
    return rows, ""


def _residue_row(item: Residue, task: Task, services: Services) -> dict[str, Any]:
    action, reason = decide_residue_action(item, services.retention)
    row = {"system": item.system, "action": action, "kind": item.kind, "ref": item.ref, "what": item.what}
    row["reason"] = reason
    return {**row, "customer": task.customer} if task.customer else row
