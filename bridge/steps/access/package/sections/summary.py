"""Build the summaries by category: data held (01), legal bases (03), consents (05), automated decisions (06).

Counts come from the statistics, legal bases from the retention file. Never names a legal basis of a regime that does
not apply to the data subject, and never counts a category that was not searched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, tzinfo
from typing import Any

from bridge.rules.retention.citations import describe_basis
from bridge.steps.access.package.plain_language import OTHER_PERSONS_SENTENCES, OTHER_RECORD_NOUNS, OTHER_RECORD_PLURALS
from bridge.steps.access.package.records.own_tables import OWN_RECORDS_SYSTEM, OWN_TABLES_BY_KIND
from bridge.steps.access.package.sections.statistics import PackageStatistics, RecordTally
from bridge.steps.access.package.text import NOT_STATED, format_count, format_long_date, parse_local_date
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Category, Retention

# held by the bridge or the accounts, not by the systems that were searched
_NOT_SEARCHED_NOTES = {
    "invoice_document": "Invoices as issued are kept with the accounts and were not searched.",
    "cod_refund_bank": "Bank particulars for refunds are deleted once the refund is settled.",
    "suppression": "Kept as a code that cannot be turned back into your particulars.",
    "support": "Letters and messages to us are kept in our mailbox and were not searched.",
    "identity_proof": "No document is kept; who decided, and when, is on record.",
    "webhook_payload": "Passing messages between systems; emptied once dealt with.",
    "request_evidence": "The record of your requests.",
    "access_package": "This very copy.",
    "parcel_index": "Codes by which your parcels are found again at the carriers.",
    "instruction_text": "What was asked of carriers and others, and what they answered.",
    "security_log": "Technical logs; they hold no name, e-mail, phone or address.",
    "backup": "Copies of the above, made by the firm that runs our computer.",
}
_OWN_RECORDS_NOTES = {
    **{table.category: _NOT_SEARCHED_NOTES.get(table.category, "") for table in OWN_TABLES_BY_KIND.values()},
    "invoice_document": "Sealed copies; the invoices as issued are kept with the accounts and were not searched.",
}
_SUBSCRIBED_STATE = "subscribed"
_MARKETING_PURPOSE_ID = "v"  # the number of the purpose in the policy (s.5)
_WITHDRAWAL_NOTE = "Write to the contact named above. You need not say why."


def _build_purpose(purpose_id: str, retention: Retention) -> Mapping[str, str]:
    purpose = retention.purposes.get(purpose_id)
    return {"id": purpose_id, "in_words": purpose.title if purpose else NOT_STATED}


def list_purposes(category: Category, retention: Retention) -> list[Mapping[str, str]]:
    """Return the purposes of the category: their id and their words."""
    return [_build_purpose(purpose_id, retention) for purpose_id in category.purposes]


def build_summary_section(
    merchant: Merchant,
    retention: Retention,
    statistics: PackageStatistics,
    answer: tuple[str, str],
    searched_systems: list[dict[str, Any]],
) -> Mapping[str, Any]:
    """Return the body of `01_summary.json`; `answer` is a code and its sentence."""
    own_searched = any(source["system"] == OWN_RECORDS_SYSTEM for source in searched_systems)
    return {
        "do_we_hold_data": {"answer": answer[0], "in_words": answer[1]},
        "records": statistics.found_count,
        "sources": searched_systems,
        "categories": [
            _build_category_row(category, merchant, retention, statistics, own_searched)
            for category in retention.categories.values()
        ],
    }


def _build_category_row(
    category: Category, merchant: Merchant, retention: Retention, statistics: PackageStatistics, own_searched: bool
) -> Mapping[str, Any]:
    own_notes = _OWN_RECORDS_NOTES if own_searched else {}
    tally = statistics.tallies_by_category.get(category.id, RecordTally())
    return {
        "category": category.id,
        "title": category.title,
        "personal_data": list(category.personal_data),
        "searched": category.id in own_notes or category.id not in _NOT_SEARCHED_NOTES,
        "note": {**_NOT_SEARCHED_NOTES, **own_notes}.get(category.id, ""),
        "records": statistics.count_category_records(category.id),
        "systems": sorted(tally.systems),
        "since": tally.first_date.isoformat() if tally.first_date else "",
        "purposes": list_purposes(category, retention),
        "activities": list_activities(category, merchant, statistics),
        "source": merchant.access.source.get(category.id) or NOT_STATED,
    }


def list_activities(category: Category, merchant: Merchant, statistics: PackageStatistics) -> list[str]:
    """Return what is done with the category as the merchant states it, and what the records themselves show."""
    tally = statistics.tallies_by_category.get(category.id, RecordTally())
    is_shared = category.id in ("shipment", "address", "contact") and statistics.waybill_count
    shown = ["shared with carriers"] if tally.records and is_shared else []
    shown += ["scored"] if tally.records and category.id == "cod_risk" else []
    return [*(merchant.access.activities.get(category.id) or [NOT_STATED]), *shown]


def build_other_persons_section(merchant: Merchant, statistics: PackageStatistics) -> Mapping[str, Any]:
    """Return `other_persons` of `01_summary.json`: in how many places records name another person; {} for none."""
    if not statistics.other_person_places:
        return {}
    in_words = describe_other_persons(merchant, statistics)
    return {
        "other_persons": {
            "places": statistics.other_person_places,
            "treatment": merchant.access.third_persons,
            "in_words": in_words,
        }
    }


def describe_other_persons(merchant: Merchant, statistics: PackageStatistics) -> str:
    """Return the sentence about other persons in the records, '' if there are none."""
    if not statistics.other_person_places:
        return ""
    places = format_count(statistics.other_person_places, "place")
    return OTHER_PERSONS_SENTENCES[merchant.access.third_persons].format(places=places)


def build_legal_bases_section(retention: Retention, regimes: Collection[str], on_date: date) -> Mapping[str, Any]:
    """Return the body of `03_purposes_and_bases.json`: per purpose, category and regime, valid on that day."""
    return {
        "valid_on": on_date.isoformat(),
        "regimes": list(regimes),
        "purposes": [_build_purpose_row(purpose_id, retention, regimes, on_date) for purpose_id in retention.purposes],
        "categories": [
            {
                "category": category.id,
                "title": category.title,
                "purposes": list_purposes(category, retention),
                "bases": [_build_legal_basis(category, regime, on_date, retention) for regime in regimes],
            }
            for category in retention.categories.values()
        ],
    }


def _build_purpose_row(
    purpose_id: str, retention: Retention, regimes: Collection[str], on_date: date
) -> Mapping[str, Any]:
    """Return one purpose with the bases of all categories that serve it, each basis once."""
    serving = [category for category in retention.categories.values() if purpose_id in category.purposes]
    bases = [_build_legal_basis(category, regime, on_date, retention) for regime in regimes for category in serving]
    unique = {(basis["regime"], basis["basis"]): basis for basis in bases}
    own = _build_purpose(purpose_id, retention)
    # of several purposes of a category, the interest that is meant here is this one
    rows = [
        {**basis, **({"legitimate_interest": own["in_words"]} if "legitimate_interest" in basis else {})}
        for basis in unique.values()
    ]
    return {**own, "bases": rows}


def _build_legal_basis(category: Category, regime: str, on_date: date, retention: Retention) -> Mapping[str, str]:
    text = describe_basis(category, regime, on_date, retention)
    legal_basis = {"regime": regime, "basis": text or NOT_STATED}
    if regime != "IN" and "6(1)(f)" in text:
        legal_basis["legitimate_interest"] = "; ".join(
            purpose["in_words"] for purpose in list_purposes(category, retention)
        )
    return legal_basis


def is_consent_outdated(consent: Mapping[str, str], retention: Retention, zone: tzinfo) -> bool:
    """Return True for a consent that is not shown to be as young as the version of the policy that named its purpose."""
    purpose = retention.purposes.get(_MARKETING_PURPOSE_ID)
    if consent["state"] != _SUBSCRIBED_STATE or purpose is None or purpose.introduced_on is None:
        return False
    given_on = parse_local_date(consent["at"], zone)
    return given_on is None or given_on < purpose.introduced_on


def build_consents_section(retention: Retention, statistics: PackageStatistics) -> Mapping[str, Any]:
    """Return the body of `05_consents.json`. An order is no consent and is not listed."""
    return {
        "consents": [
            {
                "purpose": _MARKETING_PURPOSE_ID,
                "in_words": _build_purpose(_MARKETING_PURPOSE_ID, retention)["in_words"],
                "channel": consent["channel"],
                "state": consent["state"],
                "given": consent["state"] == _SUBSCRIBED_STATE,
                "refresh_needed": is_consent_outdated(consent, retention, statistics.zone),
                "at": consent["at"],
                "method": consent["method"] or "not recorded",
                "collected_from": consent["collected_from"] or "not recorded",
                "notice_version": "not recorded by the shop platform",
            }
            for consent in statistics.consents
        ],
        "how_to_withdraw": _WITHDRAWAL_NOTE,
    }


def build_automated_decisions_section(merchant: Merchant, statistics: PackageStatistics) -> Mapping[str, Any]:
    """Return the body of `06_automated_decisions.json` (GDPR Art 15(1)(h)): what the merchant's file states, no more."""
    return {
        "stated": merchant.access.automated_decisions or NOT_STATED,
        "decisions": [
            {
                "about": decision.about,
                "purpose": decision.purpose,
                "logic": decision.logic,
                "inputs": list(decision.inputs),
                "effect": decision.effect,
                "human_review": decision.human_review or NOT_STATED,
                "your_orders_with_a_risk_mark": statistics.scored_order_count,
            }
            for decision in merchant.access.decisions
        ],
    }


