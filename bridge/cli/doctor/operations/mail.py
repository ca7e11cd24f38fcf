"""Check mail: server and mailbox are logged in to and left without a letter; and who is told of what needs somebody."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult

MAIL_FIX = "correct SMTP_URL and MAIL_FROM, deploy, then doctor: docs/runbooks/mail-server.md"
MAILBOX_FIX = "correct MAILBOX_URL, deploy, then doctor: docs/runbooks/mailbox-unreadable.md"
NO_MESSAGES = "OPS_EMAIL and ALERT_WEBHOOK_URL are not set: without Prometheus nobody is told what needs somebody"


def check_mail_server(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether the mail server answers, encrypts and accepts the login. Sends no letter."""
    mailer = context.services.mailer
    if not mailer.configured:
        return
    try:
        mailer.check_server()
    except BridgeError as fault:
        yield CheckResult(name="mail server", ok=False, detail=str(fault), fix=MAIL_FIX)
    else:
        yield CheckResult(name="mail server", ok=True, detail="answers, encrypts and accepts the login")


def check_mailbox(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether the mailbox answers, encrypts and lets its folder be read. Reads no mail."""
    mailbox = context.services.mailbox
    if mailbox is None:
        return
    try:
        mailbox.check_server()
    except BridgeError as fault:
        yield CheckResult(name="mailbox", ok=False, detail=str(fault), fix=MAILBOX_FIX)
    else:
        yield CheckResult(name="mailbox", ok=True, detail="answers, encrypts and can be read")


def check_operator_messages(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether anybody is told when a condition begins."""
    settings = context.configuration.settings
    ways = [
        words
        for words, is_set in (("a daily mail", settings.ops_email), ("a post per alert", settings.alert_webhook_url))
        if is_set
    ]
    detail = f"by {' and '.join(ways)}" if ways else NO_MESSAGES
    yield CheckResult(name="operators are told", ok=True if ways else None, detail=detail)
    if settings.ops_email and not context.services.mailer.configured:
        detail = "OPS_EMAIL is set, SMTP_URL or MAIL_FROM is not: the daily mail is not sent"
        yield CheckResult(name="daily mail", ok=None, detail=detail)
