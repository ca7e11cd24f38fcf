"""`mail show`: show one mail; its text only with a reason, which is recorded."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.mail.mail_view import build_mail_rows
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_fields, show
from bridge.cli.shared.ids import MAIL_ID, exit_with_unknown_id
from bridge.model import Fact


@json_command("show", example="mail show mal_01M84N6EY20CZ9W2PB73FKRKAY --reveal --reason 'to see what is asked'")
@click.argument("mail_id", type=MAIL_ID, metavar="ID")
@click.option("--reveal", is_flag=True, help="Show sender, subject and text too. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_mail_command(mail_id: str, reveal: bool, reason: str) -> None:
    """Show one mail. Then `mail open` makes a request of it, or `mail dismiss` ends it."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        mail = tx.mails.find_mail(mail_id) or exit_with_unknown_id("mal", mail_id)
        shown: dict[str, Any] = build_mail_rows([mail], tx, context.services)[0]
        if reveal:
            content = tx.mails.open_content(mail)
            shown |= asdict(content) if content else {"text": "(its text was destroyed: its time was over)"}
            about = {"shop": mail.shop, "request_id": mail.request_id, "mail": mail.id}
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(shown, partial(print_fields, width=19))
