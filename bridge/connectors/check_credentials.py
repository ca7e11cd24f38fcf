"""Knock: one question that finds nothing tells whether a system answers and takes our credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import BridgeError, CredentialRejected
from bridge.model import Check

if TYPE_CHECKING:
    from collections.abc import Callable


def knock(system: str, ask: Callable[[], object], *, what: str, is_set: str) -> list[Check]:
    """Ask, and say what came of it. `what` the system calls our credentials. Never raises a BridgeError."""
    reached, taken, words = True, True, "accepted"
    try:
        ask()
    except CredentialRejected as fault:
        taken, words = False, str(fault)
    except BridgeError as fault:
        reached, words = False, str(fault)
    return [
        Check(name=f"{system}.configured", ok=True, detail=is_set),
        Check(name=f"{system}.reachable", ok=reached, detail="answers" if reached else words),
        Check(name=f"{system}.{what}", ok=taken if reached else None, detail=words),
    ]
