"""Check what stands still and what needs somebody: processes, webhooks, requests, messages to operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.rules.desk.deadline_warnings import WARN_AT_PERCENT
from bridge.rules.operations.conditions import Condition, FoundCondition, describe_age
from bridge.rules.operations.digest import describe_condition
from bridge.rules.operations.guides import RUNBOOKS
from bridge.steps.operations.conditions import Liveness, list_conditions, read_liveness

# other checks say more about them
REPORTED_ELSEWHERE = (
    Condition.MANDATORY_WEBHOOK_UNHANDLED,
    Condition.NOTICE_NEEDS_PERSON,
    Condition.BACKUP_RESTORED,
    Condition.REDIS_UNREACHABLE,
)
UNSET_MAIL = ("mail_not_configured", "domain_not_verified", "officer_not_named", "package_blocked")
SILENCES = (Condition.CLOCK_SILENT, Condition.WORKER_SILENT)


@end_without_database
def check_conditions(context: CommandContext) -> Iterator[CheckResult]:
    """Yield each condition that somebody must end; and when clock and workers were last seen, and how long rows wait."""
    now = context.store.now()
    with context.store.read() as tx:
        liveness = read_liveness(tx=tx)
        found = list_conditions(tx=tx, services=context.services)
        failures = tx.alerts.find_message_failures()
    # in a folder of development nothing may run yet
    is_development = not context.configuration.settings.is_production
    may_be_absent = is_development and not any(one.condition is Condition.ROWS_STAND_STILL for one in found)
    for one in found:
        if one.condition in REPORTED_ELSEWHERE:
            continue
        is_absent = one.condition in SILENCES and one.since is None
        detail = describe_condition(one, now) if one.condition not in SILENCES else _describe_silence(one, now)
        if one.condition is Condition.MESSAGE_NOT_SENT:
            detail += f"; {failures[one.reason][1]}"
        name = f"{one.condition.replace('_', ' ')} {one.reason}".rstrip()
        fix = f"{one.command} ({RUNBOOKS}{one.guide.page}.md)"
        # letters wait in a folder of development, where no mail leaves
        is_usual = (is_absent and may_be_absent) or is_half_over(one) or (is_development and one.reason in UNSET_MAIL)
        yield CheckResult(name=name, ok=None if is_usual else False, detail=detail, fix=fix)
    yield from _list_living(liveness, found, now)


def is_half_over(one: FoundCondition) -> bool:
    """Return whether a condition only says that the first part of a term is over: there is still time."""
    return one.condition is Condition.DEADLINE_NEAR and one.reason.endswith(f"_{WARN_AT_PERCENT[0]}")


def _describe_silence(one: FoundCondition, now: datetime) -> str:
    seen = f"last seen {describe_age(now - one.since)} ago" if one.since else "never seen"
    return f"{seen}: {one.guide.words}"


def _list_living(liveness: Liveness, found: list[FoundCondition], now: datetime) -> Iterator[CheckResult]:
    silent = {one.condition for one in found}
    if Condition.CLOCK_SILENT not in silent and liveness.last_turn_at:
        yield CheckResult(name="clock", ok=True, detail=f"last seen {describe_age(now - liveness.last_turn_at)} ago")
    if Condition.WORKER_SILENT not in silent and liveness.last_worker_at:
        detail = f"{liveness.workers} seen, the last {describe_age(now - liveness.last_worker_at)} ago"
        yield CheckResult(name="workers", ok=True, detail=detail)
    waits = [since for since in liveness.oldest_due.values() if since]
    if Condition.ROWS_STAND_STILL not in silent:
        detail = f"the oldest due row waits {describe_age(now - min(waits))}" if waits else "nothing waits for a worker"
        yield CheckResult(name="due rows", ok=True, detail=detail)
