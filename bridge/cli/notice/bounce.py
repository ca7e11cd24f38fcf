"""`notice bounce`: a delivery status notification that came to the sender's mailbox is taken in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.printing import emit
from bridge.connectors.smtp import bounced
from bridge.model import Fact, NoticeState
from bridge.rules.notices.answers import ANSWERED
from bridge.steps.evidence.record_facts import save, tell


@click.command()
@click.argument("mail", type=click.Path(dir_okay=False, path_type=Path))
@AS_JSON
def bounce(mail: Path, as_json: bool) -> None:
    """Take in a mail (.eml) that says that a letter did not arrive (RFC 3464)."""
    try:
        message_id = bounced(mail.read_bytes())
    except OSError as fault:
        raise click.UsageError(f"{mail} cannot be read: {fault.strerror}") from None
    if not message_id:
        refuse(f"{mail.name} does not say that a letter failed.")
    with desk() as at, at.store.transaction() as tx:
        notice = tx.notices.by_message_id(message_id)
        if notice is None or notice.state in ANSWERED:
            refuse(f"No open notice was sent as {message_id}.")
        after = replace(notice, state=NoticeState.BOUNCED, next_at=None, last_error="delivery status: failed")
        save(after, notice, tx)
        tx.notices.unlink(notice.id)
        entries = tx.notices.entries(notice_id=notice.id)
        tx.notices.touch(entries)
        tell(
            Fact.NOTICE_BOUNCED, entries, tx, notice=after, actor=operator(), reason="delivery status: failed"
        )
    if as_json:
        emit({"id": after.id, "state": after.state})
    else:
        click.echo(f"{after.id} has bounced. Mend the contact, then `notice resend {after.id}`.")
