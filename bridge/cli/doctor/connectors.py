"""Check the connectors: each one checks itself, for each shop."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from bridge.cli.context import CommandContext
from bridge.model import CheckResult


def check_connectors(context: CommandContext) -> Iterable[CheckResult]:
    """Return what each connector reports, for each shop, without repetitions."""
    checks: list[CheckResult] = []
    for shop in context.configuration.merchant.shops or ("",):
        for connector in context.services.connectors.values():
            if connector.system == "shopify" and not shop:
                checks.append(CheckResult(name="shopify", ok=None, detail="the merchant file names no shop"))
            else:
                checks += connector.run_checks(shop)
    used = {processor.id for processor in context.configuration.merchant.processors}
    return dict.fromkeys(_ease_unused(check, used) for check in checks)


def _ease_unused(check: CheckResult, used: Collection[str]) -> CheckResult:
    """Return the check of a carrier that is not set up as optional, unless the merchant file names the carrier."""
    system, _, subject = check.name.partition(".")
    return replace(check, ok=None) if subject == "configured" and not check.ok and system not in used else check
