"""`mail dismiss`: end a mail that asks for nothing."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.mail.mail_view import exit_with_ended_mail, find_open_mail_or_exit
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.ids import MAIL_ID
from bridge.model import Fact, MailState


@json_command(example="mail dismiss mal_01M84N6EY20CZ9W2PB73FKRKAY --reason 'an advertisement'")
@click.argument("mail_id", type=MAIL_ID, metavar="ID")
@free_text_option("--reason", "Why nothing follows from it, or where it was recorded. It is evidence: no names.")
def dismiss(mail_id: str, reason: str) -> None:
    """End a mail that asks for nothing, or whose matter was recorded elsewhere (`notice answer`, for example)."""
    with open_command_context() as context, context.store.transaction() as tx:
        mail = find_open_mail_or_exit(mail_id, tx)
        if not tx.mails.end_mail(mail, MailState.HANDLED):
            exit_with_ended_mail(mail)
        tx.evidence.append_fact(
            Fact.MAIL_DISMISSED,
            shop=mail.shop,
            actor=context.operator,
            request_id=mail.request_id,
            mail=mail.id,
            reason=reason,
        )
    show({"id": mail_id, "state": MailState.HANDLED}, f"{mail_id} is done with.")
