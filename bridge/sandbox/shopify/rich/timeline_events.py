"""Two events of a timeline, for every object that has one: an event, and a staff comment with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, make_gid

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder


def make_timeline_events(seeder: RecordSeeder, kind: str, owner_id: int) -> list[Record]:
    """Return two events of a timeline: an event, and a staff comment with a file."""
    subject = {"subjectType": kind.upper(), "subjectId": make_gid(kind, owner_id)}
    sibling = {"Customer": 1, "Order": 2, "DraftOrder": 3}.get(kind, 4)
    comment = seeder("CommentEvent", "Event", sibling=sibling, attachments=[seeder("CommentEventAttachment")])
    return [seeder("BasicEvent", "Event", sibling=sibling, **subject), comment]
