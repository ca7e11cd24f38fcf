"""Checks whether a system answers and accepts our credentials, by one request that finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import BridgeError, CredentialRejected
from bridge.model import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable


def report_unconfigured(system: str, detail: str) -> list[CheckResult]:
    """Return the only check of a system whose settings are unset; `detail` names them."""
    return [CheckResult(name=f"{system}.configured", ok=False, detail=detail)]


def check_credentials(
    system: str, send_probe: Callable[[], object], *, credential_name: str, configured_detail: str
) -> list[CheckResult]:
    """Send the probe and return the checks `configured`, `reachable` and `credential_name`. Never raises a BridgeError."""
    reached, accepted, detail = True, True, "accepted"
    try:
        send_probe()
    except CredentialRejected as fault:
        accepted, detail = False, str(fault)
    except BridgeError as fault:
        reached, detail = False, str(fault)
    return [
        CheckResult(name=f"{system}.configured", ok=True, detail=configured_detail),
        CheckResult(name=f"{system}.reachable", ok=reached, detail="answers" if reached else detail),
        CheckResult(name=f"{system}.{credential_name}", ok=accepted if reached else None, detail=detail),
    ]
