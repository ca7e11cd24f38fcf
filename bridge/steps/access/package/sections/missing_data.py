"""What is missing and what was left out: the completeness of a package, in codes and in words.

`complete` speaks about the systems only: every one that was asked has answered in full. That a recipient has
no name in the merchant's file is another matter and is listed apart (`recipients.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.model import Absence, Action, Gap, Outcome, Task, TaskState
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.text import long_moment, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from bridge.steps.access.package.sections.statistics import Survey


def searched(tasks: Sequence[Task]) -> list[Task]:
    """Pick the tasks that asked a system for data."""
    return [task for task in tasks if task.action is Action.GATHER]


def gaps_of(tasks: Sequence[Task]) -> tuple[Gap, ...]:
    """Every gap once, in the order of the tasks; a task that did not end well is a gap by itself."""
    asked = searched(tasks)
    if not asked:
        return (Gap(system="", absence=Absence.NOT_CONFIGURED, what="", reason="no_system_asked"),)
    found: dict[Gap, None] = {}
    for task in asked:
        found.update(dict.fromkeys(task.gaps))
        if not task.gaps and not _answered(task):
            found[_unfinished(task)] = None
    return tuple(found)


def _answered(task: Task) -> bool:
    unwell = (Outcome.INCOMPLETE, Outcome.UNREACHED, Outcome.DENIED, Outcome.UNCONFIRMED)
    return task.state is TaskState.DONE and task.outcome not in unwell


def _unfinished(task: Task) -> Gap:
    denied = task.outcome is Outcome.DENIED
    over = task.state in (TaskState.DONE, TaskState.FAILED)
    reason = "access_denied" if denied else "source_unavailable" if over else "not_finished"
    absence = Absence.DENIED if denied else Absence.UNREACHED
    return Gap(system=task.system, absence=absence, what="", reason=reason)


def sentence(gap: Gap) -> str:
    """Say a gap as a person reads it: what is missing, where, and what we do about it."""
    why = plain_language.reason(gap.reason)
    if not gap.system:
        return why
    form = plain_language.ABSENCES[gap.absence]
    if gap.reason.startswith("not_in_version"):
        form = "{system} was not asked for: {what}"
    text = form.format(system=plain_language.system_name(gap.system), what=plain_language.what(gap.what))
    return f"{text[:1].upper()}{text[1:]}. {why}".strip()


def sources(tasks: Sequence[Task], zone: tzinfo) -> list[dict[str, Any]]:
    """List the log of the search: which system was asked, when it had answered, what came of it."""
    missing = gaps_of(tasks)
    return [
        {
            "system": task.system,
            "name": plain_language.system_name(task.system),
            "answered_at": task.finished_at.isoformat() if task.finished_at else "",
            "answered_on": long_moment(task.finished_at, zone) if task.finished_at else "not answered yet",
            "records": task.records,
            "result": _result(task, missing),
        }
        for task in searched(tasks)
    ]


def as_of(tasks: Sequence[Task], now: datetime) -> datetime:
    """Find the moment until which the package is true of every system that answered."""
    return min((task.finished_at for task in searched(tasks) if task.finished_at), default=now)


def _result(task: Task, missing: Sequence[Gap]) -> str:
    if not _answered(task):
        return "error" if task.state in (TaskState.DONE, TaskState.FAILED) else "unavailable"
    if any(gap.system == task.system for gap in missing):
        return "found in part" if task.records else "unavailable"
    return "found" if task.records else "nothing"


def left_out(survey: Survey) -> list[tuple[str, int, str]]:
    """(code, how often, the sentence) for everything that was masked or left out."""
    return [
        (code, count, plain_language.plain(code, plain_language.LEFT_OUT))
        for code, count in sorted(survey.masks.items())
    ]


def withheld(gaps: Sequence[Gap], survey: Survey) -> Mapping[str, Any]:
    """Make the body of `08_withheld.json`."""
    return {
        "missing": [
            {
                "system": gap.system,
                "kind": gap.absence.value,
                "what": gap.what,
                "reason_code": gap.reason,
                "reason": sentence(gap),
            }
            for gap in gaps
        ],
        "left_out": [
            {"reason_code": code, "places": count, "reason": reason}
            for code, count, reason in left_out(survey)
        ],
        "explanation": "Missing means we could not get it; left out means we hold it and do not show it. "
        "What is neither listed here nor in the records was not found in the systems we asked.",
    }


def headline(*, complete: bool, found: int, identifiable: bool, sealed: int = 0) -> tuple[str, str]:
    """Answer 'do you hold data about me?' with a code and a sentence.

    `sealed` counts what an earlier erasure had to leave: it is held, so the answer is never a plain no.
    """
    if found:
        return "yes", f"Yes. We hold data about you: {plural(found, 'record')} in the systems that answered."
    if sealed and complete:
        return "yes", "Yes, but nothing beside what is sealed since we erased your data."
    if sealed:
        return (
            "yes",
            "Yes: what is sealed since we erased your data. Not all systems answered, so there may be more.",
        )
    if not identifiable:
        return "could_not_match", "We could not tell which records are yours from what the request named."
    if complete:
        return "no", "No. We found no data about you in the systems we searched."
    return (
        "could_not_match",
        "We cannot say yet. The systems that answered hold nothing about you, but not all answered.",
    )
