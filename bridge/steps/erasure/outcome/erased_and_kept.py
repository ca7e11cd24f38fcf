"""Turn the lines of a certificate of erasure into rows for a letter: what is gone, what stays. Pure.

Every count and every day is the certificate's; what has no entry in the tables of words is shown as it stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bridge.model import ErasureAction, Outcome, ProcessorAnswer
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.release import INVOICE_CATEGORY
from bridge.steps.erasure.outcome.certificate_reader import (
    Row,
    is_gone_at_platform,
    is_merged_away,
    list_polls,
    name_accounts,
    name_recipient,
)
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords

RESIDUE_GROUND = "platform_residue"  # what other apps wrote there
_STATUTE_TAIL = re.compile(r"[,;]?\s*\b(?:ss?|rr?|regs?|reg|Art|rules?|direction)\.?\s?[\d(].*$|\s*\([^()]*\)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemainingRow:
    """What stays, why, until when. `laws` are full citations; `grounds` are the ids of the holds that name them."""

    what: str
    why: str
    until: str
    laws: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()


def list_erased_data(certificate: Row, words: OutcomeWords) -> list[dict[str, str]]:
    """Return what is gone: `where`, `what`, `when`."""
    rows = []
    by_day: dict[str, list[str]] = {}
    for line in certificate["erased"]:
        by_day.setdefault(line["verified_at"], []).append(words.count(line["table"], line["count"]))
    for moment, counts in by_day.items():
        what = words.say("looked_again", counts=", ".join(counts))
        rows.append({"where": words.say("own_records"), "what": what, "when": words.format_moment(moment)})
    gone: dict[tuple[str, str, str], list[Row]] = {}
    for poll in filter(is_gone_at_platform, list_polls(certificate)):
        key = (poll["recipient"], poll["statement"], words.format_moment(poll["answered_at"]))
        gone.setdefault(key, []).append(poll)
    for (recipient, statement, day), polls in gone.items():
        what = name_accounts(polls, certificate, words) + words.translate("statements", statement)
        rows.append({"where": words.describe("trade_names", recipient), "what": what, "when": day})
    for row in certificate["processors"]:
        for answer in (ProcessorAnswer.ERASED, ProcessorAnswer.NOT_FOUND):
            if count := row["answers"].get(answer):
                what = words.count(answer, count, records=words.count("record", count))
                rows.append({"where": name_recipient(row, words), "what": what, "when": _find_last_answer(row, words)})
    return rows


def list_remaining_data_rows(certificate: Row, words: OutcomeWords) -> list[RemainingRow]:
    """Return what stays in the bridge, at processors and at the platform."""
    kept = [_describe_kept_line(line, words) for line in certificate["kept"] if not _is_residue(line)]
    rows = (*kept, *_list_kept_at_processors(certificate, words), *_list_kept_at_platform(certificate, words))
    return [replace(row, what=_start_sentence(row.what), why=_start_sentence(row.why)) for row in rows]


def shorten_law(law: str) -> str:
    """Return the name of a law without its sections and notes."""
    return _STATUTE_TAIL.sub("", law.partition(";")[0]).strip() or law


def _describe_kept_line(line: Row, words: OutcomeWords) -> RemainingRow:
    category, grounds = line["category"], line["grounds"]
    explained = [reason for ground in grounds if (reason := words.find("reasons", ground["ground"]))]
    reason_of_category = words.find("reasons_by_category", category)
    laws = [
        (ground["law"], ground["ground"])
        for ground in grounds
        if ground["law"] and ground["ground"] != "max_age" and not words.find("reasons", ground["ground"])
    ]
    if reason_of_category:
        laws = []
    reasons = explained + [words.translate("laws", shorten_law(law)) for law, _ in laws]
    if not reasons:
        reasons = [reason_of_category or "; ".join(ground["law"] for ground in grounds if ground["law"])]
    return RemainingRow(
        what=_describe_kept_subject(line, words),
        why="; ".join(dict.fromkeys(filter(None, reasons))) or words.say("decision_open"),
        until=_describe_kept_until(line, words),
        laws=tuple(law for law, _ in laws),
        grounds=tuple(ground for _, ground in laws),
    )


def _describe_kept_subject(line: Row, words: OutcomeWords) -> str:
    count = line.get("count")
    if line["category"] == INVOICE_CATEGORY:
        for ending in words.list_codes("document_details"):
            if line["what"].endswith(ending):
                documents = words.count(line["what"].removesuffix(ending), count or 0)
                details = words.find("document_details", ending)
                return words.say("sealed_document", documents=documents, details=details)
    for ground in line["grounds"]:
        if subject := words.find("kept_by_ground", ground["ground"]):
            return _add_count(subject, count, words)
    if line.get("system") == PLATFORM:  # counts fields there, no records
        return words.say("at_shopify", what=words.describe("categories", line["category"]))
    subject = words.find("kept_by_category", line["category"]) or words.find("categories", line["category"])
    return _add_count(subject or str(line["what"]), count, words)


def _add_count(subject: str, count: int | None, words: OutcomeWords) -> str:
    return words.say("counted", what=subject, records=words.count("record", count)) if count and count > 1 else subject


def _describe_kept_until(line: Row, words: OutcomeWords) -> str:
    if line["until"]:
        day = words.format_day(line["until"])
        return words.say("day_at_the_earliest", day=day) if line.get("release_needs") else day
    open_grounds = [ground["ground"] for ground in line["grounds"] if not ground["last_day"]]
    ends = [end for ground in open_grounds if (end := words.find("ends", ground))]
    return "; ".join(dict.fromkeys(ends)) or words.say("no_day")


def _list_kept_at_processors(certificate: Row, words: OutcomeWords) -> list[RemainingRow]:
    rows = []
    for row in certificate["processors"]:
        name = name_recipient(row, words)
        for kept in row["kept_there"]:
            law = words.find("processor_laws", kept["law"]) or kept["law"]
            rows.append(
                RemainingRow(
                    what=words.say("at_recipient", records=words.count("record", kept["entries"]), name=name),
                    why=words.say("law_named", law=law),
                    until=words.format_day(kept["until"]) or words.say("no_day"),
                )
            )
        if refused := row["answers"].get(ProcessorAnswer.REFUSED):
            what = words.say("at_recipient", records=words.count("record", refused), name=name)
            rows.append(RemainingRow(what=what, why=words.say("refused"), until=words.say("no_day")))
    return rows


def _list_kept_at_platform(certificate: Row, words: OutcomeWords) -> list[RemainingRow]:
    def describe_row(subject: str, reason: str, end: str = "no_day", **values: str) -> RemainingRow:
        return RemainingRow(what=words.say(subject), why=words.say(reason, **values), until=words.say(end))

    rows = []
    if is_merged_away(certificate):
        rows.append(describe_row("merged_subject", "merged_reason", "merged_end"))
    if any(poll["answer"] == Outcome.RETAINED for poll in list_polls(certificate)):
        rows.append(describe_row("shopify_subject", "shopify_cancelled"))
    plan_lines = (certificate["plan"] or {}).get("lines", ())
    fields = [
        name for line in (*certificate["kept"], *plan_lines) if _is_residue(line) for name in line["what"].split(", ")
    ]
    if fields:
        names = dict.fromkeys(words.describe("residue", name.rpartition(".")[2]) for name in fields)
        rows.append(describe_row("residue_subject", "residue_reason", names=", ".join(names)))
    return rows


def _find_last_answer(row: Row, words: OutcomeWords) -> str:
    return words.format_moment(max((notice["answered_at"] or "" for notice in row["instructions"]), default=""))


def _is_residue(line: Row) -> bool:
    """Return whether a line of the plan or of what is kept is about what other apps wrote at the platform."""
    grounds = {ground["ground"] for ground in line.get("grounds", ())}
    return line.get("action") == ErasureAction.QUARANTINE or RESIDUE_GROUND in grounds


def _start_sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
