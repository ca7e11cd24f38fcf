"""Records facts about notice items and tasks: one for each request concerned, so that each has all of its evidence."""

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
    """Return the account of a notice or a notice item: one processor of one shop."""
    return f"{notice_or_item.shop}|{notice_or_item.processor}"


def save_notice(notice: Notice, previous: Notice, tx: Tx) -> None:
    """Save a notice. Raise ConcurrentChange where its state changed since `previous` was read: read it again."""
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
    """Record the fact for each request that these items are about: counts and codes, no waybill."""
    by_request: dict[str, list[NoticeItem]] = {}
    for item in items:
        by_request.setdefault(item.request_id, []).append(item)
    for request_id, of_request in sorted(by_request.items()):
        first = of_request[0]
        counts: dict[str, Any] = {"processor": first.processor, "entries": len(of_request), **detail}
        counts |= _count_answers(of_request)
        if notice is not None:
            counts |= {"notice": notice.id, "state": notice.state}
        tx.evidence.append_fact(fact, shop=first.shop, actor=actor, request_id=request_id, **counts)


def _count_answers(items: Iterable[NoticeItem]) -> Mapping[str, Any]:
    answers = Counter(str(item.answer) for item in items if item.answer is not None)
    return {"answers": dict(sorted(answers.items()))} if answers else {}


def enqueue_requests(items: Iterable[NoticeItem], services: Services) -> None:
    """Put the items' requests on the queue; `enqueue_due` does it later where the queue is down."""
    enqueue_request_ids((item.request_id for item in items), services)


def enqueue_request_ids(request_ids: Iterable[str], services: Services) -> None:
    """Put requests on the queue, each once and all in one call; `enqueue_due` does it later where the queue is down."""
    ids = sorted(set(request_ids))
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
        **({"customer": task.customer} if task.customer else {}),
        **detail,
    )
