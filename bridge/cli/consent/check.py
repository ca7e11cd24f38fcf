"""`consent check`: say which persons no offer may be sent to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.options import OPTIONAL_SHOP_OPTION
from bridge.cli.printing import print_table, show
from bridge.rules.index.identity import normalise_identifier

MAX_LINES, MAX_LINE_CHARS = 10_000, 320
CONTACTS_AT_ONCE = 500
FIELDS = {"email": "email", "phone": "phone", "customer_id": "customer"}
SOURCE_HELP = "A file, or - for stdin, with one identifier a line: an e-mail address, a phone, or customer_id: 123."


@json_command("check", example="consent check --identifiers addresses.txt")
@OPTIONAL_SHOP_OPTION
@click.option("--identifiers", "source", required=True, type=INPUT_FILE, help=SOURCE_HELP)
def check_consents_command(shop: str | None, source: Path) -> None:
    """Say which of these persons took a consent to marketing back, and for which channels. At most 10,000 lines.

    Who is not listed took none back here: whether there is a consent at all, Shopify knows. It answers with numbers of
    lines, and repeats no identifier. This is recorded as evidence, with the count.
    """
    contacts = list(_parse_lines(read_input_text(source, max_bytes=MAX_LINES * MAX_LINE_CHARS)))
    with open_command_context() as context, context.store.transaction() as tx:
        domain = context.choose_shop(shop)
        context.require_known_shop(domain)
        key = tx.shop_names.directory.find_key(domain)
        stops: dict[tuple[str, str], dict[str, datetime]] = {}
        for start in range(0, len(contacts), CONTACTS_AT_ONCE):
            part = contacts[start : start + CONTACTS_AT_ONCE]
            stops |= tx.marketing_stops.find_stops(key, {contact for _, contact in part})
        rows = [_build_row(number, contact, stops[contact]) for number, contact in contacts if stops[contact]]
        context.record_search(tx, shop=key, by="identifiers", where="marketing_stops", results=len(rows))
    result = {"checked": len(contacts), "stopped": rows}
    show(result, _print_stops)


def _parse_lines(text: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the number of each line with its field and value. Raises UsageError that repeats none."""
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise click.UsageError(f"--identifiers has more than {MAX_LINES} lines")
    for number, line in enumerate(lines, start=1):
        name, colon, given = line.partition(":")
        value = (given if colon and name.strip() in FIELDS else line).strip()
        if not value:
            continue
        field = FIELDS.get(name.strip()) if colon else None
        field = field or ("email" if "@" in value else "phone")
        if not normalise_identifier(field, value):
            raise click.UsageError(f"line {number} of --identifiers cannot be read as {field}")
        yield number, (field, value)


def _build_row(number: int, contact: tuple[str, str], stops: Mapping[str, datetime]) -> dict[str, Any]:
    return {"line": number, "field": contact[0], "channels": sorted(stops), "since": min(stops.values())}


def _print_stops(result: Mapping[str, Any]) -> None:
    rows: Sequence[Mapping[str, Any]] = result["stopped"]
    click.echo(f"{len(rows)} of {result['checked']} took a consent back.")
    shown = [{**row, "channels": ", ".join(row["channels"])} for row in rows]
    if shown:
        print_table(shown, ("line", "field", "channels", "since"), empty="")
