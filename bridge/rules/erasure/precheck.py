"""What must be looked at before an erasure that nobody can take back, and what of it stops the asking. Pure.

The checks are the `precheck` of the retention file's categories. Money that she has with the shop stops: it would go
with her account, and she may not know. An open order is told and stops nothing: Shopify waits by itself until 180 days
after the last order (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bridge.model import Action, Owed, Task, TaskState
from config.retention_file.retention_model import Retention

GUARD = "guard_"  # how the error of a task begins that a guard stopped
UNREADABLE = "_unreadable"
NEVER_STOPS = frozenset({"open_order"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """One check: how many there are, None where it could not be read, and whether it stops the asking.

    `reason` is a code: why it stops, or why it does not.
    """

    code: str
    count: int | None
    stops: bool
    reason: str


def guards(owed: Iterable[Owed], *, retention: Retention, released: Collection[str] = ()) -> list[Guard]:
    """Every check of the file, in its order. `released` are the codes that an operator let pass.

    What may not be read is not nothing: it is named so, and stops nothing, for it could never be let go on.
    """
    counts = {one.code: one.count for one in owed}
    return [_guard(code, counts, released) for code in checks(retention)]


def checks(retention: Retention) -> list[str]:
    """What the file says must be looked at, each once."""
    named = (code for category in retention.categories.values() for code in category.precheck)
    return list(dict.fromkeys(named))


def _guard(code: str, counts: dict[str, int | None], released: Collection[str]) -> Guard:
    count = counts.get(code)
    if count is None:
        reason = "not_granted" if code in counts else "nobody_here_can_read_it"
        return Guard(code=code + UNREADABLE, count=None, stops=False, reason=reason)
    if not count:
        reason = "none_there"
    elif code in NEVER_STOPS:
        reason = "platform_waits_for_it"
    else:
        reason = "operator_let_it_pass" if code in released else "she_would_lose_it"
    return Guard(code=code, count=count, stops=reason == "she_would_lose_it", reason=reason)


def stopping(found: Iterable[Guard]) -> list[str]:
    """The codes that stop the asking."""
    return [guard.code for guard in found if guard.stops]


def why(codes: Iterable[str]) -> str:
    """The error of a task that these codes stopped."""
    return ", ".join(GUARD + code for code in codes)


def stopped(task: Task) -> list[str]:
    """The codes that stopped this task; none where it was not a guard."""
    if task.action is not Action.ASK or task.state is not TaskState.FAILED:
        return []
    words = task.last_error.split(", ")
    return [word.removeprefix(GUARD) for word in words if word.startswith(GUARD)]
