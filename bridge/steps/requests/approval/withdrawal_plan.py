"""Reads what a withdrawal of consent will do: what it erases, keeps and why, and who is told. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.errors import BridgeError
from bridge.model import ConsentDataProgress, PrivacyRequest, Task, TaskAction, TaskState, get_progress
from bridge.ports import Platform
from bridge.rules.consents.consent_data import list_consent_categories, sum_lines
from bridge.rules.erasure.plan_lines import serialise_plan
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.consents.read_consent_data import read_consent_data, read_withdrawn_channels
from bridge.steps.consents.withdrawal_letter import list_targets
from bridge.steps.requests.approval.erasure_plan import build_processor_row


def read_withdrawal_parts(
    request: PrivacyRequest, tasks: Sequence[Task], services: Services
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return the parts of the plan, and by part why it could not be read. Raises StoreUnavailable.

    Once the data were erased, the lines are what was done.
    """
    with services.store.read() as tx:
        channels = read_withdrawn_channels(request, tx)
    targets = list_targets(request.principal, channels, services)
    counts = Counter((target.processor, target.reference_kind) for target in targets)
    letters = [build_processor_row(*named, count, services) for named, count in sorted(counts.items())]
    lines, fault = _read_consent_lines(request, tasks, services)
    return {"lines": lines, "letters": letters}, {"lines": fault} if fault else {}


def is_carried_out(tasks: Sequence[Task]) -> bool:
    """Return whether what rested on the consent was erased already, but for what a law keeps."""
    return any(task.state in (TaskState.DONE, TaskState.WAITING) for task in _list_erasures(tasks))


def _list_erasures(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.action is TaskAction.ERASE_CONSENT_DATA]


def _read_consent_lines(
    request: PrivacyRequest, tasks: Sequence[Task], services: Services
) -> tuple[list[dict[str, Any]], str]:
    if is_carried_out(tasks):
        done = (get_progress(task, ConsentDataProgress) for task in _list_erasures(tasks))
        return serialise_plan(line for progress in done for line in progress.lines), ""
    platform = services.connectors.get(PLATFORM)
    if not list_consent_categories(services.retention) or not isinstance(platform, Platform):
        return [], ""
    try:
        reading = read_consent_data(request, platform, services)
    except BridgeError as fault:
        return [], str(fault)
    return serialise_plan(sum_lines(one.line for one in reading.found)), ""
