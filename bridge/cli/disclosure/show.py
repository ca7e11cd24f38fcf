"""`disclosure show`: show one disclosure; authority and law only with a reason, which is recorded."""

from __future__ import annotations

from functools import partial

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.disclosure.disclosure_view import DISCLOSURE_ARGUMENT, build_disclosure_rows
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_fields, select_fields, show
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import Fact
from bridge.rules.desk.disclosures import FIELDS


@json_command("show", example="disclosure show dcl_01M84N6EY20CZ9W2PB73FKRKAY --reveal --reason 'to answer the court'")
@DISCLOSURE_ARGUMENT
@click.option("--reveal", is_flag=True, help="Show authority and law too. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_disclosure_command(disclosure_id: str, reveal: bool, reason: str) -> None:
    """Show one disclosure: when what was given, and whether the person may be told."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        found = tx.disclosures.find_disclosure(disclosure_id) or exit_with_unknown_id("dcl", disclosure_id)
        [row] = build_disclosure_rows([found], tx, context.services)
        if reveal:
            row |= select_fields(found.particulars, FIELDS)
            about = {"shop": found.shop, "disclosure": found.id}
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(row, partial(print_fields, width=22))
