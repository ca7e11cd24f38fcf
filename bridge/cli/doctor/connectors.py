"""Check the connectors: each one checks itself, for each shop."""

from __future__ import annotations

from collections.abc import Iterable

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
    return dict.fromkeys(checks)
