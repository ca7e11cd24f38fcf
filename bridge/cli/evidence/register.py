"""`evidence register`: show all requests by month."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.files.output_files import FORCE_OPTION, OUTPUT_FILE, STDOUT, save_output, show_output
from bridge.cli.printing import print_table, show
from bridge.cli.shared.dates import When, when_option
from bridge.model import Fact
from bridge.rules.requests.request_register import build_request_register
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import iterate_order_retention
from bridge.store.requests.request_register import RegisterQueries

MONTH_COLUMNS = (
    "month",
    "requests",
    "closed",
    "ready_not_delivered",
    "median_hours_to_acknowledge",
    "median_days_to_close",
    "longest_days_to_close",
    "late",
)

CSV_HELP = (
    "Write it as one table, to a file or - for stdout: section, key, figure, value. This is recorded as evidence."
)


@json_command(example="evidence register --since 2026-04 --csv register.csv")
@when_option("--since", "month", meaning="Only from this month or day on, such as 2026-04.")
@click.option("--csv", "target", type=OUTPUT_FILE, help=CSV_HELP)
@FORCE_OPTION
def register(month: When | None, target: Path | None, force: bool) -> None:
    """Show all requests by month: kinds, days to close, what is late, open answers, what is kept until when.

    It holds no personal data: ids, counts, days.
    """
    with open_command_context() as context:
        zone = ZoneInfo(context.configuration.retention.timezone)
        content, held = b"", _count_retained_documents(context.services)
        with context.store.transaction() as tx:
            rows = RegisterQueries(tx.session)
            result = build_request_register(
                rows.list_register_requests(month.resolve(zone) if month else None),
                open_answers=rows.count_open_instructions(),
                held=held,
                laws={hold.id: hold.law for hold in context.configuration.retention.holds.values()},
                zone=zone,
                now=datetime.now(UTC),
                acknowledged=rows.find_acknowledgements(),
                refusals=rows.count_refusals(),
                open_work=rows.find_open_work(),
                contracts={
                    each.id: each.contract_ref for each in context.configuration.merchant.processors if each.named
                },
            )
            if target is not None:
                content = _render_register_csv(result).encode()
                save_output(target, content, force=force)
                tx.evidence.append_fact(Fact.EVIDENCE_EXPORTED, shop="", actor=context.operator, what="register")
    if target == STDOUT:
        show_output(target, content, result, f"Wrote the register of {len(result['months'])} months.")
    else:
        show(result, _print_register)


def _count_retained_documents(services: Services) -> list[tuple[tuple[str, ...], date | None, int]]:
    """Count sealed documents by their holds of today and the first day on which they may be destroyed."""
    today = local_day(services.clock.now(), services.retention.calendar)
    counts: Counter[tuple[tuple[str, ...], date | None]] = Counter()
    for _, documents, _, retention in iterate_order_retention(today=today, services=services):
        counts[tuple(retention.grounds), retention.erasable_from] += len(documents)
    return [(grounds, day, count) for (grounds, day), count in counts.items()]


def _print_register(register_data: Mapping[str, Any]) -> None:
    print_table(register_data["months"], MONTH_COLUMNS, empty="No requests.")
    click.echo("\nLate")
    print_table(
        register_data["late"], ("id", "kind", "state", "due_at", "closed_at", "answered_at", "reason"), empty="none"
    )
    click.echo("\nBy kind and door")
    print_table(_list_doors(register_data["months"]), ("month", "kind_and_door", "requests"), empty="none")
    click.echo("\nRefused")
    refusals = [{"code": code, "requests": count} for code, count in register_data["refusals"].items()]
    print_table(refusals, ("code", "requests"), empty="none")
    click.echo("\nOpen answers")
    open_answers = [{"processor": name, "instructions": count} for name, count in register_data["open_answers"].items()]
    print_table(open_answers, ("processor", "instructions"), empty="none")
    click.echo("\nHeld")
    print_table(register_data["held"], ("hold", "release_year", "documents", "law"), empty="none")
    click.echo("\nContracts with processors")
    contracts = [{"processor": name, "contract": text} for name, text in register_data["contracts"].items()]
    print_table(contracts, ("processor", "contract"), empty="none")


def _list_doors(months: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for month in months:
        for kind_and_door, count in month["by_kind_and_door"].items():
            yield {"month": month["month"], "kind_and_door": kind_and_door, "requests": count}


def _render_register_csv(register_data: Mapping[str, Any]) -> str:
    """Return one table for a spreadsheet: each figure with its section and its row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(("section", "key", "figure", "value"))
    for section, key in (("months", "month"), ("late", "id"), ("held", "hold")):
        for number, row in enumerate(register_data[section], 1):
            row_key = row[key] if section != "held" else f"{number} {row[key]}"
            for figure, value in row.items():
                parts = value if isinstance(value, Mapping) else {"": value}
                for part, content in parts.items():
                    writer.writerow((section, row_key, f"{figure}.{part}".rstrip("."), content))
    for section, figure in (("open_answers", "instructions"), ("refusals", "requests"), ("contracts", "contract")):
        for processor, content in register_data[section].items():
            writer.writerow((section, processor, figure, content))
    return out.getvalue()
