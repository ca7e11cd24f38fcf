"""Reads what an instruction to correct tells its processor: which fields, and the values that it may have.

Values are read when a letter is written and stand in its attached file only; they are stored with their request, sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.model import CorrectionParticulars, CorrectionProgress, NoticeItem, NoticePurpose, TaskAction, get_progress
from bridge.rules.requests.rights.corrections import select_allowed_fields
from bridge.steps.notices.attachments import Corrections
from config.merchant_file.processors import Processor

if TYPE_CHECKING:
    from bridge.store import Tx


def read_corrections(items: Sequence[NoticeItem], processor: Processor, tx: Tx) -> Corrections:
    """Return by request the corrected fields, each with its value; '' where `fields` of the merchant's file lack it.

    A value is '' too where what the request states has expired.
    """
    request_ids = dict.fromkeys(item.request_id for item in items if item.purpose is NoticePurpose.CORRECT)
    return {request_id: _read_request(request_id, processor, tx) for request_id in request_ids}


def _read_request(request_id: str, processor: Processor, tx: Tx) -> dict[str, str]:
    request = tx.requests.get_request(request_id)
    corrections = [task for task in tx.tasks.list_tasks(request_id) if task.action is TaskAction.CORRECT]
    if request is None or not corrections:
        return {}
    fields = get_progress(corrections[0], CorrectionProgress).corrected
    particulars = tx.request_details.get_details(request_id, request.kind).particulars
    changes = particulars.changes if isinstance(particulars, CorrectionParticulars) else ()
    values, allowed = {change.field: change.new for change in changes}, select_allowed_fields(fields, processor.fields)
    return {field: values.get(field, "") if field in allowed else "" for field in fields}
