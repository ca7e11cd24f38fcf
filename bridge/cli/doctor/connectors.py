"""Check the connectors: each one checks itself, for each shop."""

from __future__ import annotations

from bridge.cli.context import CommandContext
from bridge.model import CheckResult


def check_connectors(context: CommandContext) -> list[CheckResult]:
    """Return what each connector reports, for each shop, without repetitions."""
    checks: list[CheckResult] = []
    for shop in context.configuration.merchant.shops or ("",):
        for connector in context.services.connectors.values():
            if connector.system == "shopify" and not shop:
                detail = "the merchant file names no shop"
                checks.append(CheckResult(name="shopify", ok=None, detail=detail))
            else:
                checks += connector.run_checks(shop)
    return list(dict.fromkeys(checks))
