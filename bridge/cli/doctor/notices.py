"""Check the notices to processors: what is blocked, refused, failing or overdue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.connectors.smtp import SmtpMailer
from bridge.model import CheckResult, Notice
from bridge.rules.notices.answers import BLOCKING_REASONS, PROBLEM_NOTICE_STATES
from config.toml_reader import label_file

MAX_NOTICES_CHECKED = 1_000
DOMAIN_FIX = "verify the domain, write domain_control_verified = true into the merchant file, and deploy"


@end_without_database
def check_notices(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the notices that need a person or whose answer is overdue; and mail, if it is not configured."""
    yield from _check_mail(context)
    with context.store.transaction() as tx:
        queries = tx.operator_queries
        unsent = queries.count_unsent_items()
        notices = queries.list_notices(is_open=True, limit=MAX_NOTICES_CHECKED)
        refused = queries.count_refused_items()
        failing = queries.list_failing_accounts()
    for row in unsent:
        if row["reason"] in BLOCKING_REASONS:
            yield _check_account(row, f"{row['entries']} records wait: {row['reason']}", ok=False)
    for row in refused:
        yield _check_account(row, f"{row['entries']} records refused: {row['reason'] or 'by the processor'}")
    for row in failing:
        detail = f"{row['last_error']} after {row['attempts']} tries; it is tried again automatically"
        yield _check_account(row, detail)
    yield from _check_open_notices(notices)


def _check_mail(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether nobody has verified the domain that letters name, or mail is not configured: letters wait."""
    settings, officer = context.configuration.settings, context.configuration.merchant.officer
    if not officer.domain_control_verified:
        domain = officer.email.rpartition("@")[2] or "(no e-mail address is set)"
        detail = (
            f"no letter is sent: nobody has verified that the merchant controls {domain}, the domain of the Grievance "
            f"Officer's address. Verify it, then write domain_control_verified = true under [grievance_officer] in "
            f"{label_file(settings.merchant_file)}"
        )
        yield CheckResult(
            name="mail domain", ok=False if settings.is_production else None, detail=detail, fix=DOMAIN_FIX
        )
    if not SmtpMailer(settings.smtp_url.reveal(), settings.mail_from).configured:
        detail = "SMTP_URL or MAIL_FROM is not set: notices to processors wait"
        yield CheckResult(name="mail", ok=None, detail=detail)


def _check_account(row: Mapping[str, Any], detail: str, *, ok: bool | None = None) -> CheckResult:
    fix = f"notice list --processor {row['processor']}"
    return CheckResult(name=f"{row['shop']} {row['processor']}", ok=ok, detail=detail, fix=fix)


def _check_open_notices(notices: Iterable[tuple[Notice, int]]) -> Iterator[CheckResult]:
    now = datetime.now(UTC)
    for notice, item_count in notices:
        name = f"notice {notice.id}"
        if notice.state in PROBLEM_NOTICE_STATES or notice.last_error:
            detail = f"{notice.processor}, {item_count} records: {notice.last_error or notice.state}"
            fix = f"notice show {notice.id}, then notice resend {notice.id}"
            yield CheckResult(name=name, ok=False, detail=detail, fix=fix)
        elif notice.due_at and notice.due_at < now:
            detail = f"the answer of {notice.processor} is overdue since {notice.due_at:%d %b %Y}"
            yield CheckResult(name=name, ok=None, detail=detail)
