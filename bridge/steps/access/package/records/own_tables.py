"""Define the tables of what the bridge itself holds of the data subject: sealed invoices, refund accounts, and so on.

A record of these kinds has its columns as fields. Pure.
"""

from __future__ import annotations

from enum import StrEnum

from bridge.steps.access.package.records.table_model import FlatTable, define_table

OWN_RECORDS_SYSTEM = "bridge_store"
FOUND_BY = "our own records"
DATA_SEPARATOR = "; "  # between the kinds of data that an authority got


class OwnKind(StrEnum):
    """The kinds of the bridge's own records, as kinds of findings."""

    INVOICE = "own_invoice"
    REFUND_ACCOUNT = "own_refund_account"
    INDEX_ENTRY = "own_index_entry"
    WEBHOOK = "own_webhook"
    REQUEST = "own_request"
    NOTICE_ITEM = "own_notice_item"
    SUPPRESSION_KEY = "own_suppression_key"
    NOMINATION = "own_nomination"
    DISCLOSURE = "own_disclosure"


# What follows from the data subject's own requests. It is shown, and is no answer to whether data are held: asking alone
# leaves such a record.
REQUEST_TRACE_KINDS = frozenset({OwnKind.REQUEST, OwnKind.NOTICE_ITEM, OwnKind.SUPPRESSION_KEY, OwnKind.NOMINATION})

_KEPT_COLUMNS = ("kept_until | Last day on which it must be kept", "law | Law or reason that keeps it")
_LEFT_COLUMN = "left_by_erasure | Reference of the erasure that left it"


def _define_own_table(kind: OwnKind, heading: str, *columns: str) -> tuple[OwnKind, FlatTable]:
    return kind, define_table(heading, *columns, portable=False, holds_whole_records=True)


OWN_TABLES_BY_KIND: dict[str, FlatTable] = dict(
    (
        _define_own_table(
            OwnKind.INVOICE,
            "sealed_invoices | Sealed copies of your invoices | invoice_document",
            "document | Invoice or credit note",
            "number | Number",
            "issued_at | Issued on",
            "total | Total | pd:Purchase",
            "currency | Currency of the total",
            "order_id | Shopify's number of the order | pd:Identifier",
            "content | What of it was read for this copy",
            "names_the_buyer | Name and address of the buyer stand in it",
            *_KEPT_COLUMNS,
            _LEFT_COLUMN,
        ),
        _define_own_table(
            OwnKind.REFUND_ACCOUNT,
            "refund_accounts | Accounts for a refund (last four digits) | cod_refund_bank",
            "refund_id | Number of the refund",
            "order_id | Shopify's number of the order | pd:Identifier",
            "method | Bank account or UPI",
            "account | Number, last four only | pd:FinancialAccountNumber",
            "state | Open, settled, or erased but for the last four",
            "opened_at | Given to us on",
            "settled_on | Paid back on",
            "amount | Amount | pd:Transactional",
            "currency | Currency of the amount",
            *_KEPT_COLUMNS,
            _LEFT_COLUMN,
        ),
        _define_own_table(
            OwnKind.INDEX_ENTRY,
            "order_index | What we note of your orders, to find your parcels | parcel_index",
            "order | Order name",
            "order_id | Shopify's number of the order | pd:Identifier",
            "at | Ordered on",
            "waybill | Number of the parcel | pd:Identifier",
            "carrier | Carrier",
            "carrier_id | Carrier, as we know it",
            "account_holder | Who has the contract with the carrier",
            "shipped_on | Sent on",
        ),
        _define_own_table(
            OwnKind.WEBHOOK,
            "platform_messages | Messages of the shop platform that we still hold | webhook_payload",
            "topic | What it is about",
            "received_at | Received on",
            "state | State",
            "reason | Why we still hold it",
        ),
        _define_own_table(
            OwnKind.REQUEST,
            "your_requests | Your requests about personal data | request_evidence",
            "request | Reference",
            "kind | What you asked",
            "through | How it reached us",
            "received_at | Received on",
            "due_at | Due on",
            "answered_at | Answered on",
            "state | State",
            "evidence_entries | Entries in our record of what was done",
            "copy_kept | A copy made for it is still stored",
        ),
        _define_own_table(
            OwnKind.NOTICE_ITEM,
            "erasure_notices | What we asked others to erase for you | instruction_text",
            "request | Reference of your request",
            "processor | The firm that we asked",
            "about | About what",
            "state | State",
            "sent_at | Asked on",
            "answer | Answer",
            "answered_at | Answered on",
            "kept_there_until | Kept there until",
            "number_still_sealed | We still hold the number of the parcel or order, sealed",
        ),
        _define_own_table(
            OwnKind.SUPPRESSION_KEY,
            "suppression_codes | Codes that keep erased data from coming back | suppression",
            "code_of | What the code was made from",
            "count | How many codes",
            "at | Made on",
            "because_of | Reference of the erasure that they protect",
            "kept_until | Last day on which they are kept",
        ),
        _define_own_table(
            OwnKind.NOMINATION,
            "nominations | Your nominees, who may act for you | request_evidence",
            "name | Name of the nominee | pd:Name",
            "contact | How to reach the nominee | pd:Contact",
            "relation | Relation to you",
            "since | Nominated on",
            "ended_at | Ended on",
            "used | The nominee has acted for you",
        ),
        _define_own_table(
            OwnKind.DISCLOSURE,
            "disclosures | What we gave to public authorities about you | request_evidence",
            "disclosure | Reference",
            "authority | Authority",
            "at | Given on",
            "what | What was given",
            "law | Law or order that demanded it",
            "country | Country of the authority",
        ),
    )
)
