"""Check the erasures of shops: those that wait for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, WaitReason
from bridge.rules.shops.shop_erasure import ALARM_AFTER


@end_without_database
def check_shop_erasures(context: CommandContext) -> list[CheckResult]:
    """Return the shop erasures that wait: for the return of their documents, or for a decision."""
    now = datetime.now(UTC)
    with context.store.transaction() as tx:
        return [_check_shop_erasure(row, now) for row in tx.shop_exits.list_blocked_shop_erasures()]


def _check_shop_erasure(row: Mapping[str, Any], now: datetime) -> CheckResult:
    is_reinstalled = row["wait_reason"] is WaitReason.INSTALLED_AGAIN
    if is_reinstalled:
        detail = f"{row['id']}: the app is installed again or never left, or this webhook came before; dsr continue or dsr close"
    else:
        until = f"{row['expected_by']:%d %b %Y}" if row["expected_by"] else "now"
        detail = f"{row['id']}: {row['last_error']}; vault export or vault waive, until {until}"
    failed = is_reinstalled or now >= row["asked_at"] + ALARM_AFTER
    return CheckResult(name=f"{row['shop']} leaves", ok=False if failed else None, detail=detail)
