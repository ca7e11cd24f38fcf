"""How nominations are shown: the nominee is masked. And the words for what is refused."""

from __future__ import annotations

from typing import Any

from bridge.cli.printing import select_fields
from bridge.model import Nomination

NOMINATION_FAULTS = {
    "kind_differs": "it is no request of that kind",
    "not_waiting": "it does not wait for that",
    "ended_already": "it ended already",
    "needs_no_two": "only a nominee's request and an incident need two people",
    "approved_already": "you approved it already; another person must",
}


def nomination_row(nomination: Nomination) -> dict[str, Any]:
    """Return a nomination as it is shown: with the first letters of name and contact."""
    nominee = nomination.nominee
    return {
        **select_fields(nomination, ("id", "shop", "request_id", "since")),
        "name": mask_text_of_nominee(nominee.name) if nominee else None,
        "contact": mask_text_of_nominee(nominee.contact) if nominee else None,
        "relation": nominee.relation or None if nominee else None,
        "exercised_by": nomination.exercised_by or None,
        "ended_at": nomination.ended_at,
    }


def mask_text_of_nominee(text: str) -> str:
    """Return the first letter of each word, and nothing of the rest but that there is one."""
    return " ".join(f"{word[:1]}***" for word in text.split())
