"""Knock: one question that finds nothing tells whether a system answers and takes our credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import BridgeError, CredentialRejected
from bridge.model import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable


def check_credentials(
    system: str, send_probe: Callable[[], object], *, credential_name: str, configured_detail: str
) -> list[CheckResult]:
    """Ask, and say what came of it. `what` the system calls our credentials. Never raises a BridgeError."""
    reached, taken, words = True, True, "accepted"
    try:
        send_probe()
    except CredentialRejected as fault:
        taken, words = False, str(fault)
    except BridgeError as fault:
        reached, words = False, str(fault)
    return [
        CheckResult(name=f"{system}.configured", ok=True, detail=configured_detail),
        CheckResult(name=f"{system}.reachable", ok=reached, detail="answers" if reached else words),
        CheckResult(name=f"{system}.{credential_name}", ok=taken if reached else None, detail=words),
    ]
