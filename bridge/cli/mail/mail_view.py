"""How mails are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from bridge.cli.context import exit_with_error, name_shops
from bridge.cli.printing import select_fields
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import Mail, MailKind, MailState
from bridge.rules.requests.deadlines import compute_clocks
from bridge.services import Services
from bridge.store import Tx

MAIL_FIELDS = ("id", "shop", "kind", "state", "arrived_at", "size", "is_cut", "attachments", "request_id", "notice_id")
MAIL_COLUMNS = ("id", "kind", "state", "arrived_at", "acknowledge_due_at", "due_at", "request_id", "notice_id")
MAIL_KINDS = tuple(kind.value for kind in MailKind)


def build_mail_rows(mails: Iterable[Mail], tx: Tx, services: Services) -> list[dict[str, Any]]:
    """Return mails as they are shown. The clocks of one that may ask for something run since it arrived."""
    rows = []
    for mail in mails:
        row = select_fields(mail, MAIL_FIELDS) | {"acknowledge_due_at": None, "due_at": None}
        if mail.kind in (MailKind.MESSAGE, MailKind.REPLY) and mail.state is MailState.OPEN:
            clocks = compute_clocks(
                received_at=mail.arrived_at, webhook_received_at=None, rules=services.merchant.clocks
            )
            row |= {"acknowledge_due_at": clocks.acknowledge_due_at, "due_at": clocks.due_at}
        rows.append(row)
    return name_shops(rows, tx)


def find_open_mail_or_exit(mail_id: str, tx: Tx) -> Mail:
    """Return a mail that waits for an officer; exit with 1 where there is none of this id."""
    mail = tx.mails.find_mail(mail_id) or exit_with_unknown_id("mal", mail_id)
    if mail.state is not MailState.OPEN:
        exit_with_ended_mail(mail)
    return mail


def exit_with_ended_mail(mail: Mail) -> NoReturn:
    """Exit with 1: somebody is done with the mail already."""
    became = f" as {mail.request_id}" if mail.request_id else ""
    exit_with_error(f"{mail.id} is {mail.state} already{became}.", "`bridge mail list` lists the mails that are open.")
