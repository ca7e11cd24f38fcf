"""Decide which requests need the approval of two different people before anything is done (E-09). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.model import RequestKind
from config.merchant_file.approval_rules import ALWAYS_TWO

TWO_PERSON_KINDS = frozenset(map(RequestKind, ALWAYS_TWO))
APPROVERS_NEEDED = 2


def needs_two(kind: RequestKind) -> bool:
    """Return whether a request of this kind needs two people."""
    return kind in TWO_PERSON_KINDS


def has_enough_approvers(kind: RequestKind, actors: Iterable[str]) -> bool:
    """Return whether these actors are enough: one who approves twice is one person."""
    return not needs_two(kind) or len({actor for actor in actors if actor}) >= APPROVERS_NEEDED
