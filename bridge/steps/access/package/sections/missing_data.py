"""Report the completeness of a package: what is missing and what was left out, in codes and in words.

A package is complete if every system that was asked answered in full and every recipient can be named; `recipients.py`
lists those who cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from bridge.model import Absence, Gap, Outcome, Task, TaskAction, TaskState
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.records.own_tables import OWN_RECORDS_SYSTEM
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.text import format_count, format_long_datetime

if TYPE_CHECKING:
    from bridge.steps.access.package.letter import PackageInput


def select_gather_tasks(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that asked a system for data."""
    return [task for task in tasks if task.action is TaskAction.GATHER]


def find_gaps(tasks: Sequence[Task]) -> tuple[Gap, ...]:
    """Return each gap once, in the order of the tasks; a task that failed without a gap counts as one."""
    gather_tasks = select_gather_tasks(tasks)
    if not gather_tasks:
        return (Gap(system="", absence=Absence.NOT_CONFIGURED, what="", reason="no_system_asked"),)
    gaps: dict[Gap, None] = {}
    for task in gather_tasks:
        gaps.update(dict.fromkeys(task.gaps))
        if not task.gaps and not _is_fully_answered(task):
            is_denied = task.outcome is Outcome.DENIED
            is_finished = task.state in (TaskState.DONE, TaskState.FAILED)
            reason = "access_denied" if is_denied else "source_unavailable" if is_finished else "not_finished"
            absence = Absence.DENIED if is_denied else Absence.UNREACHED
            gaps[Gap(system=task.system, absence=absence, what="", reason=reason)] = None
    return tuple(gaps)


def _is_fully_answered(task: Task) -> bool:
    incomplete_outcomes = (Outcome.INCOMPLETE, Outcome.UNREACHED, Outcome.DENIED, Outcome.UNCONFIRMED)
    return task.state is TaskState.DONE and task.outcome not in incomplete_outcomes


def describe_gap(gap: Gap) -> str:
    """Return a gap in words: what is missing, at which system, and what happens next."""
    explanation = plain_language.explain_gap_reason(gap.reason)
    if not gap.system:
        return explanation
    sentence = plain_language.ABSENCE_SENTENCES[gap.absence]
    if gap.reason.startswith("not_in_version"):
        sentence = "{system} was not asked for: {what}"
    system, what = plain_language.describe_system(gap.system), plain_language.describe_gap_subject(gap.what)
    text = sentence.format(system=system, what=what)
    return f"{text[:1].upper()}{text[1:]}. {explanation}".strip()


def list_searched_systems(
    package: PackageInput, gaps: Sequence[Gap], statistics: PackageStatistics, zone: tzinfo
) -> list[dict[str, Any]]:
    """Return a row for each system that was searched: when it answered, with how many records and which result.

    The records are those that the package counts, so that the rows and the answer have the same sum.
    """
    rows = [
        _build_system_row(
            task.system, task.finished_at, _describe_search_result(task, gaps, statistics), statistics, zone
        )
        for task in select_gather_tasks(package.tasks)
    ]
    if package.searches_own_records:
        has_gap = any(gap.system == OWN_RECORDS_SYSTEM for gap in gaps)
        result = _describe_found(statistics.count_system_records(OWN_RECORDS_SYSTEM), has_gap=has_gap)
        rows.append(_build_system_row(OWN_RECORDS_SYSTEM, package.prepared_at, result, statistics, zone))
    return rows


def _build_system_row(
    system: str, answered_at: datetime | None, result: str, statistics: PackageStatistics, zone: tzinfo
) -> dict[str, Any]:
    return {
        "system": system,
        "name": plain_language.describe_system(system),
        "answered_at": answered_at.isoformat() if answered_at else "",
        "answered_on": format_long_datetime(answered_at, zone) if answered_at else "not answered yet",
        "records": statistics.count_system_records(system),
        "result": result,
    }


def find_as_of_time(tasks: Sequence[Task], now: datetime) -> datetime:
    """Return the time of the earliest answer: all answers are at least as recent; `now` if none answered."""
    return min((task.finished_at for task in select_gather_tasks(tasks) if task.finished_at), default=now)


def _describe_search_result(task: Task, gaps: Sequence[Gap], statistics: PackageStatistics) -> str:
    if not _is_fully_answered(task):
        return "error" if task.state in (TaskState.DONE, TaskState.FAILED) else "unavailable"
    has_gap = any(gap.system == task.system for gap in gaps)
    return _describe_found(statistics.count_system_records(task.system), has_gap=has_gap)


def _describe_found(record_count: int, *, has_gap: bool) -> str:
    if has_gap:
        return "found in part" if record_count else "unavailable"
    return "found" if record_count else "nothing"


def list_masked_data(statistics: PackageStatistics) -> list[tuple[str, int, str]]:
    """Return (code, count, sentence) for each kind of data that was masked or left out."""
    return [
        (code, count, plain_language.describe_code(code, plain_language.MASKING_REASONS))
        for code, count in sorted(statistics.mask_counts.items())
    ]


def build_withheld_section(gaps: Sequence[Gap], statistics: PackageStatistics) -> Mapping[str, Any]:
    """Return the body of `08_withheld.json`."""
    return {
        "missing": [
            {
                "system": gap.system,
                "kind": gap.absence.value,
                "what": gap.what,
                "reason_code": gap.reason,
                "reason": describe_gap(gap),
            }
            for gap in gaps
        ],
        "left_out": [
            {"reason_code": row[0], "places": row[1], "reason": row[2]} for row in list_masked_data(statistics)
        ],
        "explanation": "Missing means we could not get it; left out means we hold it and do not show it. "
        "What is neither listed here nor in the records was not found in the systems we asked, or a law forbids us to "
        "name it.",
    }


def build_headline_answer(
    *, complete: bool, record_count: int, identifiable: bool, sealed_count: int = 0, has_request_traces: bool = False
) -> tuple[str, str]:
    """Return the answer to 'do you hold data about me?' as a code and a sentence.

    `sealed_count` counts what an earlier erasure left sealed: it is still held, so the answer is not no. With
    `has_request_traces` there are records of earlier requests, which a no excepts.
    """
    if record_count:
        records = format_count(record_count, "record")
        return "yes", f"Yes. We hold data about you: {records}. The tables below say what, why and where."
    if sealed_count and complete:
        return "yes", "Yes, but nothing beside what is sealed since we erased your data."
    if sealed_count:
        return "yes", "Yes: what is sealed since we erased your data. Not all systems answered, so there may be more."
    if not identifiable:
        return "could_not_match", "We could not tell which records are yours from what the request named."
    if complete:
        exception = "Beside the record of your requests, we" if has_request_traces else "We"
        return "no", f"No. {exception} found no data about you in the systems we searched."
    sentence = "We cannot say yet. The systems that answered hold nothing about you, but not all answered."
    return "could_not_match", sentence
