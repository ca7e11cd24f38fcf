"""Answers who asks which processors there are: by a letter with the public list. Calls nobody, asks for no identity."""

from __future__ import annotations

from dataclasses import replace

from bridge.model import Lease, LetterKind, PrivacyRequest, ProcessorListProgress, Task
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.task_results import finish_task, record_task_result


def send_processor_list(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Queue the letter. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    count = len(services.merchant.processors)
    after = replace(finish_task(task, None, services.clock.now()), records=count, progress=ProcessorListProgress())
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(after)
        queue_letter(request, LetterKind.PROCESSORS, tx=tx)
        record_task_result(request, after, tx, records=count)
    return after
