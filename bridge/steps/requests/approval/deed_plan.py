"""Reads what a request will do, part by part, before it does anything. Changes nothing, anywhere.

A kind whose deed can be said line by line has a function in `PLAN_BY_KIND`; of every other kind the plan shows its tasks,
what was stated, masked, and the letters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import DeedPlan, PrivacyRequest, RequestDetails, RequestKind, Task
from bridge.services import Services
from bridge.steps.requests.approval.erasure_plan import read_erasure_parts
from bridge.steps.requests.approval.withdrawal_plan import read_withdrawal_parts

# Returns the parts of the plan by name, and by part why it could not be read. May ask other systems, without a transaction.
PlanReader = Callable[[PrivacyRequest, Sequence[Task], Services], tuple[Mapping[str, Any], Mapping[str, str]]]

PLAN_BY_KIND: Mapping[RequestKind, PlanReader] = {
    RequestKind.ERASURE: read_erasure_parts,
    RequestKind.CONSENT_WITHDRAWAL: read_withdrawal_parts,
}

# what particulars hold in the clear: codes and names of fields; everything else is a person's own words or data
CODE_FIELDS = frozenset({"field", "ground", "purposes", "channels", "right", "noticed_at"})


def read_deed_plan(request_id: str, *, services: Services) -> DeedPlan:
    """Return the plan of a request as things stand. Raises PayloadInvalid (`request_unknown`), StoreUnavailable."""
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        tasks = tx.tasks.list_tasks(request_id)
        details = tx.request_details.get_details(request_id, request.kind)
    read_parts = PLAN_BY_KIND.get(request.kind)
    parts, unread = read_parts(request, tasks, services) if read_parts else ({}, {})
    # a fingerprint by a secret key: who is meant cannot be guessed from it, and another person's plan has another
    named = json.dumps([asdict(request.principal), asdict(details)], default=str, sort_keys=True).encode()
    common = {
        "request": {"kind": request.kind, "person": services.digest("approval|person", named)},
        "tasks": [[task.system, task.action, task.customer] for task in tasks],
        "stated": mask_details(details),
    }
    # what is compared and shown are plain JSON values
    return DeedPlan(
        parts=json.loads(json.dumps({**common, **parts}, default=str), parse_float=str), unread=dict(unread)
    )


def mask_details(details: RequestDetails) -> dict[str, Any]:
    """Return what a request states, with codes in the clear and of everything else its first letter and its length."""
    stated = asdict(details.particulars) if details.particulars else {}
    return {name: _mask_stated_value(name, value) for name, value in stated.items()}


def _mask_stated_value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mask_stated_value(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_stated_value(name, each) for each in value]
    text = str(value)
    return text if name in CODE_FIELDS or not text else f"{text[0]}*** ({len(text)} characters)"
