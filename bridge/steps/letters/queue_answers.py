"""Queue the letters that a request's own course makes necessary: its answer, its outcome, a part that came later, lateness.

Works inside the transaction of the deed that makes them necessary, but for lateness, which the clock finds. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.model import LetterKind, PrivacyRequest, RequestKind, RequestSource, Task, TaskAction, TaskState
from bridge.rules.requests.answer_times import is_answer_required, is_late
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

LATE_PER_RUN = 200


def queue_closing_letter(request: PrivacyRequest, *, tx: Tx, services: Services) -> None:
    """Queue the letter that says what became of a request which is closed in this transaction.

    Who asked for a copy gets one for it. Who asked the merchant for erasure gets its outcome; a request of Shopify is fulfilled by
    the deed, and its outcome is written only where the merchant's file says that persons are answered.
    """
    if request.kind is RequestKind.ACCESS:
        queue_letter(request, LetterKind.ANSWER, tx=tx)
    elif request.kind is RequestKind.ERASURE and (
        is_answer_required(request) or _is_answered_to_person(request, services)
    ):
        queue_letter(request, LetterKind.OUTCOME, tx=tx)


def queue_supplement(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx) -> None:
    """Queue a letter for what answered after the person had the answer, once for each time that something did."""
    answered_at = request.answered_at
    if answered_at is None:
        return
    former = [each for each in tx.person_letters.list_letters(request.id) if each.kind is LetterKind.SUPPLEMENT]
    since = max([answered_at, *(each.created_at for each in former)])
    late_systems = sorted(
        {
            task.system
            for task in tasks
            if task.action is TaskAction.GATHER
            and task.state is TaskState.DONE
            and task.finished_at is not None
            and task.finished_at > since
        }
    )
    if late_systems:
        values = {"systems": ",".join(late_systems)}
        queue_letter(request, LetterKind.SUPPLEMENT, tx=tx, number=len(former), values=values)


def queue_late_letters(*, services: Services) -> int:
    """Queue the letter that says that a request is late, once for each, and return how many. Raises StoreUnavailable."""
    now, count = services.clock.now(), 0
    webhook = {RequestSource.WEBHOOK} if services.merchant.letters.answers_person else set()
    doors = {source for source in RequestSource if source.is_merchants} | webhook
    with services.store.read() as tx:
        overdue = tx.person_letters.list_overdue_requests(doors, limit=LATE_PER_RUN)
    for request_id in overdue:
        with services.store.transaction() as tx:
            request = tx.requests.get_request(request_id)
            if request is None or not is_late(request, now):
                continue
            values = {"due": local_day(request.due_at, services.merchant.clocks).isoformat()}
            count += queue_letter(request, LetterKind.LATE, tx=tx, values=values)
    return count


def _is_answered_to_person(request: PrivacyRequest, services: Services) -> bool:
    return request.source is RequestSource.WEBHOOK and services.merchant.letters.answers_person
