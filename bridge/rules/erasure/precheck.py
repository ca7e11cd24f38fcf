"""What must be looked at before an erasure that nobody can take back, and what of it stops the asking. Pure.

The checks are the `precheck` of the retention file's categories. Money that she has with the shop stops: it would go
with her account, and she may not know. An open order is told and stops nothing: Shopify waits by itself until 180 days
after the last order (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bridge.model import Balance, Task, TaskAction, TaskState
from config.retention_file.retention_model import Retention

PRECHECK_ERROR_PREFIX = "guard_"  # how the error of a task begins that a guard stopped
UNREADABLE_SUFFIX = "_unreadable"
NON_BLOCKING_PRECHECKS = frozenset({"open_order"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PrecheckResult:
    """One check: how many there are, None where it could not be read, and whether it stops the asking.

    `reason` is a code: why it stops, or why it does not.
    """

    code: str
    count: int | None
    stops: bool
    reason: str


def evaluate_prechecks(
    balances: Iterable[Balance], *, retention: Retention, waived_codes: Collection[str] = ()
) -> list[PrecheckResult]:
    """Every check of the file, in its order. `released` are the codes that an operator let pass.

    What may not be read is not nothing: it is named so, and stops nothing, for it could never be let go on.
    """
    counts = {one.code: one.count for one in balances}
    return [_evaluate_precheck(code, counts, waived_codes) for code in list_precheck_codes(retention)]


def list_precheck_codes(retention: Retention) -> list[str]:
    """What the file says must be looked at, each once."""
    named = (code for category in retention.categories.values() for code in category.precheck)
    return list(dict.fromkeys(named))


def _evaluate_precheck(
    code: str, counts: dict[str, int | None], waived_codes: Collection[str]
) -> PrecheckResult:
    count = counts.get(code)
    if count is None:
        reason = "not_granted" if code in counts else "nobody_here_can_read_it"
        return PrecheckResult(code=code + UNREADABLE_SUFFIX, count=None, stops=False, reason=reason)
    if not count:
        reason = "none_there"
    elif code in NON_BLOCKING_PRECHECKS:
        reason = "platform_waits_for_it"
    else:
        reason = "operator_let_it_pass" if code in waived_codes else "she_would_lose_it"
    return PrecheckResult(code=code, count=count, stops=reason == "she_would_lose_it", reason=reason)


def list_blocking_codes(results: Iterable[PrecheckResult]) -> list[str]:
    """The codes that stop the asking."""
    return [guard.code for guard in results if guard.stops]


def format_precheck_error(codes: Iterable[str]) -> str:
    """The error of a task that these codes stopped."""
    return ", ".join(PRECHECK_ERROR_PREFIX + code for code in codes)


def parse_precheck_error(task: Task) -> list[str]:
    """The codes that stopped this task; none where it was not a guard."""
    if task.action is not TaskAction.REQUEST_PLATFORM_ERASURE or task.state is not TaskState.FAILED:
        return []
    words = task.last_error.split(", ")
    return [
        word.removeprefix(PRECHECK_ERROR_PREFIX) for word in words if word.startswith(PRECHECK_ERROR_PREFIX)
    ]
