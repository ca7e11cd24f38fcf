"""`mail fetch`: read the mailbox now."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show
from bridge.steps.mailbox.read_mailbox import ensure_mailbox, read_mailbox


@json_command(example="mail fetch")
def fetch() -> None:
    """Read the mailbox now, as a worker does twice a minute. Nothing is changed in it."""
    with open_command_context() as context:
        services = context.services
        if services.mailbox is None:
            exit_with_error("No mailbox is read.", "Set MAILBOX_URL=imaps://user:password@host/INBOX (docs/mail.md).")
        ensure_mailbox(services=services)
        taken_in = read_mailbox(services=services, even_early=True)
        with context.store.read() as tx:
            state = tx.mailboxes.read_state()
    if taken_in is None:
        exit_with_error("A worker reads the mailbox at this moment.", "`bridge mail list` shows what it has taken in.")
    if state and state[1]:
        exit_with_error(
            f"The mailbox could not be read: {state[1]}.", "docs/runbooks/mailbox-unreadable.md says what to do."
        )
    show(
        {"taken_in": taken_in},
        f"{taken_in} new mail{'' if taken_in == 1 else 's'}. `bridge mail list` lists what is open.",
    )
