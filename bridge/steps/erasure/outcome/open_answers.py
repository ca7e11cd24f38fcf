"""Turn the lines of a certificate of erasure into rows for a letter: who must still answer, and when it was asked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.model import NoticeState, Outcome, TaskAction
from bridge.rules.notices.answers import BLOCKING_REASONS
from bridge.rules.notices.recipients import NO_REFERENCE
from bridge.rules.requests.wait_texts import PRECHECK_ERROR_PREFIX
from bridge.steps.access.package.plain_language import TRADE_NAMES, describe_code
from bridge.steps.access.package.text import format_count
from bridge.steps.erasure.outcome import outcome_phrases as phrases
from bridge.steps.erasure.outcome.certificate_reader import (
    CertificateDays,
    Row,
    is_gone_at_platform,
    list_polls,
    name_accounts,
    name_recipient,
)


def list_open_answers(certificate: Row, days: CertificateDays) -> list[dict[str, str]]:
    """Return who must still answer: `who`, `asked` (a day or a word), `open` (what and until when)."""
    rows = []
    described: dict[tuple[str, ...], list[Row]] = {}
    for poll in filter(_is_open_at_platform, list_polls(certificate)):
        described.setdefault(tuple(_describe_open_poll(certificate, poll, days).values()), []).append(poll)
    for (recipient, asked, wait), polls in described.items():
        rows.append({"who": recipient, "asked": asked, "open": name_accounts(polls, certificate) + wait})
    rows += _list_accounts_in_doubt(certificate)
    for row in certificate["processors"]:
        details = _describe_open_records(row, days)
        if details:
            rows.append({"who": name_recipient(row), "asked": _find_asked_days(row, days), "open": " ".join(details)})
    return rows


def list_uninstructed_recipients(certificate: Row) -> list[str]:
    """Return the recipients that no instruction can reach."""
    return [name_recipient(row) for row in certificate["not_instructed"]]


def _is_open_at_platform(poll: Row) -> bool:
    return not is_gone_at_platform(poll) and poll["answer"] != Outcome.RETAINED


def _describe_open_poll(certificate: Row, poll: Row, days: CertificateDays) -> dict[str, str]:
    requests = [
        row
        for row in certificate["platform"]
        if row["action"] == TaskAction.REQUEST_PLATFORM_ERASURE and row.get("customer") == poll.get("customer")
    ]
    asked = phrases.SHOPIFY_INFORMED_US.format(day=days.format_moment(certificate["clock"]["received_at"]))
    for request in requests:
        asked = days.format_moment(request["answered_at"]) or "not yet"
    details = phrases.SHOPIFY_WAITS
    if requests and requests[0]["answer"] == Outcome.RETAINED:
        asked, details = "not yet", phrases.SHOPIFY_NOT_ASKED.format(reason=_describe_blocked_request(requests[0]))
        if day := days.format_moment(requests[0]["expected_by"]):
            details += phrases.SHOPIFY_ASKED_LATER.format(day=day)
    elif requests and requests[0]["answer"] == Outcome.DENIED:
        details = phrases.SHOPIFY_REFUSED
    elif poll.get("statement"):
        details = phrases.SHOPIFY_NOT_CONFIRMED
    elif poll["expected_by"] and asked != "not yet":
        details += f" We expect it by {days.format_moment(poll['expected_by'])}."
    return {"who": describe_code(poll["recipient"], TRADE_NAMES), "asked": asked, "open": details}


def _list_accounts_in_doubt(certificate: Row) -> list[dict[str, str]]:
    """Return a row for what the request names and nobody knows to be the person's."""
    return [
        {
            "who": describe_code(row["recipient"], TRADE_NAMES),
            "asked": "not yet",
            "open": phrases.ACCOUNTS_IN_DOUBT[gap["reason"]].format(what=gap["what"].replace("customer", "account")),
        }
        for row in certificate["platform"]
        for gap in row.get("not_asked_about", ())
        if row["action"] == TaskAction.FIND_CUSTOMERS and gap["reason"] in phrases.ACCOUNTS_IN_DOUBT
    ]


def _describe_blocked_request(request: Row) -> str:
    codes = [code.removeprefix(PRECHECK_ERROR_PREFIX) for code in request["reason"].split(", ")]
    if not request["reason"].startswith(PRECHECK_ERROR_PREFIX):
        return phrases.LAW_KEEPS_IT
    balances = ", ".join(describe_code(code.removesuffix("_balance"), {}) for code in codes)
    return phrases.BALANCE_WOULD_BE_LOST.format(balances=balances)


def _describe_open_records(row: Row, days: CertificateDays) -> list[str]:
    """Return a sentence for each group of records of a processor that it has not answered."""
    waiting = sum(group["entries"] for group in row["waiting"])
    asked = row["records"] - sum(row["answers"].values()) - waiting
    sentences = []
    if row["problem"] == NO_REFERENCE:
        return [f"Not asked: {phrases.NAMED_BY_NOBODY}."]
    if asked > 0:
        sentences.append(f"{format_count(asked, 'record')}: {_describe_notices(row, days)}.")
    for group in row["waiting"]:
        until = f", until {days.format_moment(group['not_before'])} at the latest" if group["not_before"] else ""
        reason = _describe_wait(group["reason"])
        sentences.append(f"{format_count(group['entries'], 'record')}: not asked yet, because {reason}{until}.")
    return sentences


def _describe_notices(row: Row, days: CertificateDays) -> str:
    notices = _list_unanswered_notices(row)
    if not notices:
        return "not asked yet" if not row["instructions"] or row["problem"] != NoticeState.BOUNCED else phrases.BOUNCED
    reminders = max(notice["reminders"] for notice in notices)
    reminded = f", reminded {'once' if reminders == 1 else f'{reminders} times'}" if reminders else ""
    due = f"; its answer is due by {days.format_moment(row['answer_due'])}" if row["answer_due"] else ""
    return f"asked{reminded}{due}"


def _describe_wait(reason: str) -> str:
    if reason in phrases.WAIT_REASONS:
        return phrases.WAIT_REASONS[reason]
    if reason in BLOCKING_REASONS:
        return phrases.CANNOT_WRITE_YET
    if reason.startswith("hold_"):
        return phrases.LAW_KEEPS_IT
    return phrases.MATTER_OPEN if reason.endswith("_open") else phrases.HAS_TO_WAIT


def _list_unanswered_notices(row: Row) -> Sequence[Row]:
    """Return the letters that reached the processor and wait for its answer."""
    return [
        notice
        for notice in row["instructions"]
        if notice["sent_at"] and not notice["answered_at"] and notice["state"] != NoticeState.BOUNCED
    ]


def _find_asked_days(row: Row, days: CertificateDays) -> str:
    asked = sorted(notice["sent_at"] for notice in _list_unanswered_notices(row))
    return ", ".join(dict.fromkeys(map(days.format_moment, asked))) or "not yet"
