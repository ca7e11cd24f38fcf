"""Check the answers: packages that nobody took, deadlines, and erasures that wait for a package."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.steps.requests.answer_warnings import AnswerEnd, AnswerWarning, list_answer_warnings

ADVICE = {
    AnswerEnd.PACKAGE_NOT_HANDED_OVER: "has an access package that is destroyed then: `dsr package`, or `dsr waive`",
    AnswerEnd.ANSWER_NOT_DELIVERED: "is due then and not answered: `dsr show`; if the answer is ready, `dsr deliver`",
    AnswerEnd.ERASURE_WAITS_FOR_PACKAGE: (
        "waits for an access package of the same data subject and destroys it then: `dsr package`, or `dsr waive`"
    ),
}


@end_without_database
def check_answers(context: CommandContext) -> Iterator[CheckResult]:
    """Yield what ends within days unless somebody acts, each by itself, and how much else is on its way."""
    with context.store.transaction() as tx:
        warnings = list_answer_warnings(tx=tx, services=context.services)
    for warning in warnings:
        if warning.is_urgent:
            yield CheckResult(
                name=f"answers {warning.end}", ok=False, detail=_describe(warning), fix=f"dsr show {warning.request_id}"
            )
    for end in AnswerEnd:
        calm = [warning for warning in warnings if warning.end is end and not warning.is_urgent]
        if calm:
            detail = f"{len(calm)}, the first until {calm[0].ends_at:%d %b %Y %H:%M} UTC: {calm[0].request_id}"
            yield CheckResult(name=f"answers {end}", ok=None, detail=detail)


def _describe(warning: AnswerWarning) -> str:
    return f"{warning.ends_at:%d %b %Y %H:%M} UTC: {warning.request_id} {ADVICE[warning.end]}"
