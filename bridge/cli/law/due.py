"""`law due`: when a request must be acknowledged and answered, by every clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.context import AS_JSON
from bridge.cli.law.inputs import ANOTHER_FILE, Moment
from bridge.cli.printing import emit, table
from bridge.rules.requests.deadlines import clocks
from config.load import files
from config.merchant_file.merchant import load_merchant


@click.command()
@click.option(
    "--received", type=Moment(), required=True, help="When she asked the merchant, by whatever door."
)
@click.option("--webhook", type=Moment(), help="When Shopify's webhook came, where one did.")
@ANOTHER_FILE
@AS_JSON
def due(received: datetime, webhook: datetime | None, path: Path | None, as_json: bool) -> None:
    """Work out every clock of a request; the earliest governs.

    Moments need their time zone (Z, +05:30). Reads the clocks of the merchant's file; nothing is stored or asked.
    """
    rules = load_merchant(path or files()[0]).clocks
    try:
        found = clocks(received_at=received, webhook_received_at=webhook, rules=rules)
    except (OverflowError, ValueError):
        raise click.UsageError("the answer would be due beyond the calendar") from None
    if as_json:
        emit(
            {
                "received_at": received,
                "webhook_received_at": webhook,
                "acknowledge_due_at": found.acknowledge_due_at,
                "due_at": found.due_at,
                "due_governed_by": found.due_governed_by,
                "clocks": found.due,
            }
        )
        return
    local, zone = rules.timezone, ZoneInfo(rules.timezone)
    all_of_them = {"acknowledge": found.acknowledge_due_at, **found.due}
    rows: list[dict[str, Any]] = [
        {
            "clock": clock,
            "due": moment,
            local: f"{moment.astimezone(zone):%Y-%m-%d %H:%M}",
            "governs": "yes" if clock == found.due_governed_by else None,
        }
        for clock, moment in all_of_them.items()
    ]
    table(rows, ("clock", "due", local, "governs"), empty="")