def _describe_other_records(statistics: PackageStatistics) -> str:
    """Return the counts of the kinds that have no line of their own; '' for none."""
    counts = {noun: statistics.records_by_kind[kind] for kind, noun in OTHER_RECORD_NOUNS.items()}
    texts = [format_count(count, noun, OTHER_RECORD_PLURALS.get(noun, "")) for noun, count in counts.items() if count]
    return "also " + ", ".join(texts) if texts else ""


def build_letter_summary(statistics: PackageStatistics, recipient_count: int) -> list[str]:
    """Return the summary of the letter: at most eleven lines, one for each kind of record that was found."""
    span = statistics.build_date_span()
    tables, kinds = statistics.rows_by_table, statistics.records_by_kind
    counted_lines = [
        (kinds["customer"], format_count(kinds["customer"], "customer profile")),
        (kinds["order"], format_count(kinds["order"], "order")),
        (kinds["draft_order"], format_count(kinds["draft_order"], "draft order")),
        (
            tables["addresses"],
            f"{format_count(tables['addresses'], 'address', 'addresses')}, with your profile and orders",
        ),
        (tables["payments"], f"{format_count(tables['payments'], 'payment')}, with masked numbers"),
        (
            tables["refunds"] + tables["returns"],
            " and ".join(format_count(tables[f"{noun}s"], noun) for noun in ("refund", "return") if tables[f"{noun}s"]),
        ),
        (
            statistics.waybill_count,
            f"{format_count(statistics.waybill_count, 'parcel')}, with where {'it was' if statistics.waybill_count == 1 else 'they were'}",
        ),
        (tables["consents"], f"{format_count(tables['consents'], 'entry', 'entries')} about consent to marketing"),
        (1, _describe_other_records(statistics)),
        (statistics.found_count, f"shared with {format_count(recipient_count, 'recipient')}, listed below"),
    ]
    lines = [line for count, line in counted_lines if count and line]
    if span.first_date and span.last_date:
        lines.append(f"from {format_long_date(span.first_date)} to {format_long_date(span.last_date)}")
    return lines
