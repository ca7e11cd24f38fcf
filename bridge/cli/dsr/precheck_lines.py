"""What `dsr plan` says of the guards: what she would lose with Shopify's erasure, and what of it stops the asking."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bridge.errors import BridgeError
from bridge.model import Principal, PrivacyRequest, Task, TaskAction, TaskState
from bridge.ports import Platform, Services
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.steps.erasure.precheck import run_precheck


def list_precheck_findings(
    request: PrivacyRequest, tasks: list[Task], services: Services
) -> tuple[list[dict[str, Any]], str]:
    """Each check with its count and whether it stops, as it is now; and why nobody could look, else ''.

    Once Shopify was asked: as it was then. Empty where Shopify is not asked by us, or does not know her.
    """
    task = next((task for task in tasks if task.action is TaskAction.REQUEST_PLATFORM_ERASURE), None)
    platform = services.connectors.get(PLATFORM)
    if task is None or not isinstance(platform, Platform):
        return [], ""
    if task.state is TaskState.DONE or request.principal == Principal():
        return list(task.detail.get("guards", ())), ""
    try:
        customer_id = platform.find_customer(request.principal, shop=request.shop)
        found = run_precheck(platform, customer_id, request, task, services=services) if customer_id else []
    except BridgeError as fault:
        return [], str(fault)
    return [asdict(each) for each in found], ""
