"""Describe earlier erasures: as JSON (`earlier_erasures` of 01 and 08) and in words for the letter.

States what was erased, when, and what is still sealed until when. Never shows the content of a sealed document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.model import DocumentKind
from bridge.rules.retention.release import INVOICE_CATEGORY, LEGAL_HOLD_GROUND
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.text import format_count, format_long_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, tzinfo

    from bridge.rules.erasure.tombstone import PriorErasureSummary, RemainingData


def build_prior_erasures_section(prior_erasures: Sequence[PriorErasureSummary], zone: tzinfo) -> Mapping[str, Any]:
    """Return the key `earlier_erasures`; an empty mapping if there was no erasure."""
    return (
        {"earlier_erasures": [_build_prior_erasure_json(prior_erasure, zone) for prior_erasure in prior_erasures]}
        if prior_erasures
        else {}
    )


def count_sealed_items(prior_erasures: Sequence[PriorErasureSummary]) -> int:
    """Return how many items are still sealed or locked."""
    return sum(remaining_item.count for prior_erasure in prior_erasures for remaining_item in prior_erasure.rests)


def list_sealing_laws(prior_erasures: Sequence[PriorErasureSummary]) -> tuple[str, ...]:
    """Return the titles of the laws that keep the sealed items, for the footnote."""
    return tuple(
        dict.fromkeys(
            law
            for prior_erasure in prior_erasures
            for remaining_item in prior_erasure.rests
            for law in remaining_item.laws
        )
    )


def describe_prior_erasure(prior_erasure: PriorErasureSummary, zone: tzinfo) -> Mapping[str, Any]:
    """Return an earlier erasure in words: `done`, `kept` (lines), `why_codes`."""
    return {
        "done": _describe_erasure_result(prior_erasure, zone),
        "kept": [
            *_describe_sealed_documents(prior_erasure.rests),
            *map(_describe_bank_details, _select_remaining_items(prior_erasure.rests, documents=False)),
        ],
        "why_codes": plain_language.SUPPRESSION_KEYS_SENTENCE
        + (f" They go after {format_long_date(prior_erasure.codes_until)}." if prior_erasure.codes_until else ""),
    }


def _build_prior_erasure_json(prior_erasure: PriorErasureSummary, zone: tzinfo) -> Mapping[str, Any]:
    return {
        "erased_on": prior_erasure.erasure.erased_at.astimezone(zone).date().isoformat(),
        "reference": prior_erasure.erasure.request_id,
        "finished": prior_erasure.finished,
        "erased": [
            {"what": plain_language.ERASED_ROW_NOUNS[table][1], "count": rows}
            for table, rows in prior_erasure.removed.items()
        ],
        "sealed": [
            {
                "what": remaining_item.what,
                "count": remaining_item.count,
                "law": "; ".join(remaining_item.laws),
                "until": _format_sealing_day(remaining_item.until),
                "erasable_from": _format_sealing_day(remaining_item.erasable_from),
            }
            for remaining_item in prior_erasure.rests
        ],
        "suppression_keys": {
            "in_words": plain_language.SUPPRESSION_KEYS_SENTENCE,
            "until": _format_sealing_day(prior_erasure.codes_until),
        },
    }


def _describe_erasure_result(prior_erasure: PriorErasureSummary, zone: tzinfo) -> str:
    day = format_long_date(prior_erasure.erasure.erased_at.astimezone(zone).date())
    reference = prior_erasure.erasure.request_id
    removed_counts = [
        format_count(rows, *plain_language.ERASED_ROW_NOUNS[table]) for table, rows in prior_erasure.removed.items()
    ]
    removed_text = f" From our own records went: {', '.join(removed_counts)}." if removed_counts else ""
    if not prior_erasure.finished:
        return (
            f"You asked us to erase your data. We began on {day} (reference {reference}) and have not "
            f"finished: the copy of an invoice that the tax law demands is still missing.{removed_text}"
        )
    return f"You asked us to erase your data. We did on {day} (reference {reference}).{removed_text}"


def _describe_sealed_documents(remaining_items: Sequence[RemainingData]) -> list[str]:
    """Return a line for each group of documents that are sealed until the same end."""
    groups: dict[str, dict[str, int]] = {}
    for remaining_item in _select_remaining_items(remaining_items, documents=True):
        kind = next(
            name
            for document_kind in DocumentKind
            if remaining_item.what.startswith(name := plain_language.describe_code(document_kind, {}))
        )
        counts = groups.setdefault(_describe_sealing_end(remaining_item), {})
        counts[kind] = counts.get(kind, 0) + remaining_item.count
    lines = [
        f"{until}: {', '.join(format_count(count, kind) for kind, count in counts.items())}."
        for until, counts in groups.items()
    ]
    return [*lines, "Nobody reads it in daily work."] if lines else []


def _describe_sealing_end(remaining_item: RemainingData) -> str:
    if not remaining_item.grounds:
        return "No law keeps this any more, and it is destroyed next"
    if LEGAL_HOLD_GROUND in remaining_item.grounds:
        return "Sealed while a dispute or claim is open"
    if remaining_item.until is None:
        return "What the tax law makes us keep is sealed; the last day is still to be worked out"
    return f"What the tax law makes us keep is sealed until {format_long_date(remaining_item.until)}"


def _describe_bank_details(remaining_item: RemainingData) -> str:
    subject = f"Bank particulars for {format_count(remaining_item.count, 'refund')}"
    if not remaining_item.grounds:
        return f"{subject} are no longer needed and are destroyed next."
    if LEGAL_HOLD_GROUND in remaining_item.grounds:
        return f"{subject} are locked away while a dispute or claim is open."
    if remaining_item.until is None:
        return f"{subject} are locked away until the refund is settled."
    return f"{subject} are locked away until {format_long_date(remaining_item.until)}."


def _select_remaining_items(remaining_items: Sequence[RemainingData], *, documents: bool) -> list[RemainingData]:
    return [
        remaining_item
        for remaining_item in remaining_items
        if (remaining_item.category == INVOICE_CATEGORY) is documents
    ]


def _format_sealing_day(day: date | None) -> str:
    return day.isoformat() if day else ""
