"""Reads what Blue Dart says to a cancellation. Asks nothing.

https://developer.dhl.com/api-reference/bd-waybill
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bridge.connectors.parsing import parse_json
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected

LICENCE_ERROR_WORDS = ("licen", "unauthori", "login id", "loginid")


def build_bluedart_cancel_request(number: str, login_id: str, licence_key: str) -> dict[str, Any]:
    """Make the body of the question; the licence key is the shipping one."""
    profile = {"Api_type": "S", "LicenceKey": licence_key, "LoginID": login_id}
    return {"Request": {"AWBNo": number}, "Profile": profile}


def verify_bluedart_cancellation(status: int, content: bytes) -> None:
    """Read whether it cancelled; that it was cancelled before is the same success.

    Raises ConnectorUnavailable (not the promised JSON), CredentialRejected, ConnectorRefused.
    """
    told = parse_json(content)
    result = told.get("CancelWaybillResult") if isinstance(told, dict) else None
    refused = told.get("error-response") if isinstance(told, dict) else None
    if isinstance(result, dict) and result.get("IsError") is False:
        return
    if refused is None and not (isinstance(result, dict) and "IsError" in result):
        if status >= HTTPStatus.BAD_REQUEST:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise ConnectorUnavailable("bluedart: unreadable answer")
    said = _join_envelope_text(refused if refused is not None else result)
    if any(words in said for words in LICENCE_ERROR_WORDS):
        raise CredentialRejected("bluedart: licence key refused")
    # the codes of a refusal are not published; "already cancelled" is read from its words
    if "already" in said and "cancel" in said:
        return
    raise ConnectorRefused("bluedart: not cancelled")


def _join_envelope_text(envelope: object) -> str:
    """All that an envelope says, in lower case."""
    if isinstance(envelope, dict):
        envelope = envelope.get("Status", envelope)
    rows = envelope if isinstance(envelope, list) else [envelope]
    return " ".join(str(value) for row in rows if isinstance(row, dict) for value in row.values()).lower()
