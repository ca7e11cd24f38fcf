"""Turn the lines of a certificate of erasure into rows for a letter: what is gone, what stays. Pure.

Every count and every day is the certificate's; what has no entry in the tables of words is shown as it stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bridge.model import ErasureAction, Outcome, ProcessorAnswer
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.release import INVOICE_CATEGORY
from bridge.steps.access.package.plain_language import CATEGORY_PHRASES, ERASED_ROW_NOUNS, TRADE_NAMES, describe_code
from bridge.steps.access.package.text import format_count
from bridge.steps.erasure.outcome import outcome_phrases as phrases
from bridge.steps.erasure.outcome.certificate_reader import (
    CertificateDays,
    Row,
    is_gone_at_platform,
    is_merged_away,
    list_polls,
    name_accounts,
    name_recipient,
)

_STATUTE_TAIL = re.compile(r"[,;]?\s*\b(?:ss?|rr?|regs?|reg|Art|rules?|direction)\.?\s?[\d(].*$|\s*\([^()]*\)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemainingRow:
    """What stays, why, until when. `laws` are full citations; `grounds` are the ids of the holds that name them."""

    what: str
    why: str
    until: str
    laws: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()


def list_erased_data(certificate: Row, days: CertificateDays) -> list[dict[str, str]]:
    """Return what is gone: `where`, `what`, `when`."""
    rows = []
    by_day: dict[str, list[str]] = {}
    for line in certificate["erased"]:
        nouns = ERASED_ROW_NOUNS.get(line["table"]) or phrases.TABLE_NOUNS.get(line["table"])
        noun, nouns_plural = nouns or (describe_code(line["table"], {}),) * 2
        by_day.setdefault(line["verified_at"], []).append(format_count(line["count"], noun, nouns_plural))
    for moment, counts in by_day.items():
        what = f"{', '.join(counts)}. We looked again: nothing of it is left."
        rows.append({"where": "Our own records", "what": what, "when": days.format_moment(moment)})
    gone: dict[tuple[str, str, str], list[Row]] = {}
    for poll in filter(is_gone_at_platform, list_polls(certificate)):
        key = (poll["recipient"], poll["statement"], days.format_moment(poll["answered_at"]))
        gone.setdefault(key, []).append(poll)
    for (recipient, statement, day), polls in gone.items():
        where, what = describe_code(recipient, TRADE_NAMES), name_accounts(polls, certificate) + statement
        rows.append({"where": where, "what": what, "when": day})
    for row in certificate["processors"]:
        answers = {
            ProcessorAnswer.ERASED: "{count}: it answered that it erased {them}.",
            ProcessorAnswer.NOT_FOUND: "{count}: it answered that it does not know {them}.",
        }
        for answer, sentence in answers.items():
            if count := row["answers"].get(answer):
                them = "it" if count == 1 else "them"
                what = sentence.format(count=format_count(count, "record"), them=them)
                rows.append({"where": name_recipient(row), "what": what, "when": _find_last_answer(row, days)})
    return rows


def list_remaining_data_rows(certificate: Row, days: CertificateDays) -> list[RemainingRow]:
    """Return what stays in the bridge, at processors and at the platform."""
    kept = [_describe_kept_line(line, days) for line in certificate["kept"] if not _is_residue(line)]
    rows = (*kept, *_list_kept_at_processors(certificate, days), *_list_kept_at_platform(certificate))
    return [replace(row, what=_start_sentence(row.what), why=_start_sentence(row.why)) for row in rows]


def shorten_law(law: str) -> str:
    """Return the name of a law without its sections and notes."""
    return _STATUTE_TAIL.sub("", law.partition(";")[0]).strip() or law


def _describe_kept_line(line: Row, days: CertificateDays) -> RemainingRow:
    category, grounds = line["category"], line["grounds"]
    laws = tuple(g["law"] for g in grounds if g["ground"] not in phrases.REASONS and g["ground"] != "max_age")
    if category in phrases.REASONS_BY_CATEGORY:
        laws = ()
    reasons = [phrases.REASONS[g["ground"]] for g in grounds if g["ground"] in phrases.REASONS]
    reasons += [shorten_law(law) for law in laws if law]
    if not reasons:
        reasons = [phrases.REASONS_BY_CATEGORY.get(category) or "; ".join(g["law"] for g in grounds if g["law"])]
    return RemainingRow(
        what=_describe_kept_subject(line),
        why="; ".join(dict.fromkeys(filter(None, reasons))) or "we have to decide it first",
        until=_describe_kept_until(line, days),
        laws=tuple(filter(None, laws)),
        grounds=tuple(g["ground"] for g in grounds if g["law"] in laws),
    )


def _describe_kept_subject(line: Row) -> str:
    count = line.get("count")
    if line["category"] == INVOICE_CATEGORY:
        for ending, details in phrases.DOCUMENT_DETAILS.items():
            if line["what"].endswith(ending):
                kind = line["what"].removesuffix(ending)
                return f"{format_count(count or 0, kind)} {details}, sealed"
    for ground in line["grounds"]:
        if subject := phrases.SUBJECTS_BY_GROUND.get(ground["ground"]):
            return _add_count(subject, count)
    if line.get("system") == PLATFORM:  # counts fields there, no records
        return f"{describe_code(line['category'], CATEGORY_PHRASES)} at Shopify"
    subject = phrases.KEPT_SUBJECTS.get(line["category"]) or CATEGORY_PHRASES.get(line["category"], line["what"])
    return _add_count(str(subject), count)


def _add_count(subject: str, count: int | None) -> str:
    return f"{subject} ({format_count(count, 'record')})" if count and count > 1 else subject


def _describe_kept_until(line: Row, days: CertificateDays) -> str:
    if line["until"]:
        return f"{days.format_day(line['until'])}{' at the earliest' if line.get('release_needs') else ''}"
    open_grounds = [ground["ground"] for ground in line["grounds"] if not ground["last_day"]]
    ends = [phrases.OPEN_ENDS[ground] for ground in open_grounds if ground in phrases.OPEN_ENDS]
    return "; ".join(dict.fromkeys(ends)) or phrases.NO_DAY


def _list_kept_at_processors(certificate: Row, days: CertificateDays) -> list[RemainingRow]:
    rows = []
    for row in certificate["processors"]:
        name = name_recipient(row)
        for kept in row["kept_there"]:
            law = PROCESSOR_RETENTION_LAWS.get(kept["law"], kept["law"])
            rows.append(
                RemainingRow(
                    what=f"{format_count(kept['entries'], 'record')} at {name}",
                    why=f"it names: {law}",
                    until=days.format_day(kept["until"]) or phrases.NO_DAY,
                )
            )
        if refused := row["answers"].get(ProcessorAnswer.REFUSED):
            what = f"{format_count(refused, 'record')} at {name}"
            rows.append(RemainingRow(what=what, why="it refuses to erase; you can complain", until=phrases.NO_DAY))
    return rows


def _list_kept_at_platform(certificate: Row) -> list[RemainingRow]:
    rows = []
    if is_merged_away(certificate):
        rows.append(RemainingRow(what=phrases.MERGED_SUBJECT, why=phrases.MERGED_REASON, until=phrases.MERGED_END))
    if any(poll["answer"] == Outcome.RETAINED for poll in list_polls(certificate)):
        rows.append(RemainingRow(what="your data at Shopify", why=phrases.SHOPIFY_CANCELLED, until=phrases.NO_DAY))
    plan_lines = (certificate["plan"] or {}).get("lines", ())
    fields = [
        name for line in (*certificate["kept"], *plan_lines) if _is_residue(line) for name in line["what"].split(", ")
    ]
    if fields:
        names = ", ".join(
            dict.fromkeys(describe_code(name.rpartition(".")[2], phrases.RESIDUE_NAMES) for name in fields)
        )
        why = phrases.RESIDUE_REASON.format(names=names)
        rows.append(RemainingRow(what=phrases.RESIDUE_SUBJECT, why=why, until=phrases.NO_DAY))
    return rows


def _find_last_answer(row: Row, days: CertificateDays) -> str:
    return days.format_moment(max((notice["answered_at"] or "" for notice in row["instructions"]), default=""))


def _is_residue(line: Row) -> bool:
    """Return whether a line of the plan or of what is kept is about what other apps wrote at the platform."""
    grounds = {ground["ground"] for ground in line.get("grounds", ())}
    return line.get("action") == ErasureAction.QUARANTINE or phrases.RESIDUE_GROUND in grounds


def _start_sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
