"""Queues the letter that ends a withdrawal of consent: what was stopped, and what became of data that rested on it alone.

Nobody proves who asks for a withdrawal. What is held of a person is therefore told to no other address than the one that the
data belong to; anybody else reads the same words, whether or not there is such a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bridge.model import (
    ConsentDataProgress,
    ErasureAction,
    LetterKind,
    Principal,
    PrivacyRequest,
    RequestSource,
    StopMarketingProgress,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.consents.channels import list_notified_processors
from bridge.rules.consents.consent_data import list_consent_categories, list_kinds
from bridge.rules.notices.recipients import NoticeTarget, list_stop_targets
from bridge.rules.requests.lifecycle import FINISHED_STATES, PLATFORM
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

UNSAID, UNFINISHED, NOTHING = "unsaid", "unfinished", "nothing"
OPEN_WORDS = (UNSAID, UNFINISHED)
WORDS_BY_ACTION = {ErasureAction.ERASE: "erased", ErasureAction.RESTRICT: "held", ErasureAction.KEEP: "stays"}


def list_targets(principal: Principal, channels: Sequence[str], services: Services) -> list[NoticeTarget]:
    """Return the records at processors of messages by which this person is named to them."""
    notified = list_notified_processors(services.merchant.processors, channels)
    return list_stop_targets(principal.for_others, notified)


def queue_withdrawal_letter(request: PrivacyRequest, tx: Tx, services: Services) -> None:
    """Queue the letter once both tasks have ended. What ends later than they did is told by a second one."""
    if request.source is RequestSource.LAW:
        return  # nobody asked
    tasks = {task.action: task for task in tx.tasks.list_tasks(request.id)}
    stop, erasure = tasks.get(TaskAction.STOP_MARKETING), tasks.get(TaskAction.ERASE_CONSENT_DATA)
    if stop is None or stop.state is not TaskState.DONE or (erasure and not _has_ended(erasure)):
        return
    channels = get_progress(stop, StopMarketingProgress).channels
    # by what the person stated: the same words whether or not the person is a customer
    targets = list_targets(request.principal, channels, services)
    systems = dict.fromkeys((PLATFORM, *(target.processor for target in targets)))
    values = {"channels": ",".join(channels), "systems": ",".join(systems)}
    if erasure and list_consent_categories(services.retention):  # an earlier release opened withdrawals without
        values |= _describe_data(erasure)
    former = [one for one in tx.person_letters.list_letters(request.id) if one.kind is LetterKind.CONSENT_WITHDRAWN]
    # a second one where the first could not say what became of the data
    is_open = len(former) == 1 and dict(former[0].values).get("data") in OPEN_WORDS
    if not former or (is_open and values.get("data") not in OPEN_WORDS):
        queue_letter(request, LetterKind.CONSENT_WITHDRAWN, tx=tx, number=len(former), values=values)


def _has_ended(erasure: Task) -> bool:
    """Return whether nothing more comes of it soon: what waits for a law is told with the law's day."""
    return erasure.state in (*FINISHED_STATES, TaskState.WAITING)


def _describe_data(erasure: Task) -> Mapping[str, str]:
    """Return what became of the data that rested on the consent alone, as codes."""
    progress = get_progress(erasure, ConsentDataProgress)
    if not progress.discloses:
        return {"data": UNSAID}
    values = {
        word: ",".join(list_kinds(line.what for line in progress.lines if line.action is action))
        for action, word in WORDS_BY_ACTION.items()
    }
    values = {name: kinds for name, kinds in values.items() if kinds}
    days = [line.until for line in progress.lines if line.action is ErasureAction.RESTRICT]
    if days and None not in days:
        values["until"] = max(day for day in days if day).isoformat()
    if progress.standing and "stays" in values:
        values["standing"] = ",".join(progress.standing)
    if erasure.state is TaskState.FAILED:
        values["data"] = UNFINISHED
    elif not values:
        values["data"] = NOTHING
    return values
