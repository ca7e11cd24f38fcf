"""Reads a batch so that one odd row costs no other row: what a batch leaves in doubt is requested one by one.

Knows no carrier and sends nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bridge.connectors.parsing import AnswerUnreadable
from bridge.connectors.shipment import format_waybill_count, is_valid_waybill_number
from bridge.errors import ConnectorRefused
from bridge.model import Absence, Gap, ParcelStatus, TrackingResult

MAX_UNREADABLE = 3  # single answers, if nothing else was readable: the system is out of order, not one row
UNREADABLE_ROW = "a row of the answer is unreadable"

Row = TypeVar("Row")


@dataclass(slots=True)
class BatchAnswer(Generic[Row]):
    """What a system knows of some numbers. A number that it does not know is in neither field.

    `doubtful` are the numbers of which the answer says nothing that can be relied on: their rows are unreadable, or
    are missing beside a row that is.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)


def assign_rows(numbers: Sequence[str], rows: Sequence[tuple[str, Row]]) -> BatchAnswer[Row]:
    """Return the answer to a request for `numbers`, from its rows with their normalised numbers.

    A row without a valid number leaves each number without a row in doubt; so do several different rows of one number,
    except in an answer about that number alone, where the first counts.
    """
    rows_by_number: dict[str, list[Row]] = {}
    for number, row in rows:
        rows_by_number.setdefault(number, []).append(row)
    is_alone, has_strange_row = len(numbers) == 1, not all(map(is_valid_waybill_number, rows_by_number))
    answer: BatchAnswer[Row] = BatchAnswer()
    for number in numbers:
        own = rows_by_number.get(number, [])
        if own and (is_alone or all(row == own[0] for row in own)):
            answer.rows[number] = own[0]
        elif own or has_strange_row:
            answer.doubtful.append(number)
    return answer


def query_readable(numbers: Sequence[str], query: Callable[[Sequence[str]], BatchAnswer[Row]]) -> BatchAnswer[Row]:
    """Return the answer to a batch, in which only numbers whose own answer is unreadable are doubtful.

    Raises what `query` raises, and AnswerUnreadable if nothing was readable.
    """
    if not numbers:
        return BatchAnswer()
    try:
        answer = query(numbers)
    except AnswerUnreadable:
        if len(numbers) == 1:
            raise
        answer = BatchAnswer(doubtful=list(numbers))
    if len(numbers) == 1:
        if answer.doubtful:
            raise AnswerUnreadable(UNREADABLE_ROW)
        return answer
    is_any_readable = len(answer.doubtful) < len(numbers)
    alone = read_each(answer.doubtful, lambda number: query_readable([number], query), may_all_fail=is_any_readable)
    for one in alone.rows.values():
        answer.rows |= one.rows
    return BatchAnswer(answer.rows, alone.doubtful)


def read_each(numbers: Sequence[str], read: Callable[[str], Row], *, may_all_fail: bool = False) -> BatchAnswer[Row]:
    """Return what `read` returns for each number; those whose own answer is unreadable or a refusal are doubtful.

    Raises what else `read` raises, and AnswerUnreadable or ConnectorRefused if no number was readable, unless they
    `may_all_fail`.
    """
    answer: BatchAnswer[Row] = BatchAnswer()
    for number in numbers:
        try:
            answer.rows[number] = read(number)
        except (AnswerUnreadable, ConnectorRefused):
            answer.doubtful.append(number)
            is_hopeless = not answer.rows and len(answer.doubtful) == min(MAX_UNREADABLE, len(numbers))
            if is_hopeless and not may_all_fail:
                raise
    return answer


def list_unreadable_gaps(system: str, numbers: Sequence[str]) -> list[Gap]:
    """Return the gap of the numbers whose answers are unreadable; none if there are none."""
    what, reason = format_waybill_count(len(numbers)), "unreadable_answer"
    return [Gap(system=system, absence=Absence.UNREACHED, what=what, reason=reason)] if numbers else []


def mark_unreadable(results: Mapping[str, TrackingResult], numbers: Sequence[str]) -> dict[str, TrackingResult]:
    """Return the tracking results with those of the unreadable numbers: unknown, and without a consignee."""
    return {**results, **{one: TrackingResult(number=one, status=ParcelStatus.UNKNOWN) for one in numbers}}
