"""Turn the lines of a certificate of erasure into rows for a letter: who must still answer, and when it was asked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.model import NoticeState, Outcome, TaskAction
from bridge.rules.notices.answers import BLOCKING_REASONS
from bridge.rules.notices.recipients import NO_REFERENCE
from bridge.rules.requests.same_person import NOT_LOOKED_UP, SEVERAL_CUSTOMERS
from bridge.rules.requests.wait_texts import PRECHECK_ERROR_PREFIX
from bridge.steps.erasure.outcome.certificate_reader import (
    Row,
    is_gone_at_platform,
    list_polls,
    name_accounts,
    name_recipient,
)
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords


def list_open_answers(certificate: Row, words: OutcomeWords) -> list[dict[str, str]]:
    """Return who must still answer: `who`, `asked` (a day or a word), `open` (what and until when)."""
    rows = []
    described: dict[tuple[str, ...], list[Row]] = {}
    for poll in filter(_is_open_at_platform, list_polls(certificate)):
        described.setdefault(tuple(_describe_open_poll(certificate, poll, words).values()), []).append(poll)
    for (recipient, asked, wait), polls in described.items():
        rows.append({"who": recipient, "asked": asked, "open": name_accounts(polls, certificate, words) + wait})
    rows += _list_accounts_in_doubt(certificate, words)
    for row in certificate["processors"]:
        details = _describe_open_records(row, words)
        if details:
            rows.append(
                {"who": name_recipient(row, words), "asked": _find_asked_days(row, words), "open": " ".join(details)}
            )
    return rows


def list_uninstructed_recipients(certificate: Row, words: OutcomeWords) -> list[str]:
    """Return the recipients that no instruction can reach."""
    return [name_recipient(row, words) for row in certificate["not_instructed"]]


def _is_open_at_platform(poll: Row) -> bool:
    return not is_gone_at_platform(poll) and poll["answer"] != Outcome.RETAINED


def _describe_open_poll(certificate: Row, poll: Row, words: OutcomeWords) -> dict[str, str]:
    requests = [
        row
        for row in certificate["platform"]
        if row["action"] == TaskAction.REQUEST_PLATFORM_ERASURE and row.get("customer") == poll.get("customer")
    ]
    not_yet = words.say("not_yet")
    asked = words.say("shopify_informed_us", day=words.format_moment(certificate["clock"]["received_at"]))
    for request in requests:
        asked = words.format_moment(request["answered_at"]) or not_yet
    details = words.say("shopify_waits")
    if requests and requests[0]["answer"] == Outcome.RETAINED:
        asked = not_yet
        details = words.say("shopify_not_asked", reason=_describe_blocked_request(requests[0], words))
        if day := words.format_moment(requests[0]["expected_by"]):
            details += words.say("shopify_asked_later", day=day)
    elif requests and requests[0]["answer"] == Outcome.DENIED:
        details = words.say("shopify_refused")
    elif poll.get("statement"):
        details = words.say("shopify_not_confirmed")
    elif poll["expected_by"] and asked != not_yet:
        details += words.say("expected_by", day=words.format_moment(poll["expected_by"]))
    return {"who": words.describe("trade_names", poll["recipient"]), "asked": asked, "open": details}


def _list_accounts_in_doubt(certificate: Row, words: OutcomeWords) -> list[dict[str, str]]:
    """Return a row for what the request names and nobody knows to be the person's."""
    return [
        {
            "who": words.describe("trade_names", row["recipient"]),
            "asked": words.say("not_yet"),
            "open": words.count(gap["reason"], _read_count(gap["what"])),
        }
        for row in certificate["platform"]
        for gap in row.get("not_asked_about", ())
        if row["action"] == TaskAction.FIND_CUSTOMERS and gap["reason"] in (SEVERAL_CUSTOMERS, NOT_LOOKED_UP)
    ]


def _read_count(what: str) -> int:
    """Return how many a gap is about: `2 further customers` are 2."""
    number = what.partition(" ")[0]
    return int(number) if number.isdecimal() else 1


def _describe_blocked_request(request: Row, words: OutcomeWords) -> str:
    codes = [code.removeprefix(PRECHECK_ERROR_PREFIX) for code in request["reason"].split(", ")]
    if not request["reason"].startswith(PRECHECK_ERROR_PREFIX):
        return words.find("waits", "law_keeps_it")
    balances = ", ".join(words.describe("balances", code.removesuffix("_balance")) for code in codes)
    return words.say("balance_would_be_lost", balances=balances)


def _describe_open_records(row: Row, words: OutcomeWords) -> list[str]:
    """Return a sentence for each group of records of a processor that it has not answered."""
    waiting = sum(group["entries"] for group in row["waiting"])
    asked = row["records"] - sum(row["answers"].values()) - waiting
    sentences = []
    if row["problem"] == NO_REFERENCE:
        return [words.say("not_asked")]
    if asked > 0:
        state = _describe_notices(row, words)
        sentences.append(words.say("open_records", records=words.count("record", asked), state=state))
    for group in row["waiting"]:
        day = words.format_moment(group["not_before"])
        sentences.append(
            words.say(
                "waiting_records",
                records=words.count("record", group["entries"]),
                reason=_describe_wait(group["reason"], words),
                until=words.say("until_at_the_latest", day=day) if day else "",
            )
        )
    return sentences


def _describe_notices(row: Row, words: OutcomeWords) -> str:
    notices = _list_unanswered_notices(row)
    if not notices:
        is_bounced = row["instructions"] and row["problem"] == NoticeState.BOUNCED
        return words.say("notice_bounced" if is_bounced else "notice_not_sent")
    reminders = max(notice["reminders"] for notice in notices)
    due = words.format_moment(row["answer_due"])
    return words.say(
        "notice_sent",
        reminded=words.count("reminded", reminders) if reminders else "",
        due=words.say("answer_due", day=due) if due else "",
    )


def _describe_wait(reason: str, words: OutcomeWords) -> str:
    if described := words.find("waits", reason):
        return described
    if reason in BLOCKING_REASONS:
        return words.find("waits", "no_way_to_write")
    if reason.startswith("hold_"):
        return words.find("waits", "law_keeps_it")
    return words.find("waits", "matter_open" if reason.endswith("_open") else "other")


def _list_unanswered_notices(row: Row) -> Sequence[Row]:
    """Return the letters that reached the processor and wait for its answer."""
    return [
        notice
        for notice in row["instructions"]
        if notice["sent_at"] and not notice["answered_at"] and notice["state"] != NoticeState.BOUNCED
    ]


def _find_asked_days(row: Row, words: OutcomeWords) -> str:
    asked = sorted(notice["sent_at"] for notice in _list_unanswered_notices(row))
    return ", ".join(dict.fromkeys(map(words.format_moment, asked))) or words.say("not_yet")
