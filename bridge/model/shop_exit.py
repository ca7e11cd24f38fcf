"""A shop that leaves: what is known of it, and what operators decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ShopExitDecision(StrEnum):
    """A decision about a shop that leaves: its documents are exported or waived; the shop continues, or closes."""

    EXPORTED = "exported"
    WAIVED = "waived"
    CONTINUE = "continue"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopExit:
    """A shop that leaves, as the database knows it.

    `holds` is true where anything but receipts is stored of it. `documents` counts its sealed documents, `fingerprint` is a
    digest of their ids. `last_received_at` is when a webhook last came that an uninstalled app does not get; `decisions` maps each
    decision to its reference.
    """

    holds: bool
    documents: int
    fingerprint: str
    uninstalled_at: datetime | None
    last_received_at: datetime | None
    token_until: datetime | None
    decisions: Mapping[ShopExitDecision, str]
