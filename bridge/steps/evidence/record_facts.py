"""What concerns several requests at once: a fact for each, so that a request's evidence is whole, and a bell for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bridge.errors import ConcurrentChange
from bridge.model import Fact, Notice, NoticeItem, PrivacyRequest, Task
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx


def account_key(notice_or_item: Notice | NoticeItem) -> str:
    """The account that a notice or an entry belongs to: one processor of one shop."""
    return f"{notice_or_item.shop}|{notice_or_item.processor}"


def save_notice(notice: Notice, previous: Notice, tx: Tx) -> None:
    """Overwrite a notice as it was read. Raises ChangedMeanwhile where it moved since: read again, decide again."""
    if not tx.notices.save_notice(notice, expected_state=previous.state):
        raise ConcurrentChange


def record_notice_fact(
    fact: Fact,
    items: Sequence[NoticeItem],
    tx: Tx,
    *,
    notice: Notice | None = None,
    actor: str = "bridge",
    **detail: object,
) -> None:
    """Record the fact for each request that these entries are about: counts and codes, no waybill."""
    by_request: dict[str, list[NoticeItem]] = {}
    for entry in items:
        by_request.setdefault(entry.request_id, []).append(entry)
    for request_id, theirs in sorted(by_request.items()):
        told: dict[str, Any] = {"processor": theirs[0].processor, "entries": len(theirs), **detail}
        told |= _count_answers(theirs)
        if notice is not None:
            told |= {"notice": notice.id, "state": notice.state}
        tx.evidence.append_fact(fact, shop=theirs[0].shop, actor=actor, request_id=request_id, **told)


def _count_answers(items: Iterable[NoticeItem]) -> Mapping[str, Any]:
    answers = Counter(str(entry.answer) for entry in items if entry.answer is not None)
    return {"answers": dict(sorted(answers.items()))} if answers else {}


def enqueue_requests(items: Iterable[NoticeItem], services: Services) -> None:
    """Their requests take it in soon; sweep rings where the bell is not heard."""
    ids = sorted({entry.request_id for entry in items})
    if ids:
        services.queue.enqueue_all([("process", request_id, True) for request_id in ids])


def record_task_fact(fact: Fact, request: PrivacyRequest, task: Task, tx: Tx, **detail: Any) -> None:
    """Record what became of one task of a request."""
    tx.evidence.append_fact(
        fact,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        system=task.system,
        action=task.action,
        **detail,
    )
