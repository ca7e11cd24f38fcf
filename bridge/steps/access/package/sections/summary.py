"""The summaries by category: what is held (01), why and on what ground (03), consents, decisions (05, 06).

Counts come from the survey, grounds from the retention file. Never names a ground of one country to a person
whom it does not concern, and never counts what the search did not look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.steps.access.package.sections.statistics import Survey, Tally
from bridge.steps.access.package.text import long_day, plural

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from config.retention_file.retention import Category, Retention

# kept by the bridge or the accounts, not in the systems that were searched for this answer
_ELSEWHERE = {
    "invoice_document": "Invoices as issued are kept with the accounts and were not searched.",
    "cod_refund_bank": "Bank particulars for refunds are deleted once the refund is settled.",
    "suppression": "Kept as a code that cannot be turned back into your particulars.",
    "support": "Letters and messages to us are kept in our mailbox and were not searched.",
    "identity_proof": "Deleted within days; only the result is kept.",
    "webhook_payload": "Passing messages between systems; emptied once dealt with.",
    "request_evidence": "The record of this very request.",
    "access_package": "This very copy.",
    "parcel_index": "Codes by which your parcels are found again at the carriers.",
    "instruction_text": "What was asked of carriers and others, and what they answered.",
    "security_log": "Technical logs; they hold no name, e-mail, phone or address.",
    "backup": "Encrypted copies of the above, replaced in turn.",
}
_LEGITIMATE_INTERESTS = {
    "customer_profile": "knowing regular customers and serving them accordingly",
    "order_lines": "proper books and proof of what was sold",
    "invoice_document": "proper books and defence against claims",
    "cod_risk": "avoiding the cost of parcels that are refused at the door",
    "suppression": "respecting your wish not to be written to",
    "usage_cookies": "keeping the shop secure",
    "support": "settling complaints and claims",
}
_SUBSCRIBED = "subscribed"
_MARKETING = "v"  # the number of the purpose in the policy (s.5)
_WITHDRAW = (
    "Use the link at the end of any message, or write to the contact named above. You need not say why, "
    "nor prove who you are."
)


def _purposes(category: Category, retention: Retention) -> list[Mapping[str, str]]:
    return [_purpose(each, retention) for each in category.purposes]


def _purpose(number: str, retention: Retention) -> Mapping[str, str]:
    known = retention.purposes.get(number)
    return {"id": number, "in_words": known.title if known else ""}


def summary(
    retention: Retention, survey: Survey, answer: tuple[str, str], sources: list[dict[str, Any]]
) -> Mapping[str, Any]:
    """Make the body of `01_summary.json`."""
    return {
        "do_we_hold_data": {"answer": answer[0], "in_words": answer[1]},
        "records": survey.found,
        "sources": sources,
        "categories": [_category(category, retention, survey) for category in retention.categories.values()],
    }


def _category(category: Category, retention: Retention, survey: Survey) -> Mapping[str, Any]:
    tally = survey.categories.get(category.id, Tally())
    shared = category.id in ("shipment", "address", "contact") and survey.waybills
    activities = ["collected", "stored"] if tally.records else []
    activities += ["shared with carriers"] if tally.records and shared else []
    activities += ["scored"] if tally.records and category.id == "cod_risk" else []
    return {
        "category": category.id,
        "title": category.title,
        "personal_data": list(category.personal_data),
        "searched": category.id not in _ELSEWHERE,
        "note": _ELSEWHERE.get(category.id, ""),
        "records": survey.waybills if category.id == "shipment" else tally.records,
        "systems": sorted(tally.systems),
        "since": tally.first.isoformat() if tally.first else "",
        "purposes": _purposes(category, retention),
        "activities": activities,
    }


def bases(retention: Retention, regimes: Collection[str], on: date) -> Mapping[str, Any]:
    """Make the body of `03_purposes_and_bases.json`: per category and regime, as of that day."""
    return {
        "valid_on": on.isoformat(),
        "regimes": list(regimes),
        "categories": [
            {
                "category": category.id,
                "title": category.title,
                "purposes": _purposes(category, retention),
                "bases": [_basis(category, regime) for regime in regimes],
            }
            for category in retention.categories.values()
        ],
    }


def _basis(category: Category, regime: str) -> Mapping[str, str]:
    # the United Kingdom kept the articles of the EU's regulation, so one text speaks for both
    text = category.basis.get(regime) or category.basis.get("EU" if regime == "UK" else regime, "")
    found = {"regime": regime, "basis": text or "not stated in the retention file"}
    if regime != "IN" and "6(1)(f)" in text:
        found["legitimate_interest"] = _LEGITIMATE_INTERESTS.get(category.id, "security and proof")
    return found


def consents(retention: Retention, survey: Survey) -> Mapping[str, Any]:
    """Make the body of `05_consents.json`. An order is no consent and is not listed."""
    return {
        "consents": [
            {
                "purpose": _MARKETING,
                "in_words": _purpose(_MARKETING, retention)["in_words"],
                "channel": consent["channel"],
                "state": consent["state"],
                "given": consent["state"] == _SUBSCRIBED,
                "at": consent["at"],
                "method": consent["method"] or "not recorded",
                "collected_from": consent["collected_from"] or "not recorded",
                "notice_version": "not recorded by the shop platform",
            }
            for consent in survey.consents
        ],
        "how_to_withdraw": _WITHDRAW,
    }


def decisions(survey: Survey) -> Mapping[str, Any]:
    """Make the body of `06_automated_decisions.json`."""
    return {
        "decisions": [
            {
                "about": "whether cash on delivery is offered",
                "purpose": "xv",
                "logic": "Orders that are likely to come back unpaid are found from earlier ones; for those, "
                "payment in advance is asked for.",
                "inputs": [
                    "how the shop was used",
                    "where the parcel is to go",
                    "earlier parcels that were refused or came back",
                    "whether the phone number was confirmed",
                ],
                "effect": "Cash on delivery may not be offered. You can still pay in advance.",
                "human_review": "Write to the contact named above: a person looks at it and tells you why.",
                "your_orders_with_a_risk_mark": survey.scored_orders,
            }
        ]
    }


def ten_lines(survey: Survey, recipients: int) -> list[str]:
    """Sum up for the letter: at most ten lines, and none about what is not there."""
    span = survey.span()
    tables, kinds = survey.tables, survey.kinds
    told = [
        (kinds["customer"], plural(kinds["customer"], "customer profile")),
        (kinds["order"], plural(kinds["order"], "order")),
        (kinds["draft_order"], plural(kinds["draft_order"], "draft order")),
        (tables["addresses"], f"{plural(tables['addresses'], 'address', 'addresses')} kept with them"),
        (tables["payments"], f"{plural(tables['payments'], 'payment')}, with masked numbers"),
        (
            tables["refunds"] + tables["returns"],
            f"{plural(tables['refunds'], 'refund')} and {plural(tables['returns'], 'return')}",
        ),
        (survey.waybills, f"{plural(survey.waybills, 'parcel')} and where they were"),
        (tables["consents"], f"{plural(tables['consents'], 'entry', 'entries')} about consent to marketing"),
        (survey.found, f"shared with {plural(recipients, 'recipient')}, named below"),
    ]
    lines = [line for count, line in told if count]
    if span.first and span.last:
        lines.append(f"from {long_day(span.first)} to {long_day(span.last)}")
    return lines
