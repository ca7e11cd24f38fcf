"""Describe earlier erasures: as JSON (`earlier_erasures` of 01 and 08) and in words for the letter.

States what was erased, when, and what is still sealed until when. Never shows the content of a sealed document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo
from typing import Any

from bridge.model import DocumentKind
from bridge.rules.erasure.platform_fields import CONSENT_CATEGORY
from bridge.rules.erasure.tombstone import PriorErasureSummary, RemainingData
from bridge.rules.retention.release import INVOICE_CATEGORY, LEGAL_HOLD_GROUND
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.text import format_count, format_long_date


def build_prior_erasures_section(prior_erasures: Sequence[PriorErasureSummary], zone: tzinfo) -> Mapping[str, Any]:
    """Return the key `earlier_erasures`; an empty mapping if there was no erasure."""
    rows = [_build_prior_erasure_json(prior, zone) for prior in prior_erasures]
    return {"earlier_erasures": rows} if rows else {}


def count_sealed_items(prior_erasures: Sequence[PriorErasureSummary]) -> int:
    """Return how many items are still sealed or locked."""
    return sum(item.count for prior in prior_erasures for item in prior.rests)


def list_sealing_laws(prior_erasures: Sequence[PriorErasureSummary]) -> tuple[str, ...]:
    """Return the titles of the laws that keep the sealed items, for the footnote."""
    return tuple(dict.fromkeys(law for prior in prior_erasures for item in prior.rests for law in item.laws))


def describe_prior_erasure(prior: PriorErasureSummary, zone: tzinfo) -> Mapping[str, Any]:
    """Return an earlier erasure in words: `done`, `kept` (lines), `why_codes`."""
    return {
        "done": _describe_erasure_result(prior, zone),
        "kept": [
            *_describe_sealed_documents(prior.rests),
            *map(_describe_remaining_item, _select_remaining_items(prior.rests, documents=False)),
        ],
        "why_codes": plain_language.SUPPRESSION_KEYS_SENTENCE
        + (f" They go after {format_long_date(prior.codes_until)}." if prior.codes_until else ""),
        "platform": _describe_platform_wait(prior),
    }


def _describe_platform_wait(prior: PriorErasureSummary) -> str:
    """Return what is said of the platform's own copy while it has not confirmed that it is erased."""
    if not prior.platform_waits:
        return ""
    end = prior.platform_waits_until
    until = f"We wait for that until {format_long_date(end)}" if end else "We do not know yet until when that takes"
    return f"Shopify has not confirmed yet that it erased its own copy. {until}; what it still holds is in this copy."


def _build_prior_erasure_json(prior: PriorErasureSummary, zone: tzinfo) -> Mapping[str, Any]:
    return {
        "erased_on": prior.erasure.erased_at.astimezone(zone).date().isoformat(),
        "reference": prior.erasure.request_id,
        "finished": prior.finished,
        "erased": [
            {"what": plain_language.ERASED_ROW_NOUNS[table][1], "count": rows} for table, rows in prior.removed.items()
        ],
        "sealed": [
            {
                "what": item.what,
                "count": item.count,
                "law": "; ".join(item.laws),
                "until": _format_sealing_day(item.until),
                "erasable_from": _format_sealing_day(item.erasable_from),
            }
            for item in prior.rests
        ],
        "suppression_keys": {
            "in_words": plain_language.SUPPRESSION_KEYS_SENTENCE,
            "until": _format_sealing_day(prior.codes_until),
        },
        "platform": {"waits": prior.platform_waits, "until": _format_sealing_day(prior.platform_waits_until)},
    }


def _describe_erasure_result(prior: PriorErasureSummary, zone: tzinfo) -> str:
    day = format_long_date(prior.erasure.erased_at.astimezone(zone).date())
    reference = prior.erasure.request_id
    nouns = plain_language.ERASED_ROW_NOUNS
    removed = ", ".join(format_count(rows, *nouns[table]) for table, rows in prior.removed.items())
    removed_text = f" From our own records went: {removed}." if removed else ""
    result = f"did on {day} (reference {reference})."
    if not prior.finished:
        result = (
            f"began on {day} (reference {reference}) and have not finished: the copy of an invoice that the tax law "
            "demands is still missing."
        )
    return f"You asked us to erase your data. We {result}{removed_text}"


def _describe_sealed_documents(items: Sequence[RemainingData]) -> list[str]:
    """Return a line for each group of documents that are sealed until the same end."""
    groups: dict[str, dict[str, int]] = {}
    kind_names = [plain_language.describe_code(kind, {}) for kind in DocumentKind]
    for item in _select_remaining_items(items, documents=True):
        kind = next(name for name in kind_names if item.what.startswith(name))
        counts = groups.setdefault(_describe_sealing_end(item), {})
        counts[kind] = counts.get(kind, 0) + item.count
    lines = []
    for until, counts in groups.items():
        lines.append(f"{until}: {', '.join(format_count(count, kind) for kind, count in counts.items())}.")
    return [*lines, "Each opening is recorded."] if lines else []


def _describe_sealing_end(item: RemainingData) -> str:
    if not item.grounds:
        return "No law keeps this any more, and it is destroyed next"
    if LEGAL_HOLD_GROUND in item.grounds:
        return "Sealed while a dispute or claim is open"
    if item.until is None:
        return "What the tax law makes us keep is sealed; the last day is still to be worked out"
    return f"What the tax law makes us keep is sealed until {format_long_date(item.until)}"


def _describe_remaining_item(item: RemainingData) -> str:
    if item.category != CONSENT_CATEGORY:
        return _describe_bank_details(item)
    subject = f"{format_count(item.count, 'consent')} to marketing, without your address"
    if not item.grounds:
        return f"{subject}: no longer needed, and destroyed next."
    until = f"until {format_long_date(item.until)}" if item.until else "for a time that is still to be worked out"
    return f"{subject}: kept {until}, to prove what you agreed to and withdrew."


def _describe_bank_details(item: RemainingData) -> str:
    subject = f"Bank particulars for {format_count(item.count, 'refund')}"
    if not item.grounds:
        return f"{subject} are no longer needed and are destroyed next."
    if LEGAL_HOLD_GROUND in item.grounds:
        return f"{subject} are kept sealed while a dispute or claim is open."
    if item.until is None:
        return f"{subject} are kept sealed until the refund is settled."
    return f"{subject} are kept sealed until {format_long_date(item.until)}."


def _select_remaining_items(items: Sequence[RemainingData], *, documents: bool) -> list[RemainingData]:
    return [item for item in items if (item.category == INVOICE_CATEGORY) is documents]


def _format_sealing_day(day: date | None) -> str:
    return day.isoformat() if day else ""
