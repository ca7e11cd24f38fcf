"""`disclosure secrecy`: end the secrecy of a disclosure, or keep it for longer."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.disclosure.disclosure_view import (
    DISCLOSURE_ARGUMENT,
    SECRET_OPTION,
    UNTIL_OPTION,
    build_disclosure_rows,
    describe_secrecy,
    exit_on_invalid_disclosure,
)
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.dates import When
from bridge.model import Secrecy
from bridge.steps.desk.record_disclosure import change_secrecy


@json_command(
    "secrecy",
    example="disclosure secrecy dcl_01M84N6EY20CZ9W2PB73FKRKAY --end --reason 'letter of 12 Nov' --yes\n"
    "disclosure secrecy dcl_01M84N6EY20CZ9W2PB73FKRKAY --non-disclosable-until 2027-11-30 --reason 'order of 12 Nov'",
    irreversible="The person's next copy tells of it, and what was told cannot be made secret again.",
    asks=lambda given: bool(given["is_ended"]),
)
@DISCLOSURE_ARGUMENT
@click.option("--end", "is_ended", is_flag=True, help="The person may be told from now on.")
@UNTIL_OPTION
@SECRET_OPTION
@REASON_OPTION
def change_secrecy_command(
    disclosure_id: str, is_ended: bool, until: When | None, is_open_ended: bool, reason: str
) -> None:
    """End the secrecy of a disclosure, or say until when a law keeps it secret now."""
    if [is_ended, bool(until), is_open_ended].count(True) != 1:
        raise click.UsageError("give one of --end, --non-disclosable-until and --secret")
    with open_command_context() as context, exit_on_invalid_disclosure(disclosure_id):
        services = context.services
        last_day = until.resolve_day(context.merchant_zone) if until else None
        secrecy = None if is_ended else Secrecy(until=last_day)
        changed = change_secrecy(disclosure_id, secrecy, actor=context.operator, reason=reason, services=services)
        with context.store.read() as tx:
            [row] = build_disclosure_rows([changed], tx, services)
    show(row, f"{disclosure_id}: {describe_secrecy(row)}.")
