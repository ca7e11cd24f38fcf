"""Check the shops: erasures that wait for a person, names that Shopify gives them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, WaitReason
from bridge.rules.shops.shop_erasure import ALARM_AFTER

RENAMED = "Shopify calls this shop {name} now: write that into the merchant file"
TAKEN = "another shop has this domain now; remove it from the merchant file if that shop is not the merchant's"
UNIDENTIFIED = (
    "Shopify did not say which shop this is, so a rename is not recognised: repair its token, or `shop identify`"
)


@end_without_database
def check_shop_erasures(context: CommandContext) -> list[CheckResult]:
    """Return the shop erasures that wait: for the return of their documents, or for a decision."""
    now = datetime.now(UTC)
    with context.store.transaction() as tx:
        return [_check_shop_erasure(row, now) for row in tx.shop_exits.list_blocked_shop_erasures()]


def _check_shop_erasure(row: Mapping[str, Any], now: datetime) -> CheckResult:
    is_reinstalled = row["wait_reason"] is WaitReason.INSTALLED_AGAIN
    fix = f"vault export, or vault waive; then dsr show {row['id']}"
    if is_reinstalled:
        fix = f"dsr continue {row['id']} or dsr close {row['id']}"
        detail = (
            f"{row['id']}: the app is installed again or never left, or this webhook came before;"
            " dsr continue or dsr close"
        )
    else:
        until = f"{row['expected_by']:%d %b %Y}" if row["expected_by"] else "now"
        detail = f"{row['id']}: {row['last_error']}; vault export or vault waive, until {until}"
    failed = is_reinstalled or now >= row["asked_at"] + ALARM_AFTER
    return CheckResult(name=f"{row['shop']} leaves", ok=False if failed else None, detail=detail, fix=fix)


@end_without_database
def check_shop_names(context: CommandContext) -> Iterator[CheckResult]:
    """Yield what the merchant's file should be changed to, and which domains Shopify did not identify."""
    with context.store.transaction() as tx:
        directory = tx.shop_names.directory
    for domain in context.configuration.merchant.shops:
        name = directory.find_name(domain)
        present = directory.find_current_name(directory.find_key(domain))
        if present != domain:
            yield CheckResult(name=f"{domain} name", ok=None, detail=RENAMED.format(name=present))
        elif directory.has_former_owner(domain):
            yield CheckResult(name=f"{domain} name", ok=None, detail=TAKEN)
        elif name and not name.number and name.asked_at:
            yield CheckResult(name=f"{domain} name", ok=None, detail=UNIDENTIFIED)
