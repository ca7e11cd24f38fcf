"""The words in which commands about answers refuse."""

from __future__ import annotations

ANSWER_FAULTS = {
    "names_no_person": "the erasure of a shop answers no data subject",
    "not_answered_yet": "the request cannot be answered yet: see `dsr show`",
    "answered_already": "it is recorded already since when the data subject has the answer: see `dsr show`",
    "delivered_in_the_future": "--on must not lie in the future",
    "delivered_before_ready": "--on lies before the answer was ready",
}
