"""Decides what must be checked before an erasure that cannot be taken back, and what of it blocks the request. Pure.

The checks are the `precheck` of the retention file's categories. Money that the customer has with the shop blocks: it
would go with the account, perhaps unknown to the customer. An open order is shown and blocks nothing: Shopify waits by
itself until 180 days after the last order (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from bridge.model import Balance, PrecheckResult, Task, TaskAction, TaskState, WaitReason
from bridge.rules.requests.wait_texts import PRECHECK_ERROR_PREFIX
from config.retention_file.retention_model import Retention

UNREADABLE_SUFFIX = "_unreadable"
NON_BLOCKING_PRECHECKS = frozenset({"open_order"})
WOULD_BE_LOST = "she_would_lose_it"  # as certificates and evidence have it


def evaluate_prechecks(
    balances: Iterable[Balance], *, retention: Retention, released_codes: Collection[str] = ()
) -> list[PrecheckResult]:
    """Return the result of every check of the file, in its order. `released_codes` are those an operator released.

    What may not be read is not nothing: its result says so and blocks nothing, for nobody could release it.
    """
    counts = {balance.code: balance.count for balance in balances}
    return [_evaluate_precheck(code, counts, released_codes) for code in list_precheck_codes(retention)]


def list_precheck_codes(retention: Retention) -> list[str]:
    """Return the codes of the checks that the file names, each once."""
    codes = (code for category in retention.categories.values() for code in category.precheck)
    return list(dict.fromkeys(codes))


def _evaluate_precheck(code: str, counts: Mapping[str, int | None], released_codes: Collection[str]) -> PrecheckResult:
    count = counts.get(code)
    if count is None:
        reason = "not_granted" if code in counts else "nobody_here_can_read_it"
        return PrecheckResult(code=code + UNREADABLE_SUFFIX, count=None, stops=False, reason=reason)
    if not count:
        reason = "none_there"
    elif code in NON_BLOCKING_PRECHECKS:
        reason = "platform_waits_for_it"
    else:
        reason = "operator_let_it_pass" if code in released_codes else WOULD_BE_LOST
    return PrecheckResult(code=code, count=count, stops=reason == WOULD_BE_LOST, reason=reason)


def list_blocking_codes(results: Iterable[PrecheckResult]) -> list[str]:
    """Return the codes that block the request."""
    return [result.code for result in results if result.stops]


def format_precheck_error(codes: Iterable[str]) -> str:
    """Return the error text of a task that these codes blocked."""
    return ", ".join(PRECHECK_ERROR_PREFIX + code for code in codes)


def list_blocked_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Return the requests to the platform that prechecks blocked: one for each customer."""
    return [
        task
        for task in tasks
        if task.action is TaskAction.REQUEST_PLATFORM_ERASURE
        and task.state is TaskState.FAILED
        and task.wait_reason is WaitReason.PRECHECK_BLOCKED
    ]
