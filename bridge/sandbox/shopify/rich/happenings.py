"""Two lines of a timeline, on whatever has one: what happened, and what staff typed, with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, gid

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter


def happenings(plant: Planter, kind: str, owner: int) -> list[Record]:
    """Two lines of a timeline: what happened, and what staff typed, with a file."""
    subject = {"subjectType": kind.upper(), "subjectId": gid(kind, owner)}
    sibling = {"Customer": 1, "Order": 2, "DraftOrder": 3}.get(kind, 4)
    typed = plant("CommentEvent", "Event", sibling=sibling, attachments=[plant("CommentEventAttachment")])
    return [plant("BasicEvent", "Event", sibling=sibling, **subject), typed]
