"""`law due`: when a request must be acknowledged and answered, by every clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.context import JSON_OPTION
from bridge.cli.law.inputs import FILE_OPTION, UtcDatetimeParam
from bridge.cli.printing import print_json, print_table
from bridge.rules.requests.deadlines import compute_clocks
from config.load import find_config_files
from config.merchant_file.merchant import load_merchant


@click.command()
@click.option(
    "--received",
    type=UtcDatetimeParam(),
    required=True,
    help="When she asked the merchant, by whatever door.",
)
@click.option("--webhook", type=UtcDatetimeParam(), help="When Shopify's webhook came, where one did.")
@FILE_OPTION
@JSON_OPTION
def due(received: datetime, webhook: datetime | None, path: Path | None, as_json: bool) -> None:
    """Work out every clock of a request; the earliest governs.

    Moments need their time zone (Z, +05:30). Reads the clocks of the merchant's file; nothing is stored or asked.
    """
    rules = load_merchant(path or find_config_files()[0]).clocks
    try:
        found = compute_clocks(received_at=received, webhook_received_at=webhook, rules=rules)
    except (OverflowError, ValueError):
        raise click.UsageError("the answer would be due beyond the calendar") from None
    if as_json:
        print_json(
            {
                "received_at": received,
                "webhook_received_at": webhook,
                "acknowledge_due_at": found.acknowledge_due_at,
                "due_at": found.due_at,
                "due_governed_by": found.due_governed_by,
                "clocks": found.due_by_rule,
            }
        )
        return
    local, zone = rules.timezone, ZoneInfo(rules.timezone)
    all_of_them = {"acknowledge": found.acknowledge_due_at, **found.due_by_rule}
    rows: list[dict[str, Any]] = [
        {
            "clock": clock,
            "due": moment,
            local: f"{moment.astimezone(zone):%Y-%m-%d %H:%M}",
            "governs": "yes" if clock == found.due_governed_by else None,
        }
        for clock, moment in all_of_them.items()
    ]
    print_table(rows, ("clock", "due", local, "governs"), empty="")
