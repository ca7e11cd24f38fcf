"""`law due`: work out when a request must be acknowledged and answered, by every clock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.command import json_command
from bridge.cli.law.inputs import FILE_OPTION
from bridge.cli.printing import print_table, select_fields, show
from bridge.cli.shared.dates import When, when_option
from bridge.rules.requests.deadlines import compute_clocks
from config.load import find_config_files
from config.merchant_file.merchant import load_merchant

RECEIVED_HELP = "When the data subject asked the merchant, by whatever channel."


@json_command(example="law due --received 2026-11-30T09:00+05:30")
@when_option("--received", required=True, meaning=RECEIVED_HELP)
@when_option("--webhook", meaning="When Shopify's webhook came, if one did.")
@FILE_OPTION
def due(received: When, webhook: When | None, path: Path | None) -> None:
    """Work out every clock of a request; the earliest governs.

    The command reads the clocks of the merchant file and stores nothing.
    """
    rules = load_merchant(path or find_config_files()[0]).clocks
    zone = ZoneInfo(rules.timezone)
    try:
        received_at, webhook_at = received.resolve(zone), webhook.resolve(zone) if webhook else None
        clocks = compute_clocks(received_at=received_at, webhook_received_at=webhook_at, rules=rules)
    except (OverflowError, ValueError):
        raise click.UsageError("the answer would be due beyond the calendar") from None
    show(
        {
            "received_at": received_at,
            "webhook_received_at": webhook_at,
            **select_fields(clocks, ("acknowledge_due_at", "due_at", "due_governed_by")),
            "clocks": clocks.due_by_rule,
        },
        lambda result: _print_clocks(result, rules.timezone),
    )


def _print_clocks(result: Mapping[str, Any], timezone: str) -> None:
    zone = ZoneInfo(timezone)
    due_by_clock = {"acknowledge": result["acknowledge_due_at"], **result["clocks"]}
    rows: list[dict[str, Any]] = [
        {
            "clock": clock,
            "due": due_at,
            timezone: f"{due_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "governs": clock == result["due_governed_by"],
        }
        for clock, due_at in due_by_clock.items()
    ]
    print_table(rows, ("clock", "due", timezone, "governs"), empty="")
