"""`law due`: work out when a request must be acknowledged and answered, by every clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.command import json_command
from bridge.cli.law.inputs import FILE_OPTION, UtcDatetimeParam
from bridge.cli.printing import print_table, select_fields, show
from bridge.rules.requests.deadlines import compute_clocks
from config.load import load_merchant_of
from config.merchant_file.merchant import load_merchant

RECEIVED_HELP = "When the data subject asked the merchant, by whatever channel."


@json_command()
@click.option("--received", type=UtcDatetimeParam(), required=True, help=RECEIVED_HELP)
@click.option("--webhook", type=UtcDatetimeParam(), help="When Shopify's webhook came, if one did.")
@FILE_OPTION
def due(received: datetime, webhook: datetime | None, path: Path | None) -> None:
    """Work out every clock of a request; the earliest governs.

    Times need their time zone (Z, +05:30). The command reads the clocks of the merchant file and stores nothing.
    """
    rules = (load_merchant(path) if path else load_merchant_of()).clocks
    try:
        clocks = compute_clocks(received_at=received, webhook_received_at=webhook, rules=rules)
    except (OverflowError, ValueError):
        raise click.UsageError("the answer would be due beyond the calendar") from None
    show(
        {
            "received_at": received,
            "webhook_received_at": webhook,
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
            "governs": "yes" if clock == result["due_governed_by"] else None,
        }
        for clock, due_at in due_by_clock.items()
    ]
    print_table(rows, ("clock", "due", timezone, "governs"), empty="")
