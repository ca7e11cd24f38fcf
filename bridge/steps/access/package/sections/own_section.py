"""Describe in words what the bridge itself holds of the data subject, and where nobody searched.

Lists the first records of each kind and counts the others; all of them are in `records/`. Names no law in a line: the
footnotes do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from bridge.steps.access.package import plain_language
from bridge.steps.access.package.records.own_tables import OWN_TABLES_BY_KIND, OwnKind
from bridge.steps.access.package.sections.recipient_facts import is_own_host
from bridge.steps.access.package.sections.recipients import Recipient
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.text import format_count, format_long_date, parse_local_date
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention

Row = Mapping[str, str]

_HEADINGS = {
    OwnKind.INVOICE: "Sealed copies of your invoices",
    OwnKind.REFUND_ACCOUNT: "Where money was or is to be paid back to",
    OwnKind.INDEX_ENTRY: "Notes by which we find your orders and parcels again",
    OwnKind.WEBHOOK: "Messages of the shop platform about you that we still hold",
    OwnKind.REQUEST: "Your requests about personal data",
    OwnKind.NOTICE_ITEM: "What we asked others to erase for you",
    OwnKind.NOMINATION: "Your nominees, who may act for you",
    OwnKind.DISCLOSURE: "Notes of what we gave to public authorities",
    OwnKind.SUPPRESSION_KEY: "Codes that keep erased data from coming back",
}
_MAILBOX = ("mailbox", "Our mailbox: letters and messages that you wrote to us.")
_ACCOUNTS = ("accounts", "Our account books outside of our request system, with the invoices as they were issued.")


def build_not_searched_section(
    merchant: Merchant, statistics: PackageStatistics, all_recipients: Sequence[Recipient], searched_systems: set[str]
) -> list[Mapping[str, str]]:
    """Return what nobody searched for this answer, as rows of id and sentence: firms only where they concern the person."""
    places = [_MAILBOX, _ACCOUNTS]
    recipients = {recipient.id: recipient for recipient in all_recipients}
    searched = searched_systems | {one.id for one in merchant.processors if is_own_host(one)}
    for recipient in recipients.values():
        if recipient.id not in searched:
            shared = ", ".join(recipient.shared_data)
            places.append((recipient.id, f"{recipient.name}, which got {shared}: we have no access to look there."))
    for processor in merchant.processors if statistics.found_count else ():
        is_unknown = processor.named and not processor.data and processor.id not in recipients
        if is_unknown and processor.id not in searched:
            name = processor.legal_name or plain_language.describe_code(processor.id, plain_language.TRADE_NAMES)
            places.append((processor.id, f"{name}: we have no access to look whether it has data about you."))
    return [{"id": place, "in_words": words} for place, words in places]


def list_own_laws(statistics: PackageStatistics, retention: Retention) -> tuple[str, ...]:
    """Return what keeps the sealed invoices and refund accounts, for the footnote: one law an entry, with all its sections."""
    kinds = (OwnKind.INVOICE, OwnKind.REFUND_ACCOUNT)
    titles = [law.title for law in retention.laws.values() if law]
    found = []
    for text in dict.fromkeys(row["law"] for kind in kinds for row in _get_first_rows(kind, statistics)):
        known = [title for title in titles if title in text]
        rest = functools.reduce(lambda left, title: left.replace(title, ""), known, text)
        found += [*known, *(part.strip() for part in rest.split("; ") if part.strip(" ;"))]
    return tuple(dict.fromkeys(found))


def describe_own_records(statistics: PackageStatistics, zone: tzinfo) -> list[Mapping[str, Any]]:
    """Return a heading with lines for each kind of own record that there is, for the letter."""
    described: list[Mapping[str, Any]] = []
    for kind, describe_row in _ROW_DESCRIBERS.items():
        count, rows = statistics.rows_by_table[OWN_TABLES_BY_KIND[kind].name], _get_first_rows(kind, statistics)
        if not count:
            continue
        lines = [describe_row(row, zone) for row in rows]
        if count > len(lines):
            lines.append(f"and {count - len(lines):,} more, in records/{OWN_TABLES_BY_KIND[kind].name}.csv")
        described.append({"title": _HEADINGS[kind], "count": count, "lines": lines})
    return described


def describe_excess_data(all_recipients: Sequence[Recipient]) -> list[str]:
    """Return a sentence for each recipient whose records hold more than the policy says that it gets."""
    return [
        f"{recipient.name} holds more about you than our policy says: {', '.join(recipient.excess_data)}, in "
        f"{format_count(recipient.excess_records, 'record')}."
        for recipient in all_recipients
        if recipient.excess_records
    ]


def _get_first_rows(kind: OwnKind, statistics: PackageStatistics) -> Sequence[Row]:
    return statistics.first_own_rows.get(OWN_TABLES_BY_KIND[kind].name, [])


def _describe_invoice(row: Row, zone: tzinfo) -> str:
    name = " ".join(filter(None, (row["document"].capitalize(), row["number"])))
    total = f", {row['currency'] or 'total'} {row['total']}" if row["total"] else ""
    return f"{name} of {_format_day(row['issued_at'], zone)}{total}: sealed, {_describe_end(row, zone)}."


def _describe_refund(row: Row, zone: tzinfo) -> str:
    method = {"upi": "UPI address", "bank": "Bank account"}.get(row["method"], "Account")
    ending = f" ending in {row['account'].strip('*')}" if row["account"] else ""
    state = {"open": "the refund is open", "settled": "the refund is settled"}.get(row["state"], "erased but for this")
    return f"{method}{ending}, given on {_format_day(row['opened_at'], zone)}: {state}, {_describe_end(row, zone)}."


def _describe_end(row: Row, zone: tzinfo) -> str:
    if row["kept_until"]:
        return f"kept until {_format_day(row['kept_until'], zone)}"
    return "kept, and the last day is not known yet" if row["law"] else "no law keeps it any more"


def _describe_index_entry(row: Row, zone: tzinfo) -> str:
    day = f" of {_format_day(row['at'], zone)}" if row["at"] else ""
    parcel = f", parcel {row['waybill']}" if row["waybill"] else ""
    return f"Order {row['order'] or row['order_id']}{day}{parcel}"


def _describe_webhook(row: Row, zone: tzinfo) -> str:
    return f"Received on {_format_day(row['received_at'], zone)}; the message itself is in the files."


def _describe_request(row: Row, zone: tzinfo) -> str:
    answered = f", answered on {_format_day(row['answered_at'], zone)}" if row["answered_at"] else ""
    return (
        f"{row['kind'].capitalize()}, received on {_format_day(row['received_at'], zone)}{answered} ({row['request']})"
    )


def _describe_notice_item(row: Row, zone: tzinfo) -> str:
    name = plain_language.describe_code(row["processor"], plain_language.TRADE_NAMES)
    asked = f"asked on {_format_day(row['sent_at'], zone)}" if row["sent_at"] else "not asked yet"
    answer = f"answered: {row['answer']}" if row["answer"] else "no answer yet"
    return f"{name}, about {row['about']}: {asked}, {answer}"


def _describe_suppression_key(row: Row, zone: tzinfo) -> str:
    end = f", until {_format_day(row['kept_until'], zone)}" if row["kept_until"] else ""
    return f"{format_count(int(row['count']), 'code')} made from your {row['code_of']}{end}"


def _describe_nomination(row: Row, zone: tzinfo) -> str:
    relation = f" ({row['relation']})" if row["relation"] else ""
    end = f", ended on {_format_day(row['ended_at'], zone)}" if row["ended_at"] else ""
    named = f"{row['name']}{relation}, {row['contact']}" if row["name"] else "Nominee whose name we no longer hold"
    return f"{named}: since {_format_day(row['since'], zone)}{end}"


def _describe_disclosure(row: Row, zone: tzinfo) -> str:
    return f"{row['authority']}, on {_format_day(row['at'], zone)}: {row['what']}"


_ROW_DESCRIBERS: Mapping[OwnKind, Callable[[Row, tzinfo], str]] = {
    OwnKind.INVOICE: _describe_invoice,
    OwnKind.REFUND_ACCOUNT: _describe_refund,
    OwnKind.INDEX_ENTRY: _describe_index_entry,
    OwnKind.WEBHOOK: _describe_webhook,
    OwnKind.REQUEST: _describe_request,
    OwnKind.NOTICE_ITEM: _describe_notice_item,
    OwnKind.NOMINATION: _describe_nomination,
    OwnKind.DISCLOSURE: _describe_disclosure,
    OwnKind.SUPPRESSION_KEY: _describe_suppression_key,
}


def _format_day(text: str, zone: tzinfo) -> str:
    day = parse_local_date(text, zone)
    return format_long_date(day) if day else "a day we do not know"
