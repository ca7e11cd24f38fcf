"""Check the erasures that wait because a law holds data: whether the deed follows its day, and whether there is a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.rules.retention.statutory_last_days import local_day
from bridge.steps.requests.held_requests import HeldRequest, list_held_requests
from config.retention_file.retention import Retention


@end_without_database
def check_held_requests(context: CommandContext) -> Iterator[CheckResult]:
    """Yield how many wait for which hold, those whose day has passed, and what the others without a day wait for."""
    services = context.services
    with context.store.transaction() as tx:
        held = list_held_requests(tx=tx, services=services)
    overdue = [one for one in held if one.is_overdue]
    if not overdue:
        yield CheckResult(name="held by law", ok=True, detail=_summarise(held, services.retention))
    for one in overdue:
        detail = (
            f"it was due on {one.looks_at:%d %b %Y %H:%M} UTC and nothing followed: see `dsr show {one.request_id}`; is a"
            f" worker running? then `dsr replay {one.request_id}`"
        )
        yield CheckResult(
            name=f"held by law {one.request_id}",
            ok=False if one.has_failed else None,
            detail=detail,
            fix=f"dsr replay {one.request_id}",
        )
    if undecided := [one for one in held if one.needs]:
        oldest = min(undecided, key=lambda one: one.received_at)
        needs = " and ".join(sorted({need for one in undecided for need in one.needs}))
        detail = (
            f"{len(undecided)} wait until {needs} is decided, the oldest since {oldest.received_at:%d %b %Y}"
            f" ({oldest.request_id}): write it in the retention file, then `hold changes` and `hold accept`"
        )
        is_late = any(one.due_at < services.clock.now() for one in undecided)
        yield CheckResult(
            name="held without known end",
            ok=False if is_late else None,
            detail=detail,
            fix="hold changes, then hold accept",
        )
    for one in held:
        for legal_hold_id in one.overdue_legal_hold_ids:
            detail = f"waits for {legal_hold_id}, whose review is overdue: `hold review {legal_hold_id}` or `hold release {legal_hold_id}`"
            fix = f"hold review {legal_hold_id} or hold release {legal_hold_id}"
            yield CheckResult(name=f"held by claim {one.request_id}", ok=False, detail=detail, fix=fix)


def _summarise(held: Sequence[HeldRequest], retention: Retention) -> str:
    if not held:
        return "no request waits because a law holds data"
    counts = Counter(hold for one in held for hold in one.holds)
    listed = ", ".join(f"{hold} {count}" for hold, count in sorted(counts.items()))
    oldest = local_day(min(one.received_at for one in held), retention.calendar)
    ends = [local_day(one.ends_at, retention.calendar) for one in held if one.ends_at]
    next_end = f"the next goes on by itself on {min(ends):%d %b %Y}" if ends else "none has a known end"
    return f"{len(held)} wait ({listed}); {next_end}; the oldest came on {oldest:%d %b %Y}"
