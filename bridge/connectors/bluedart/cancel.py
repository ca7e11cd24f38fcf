"""Builds Blue Dart's cancellation request and parses the answer. Sends nothing.

https://developer.dhl.com/api-reference/bd-waybill
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bridge.connectors.parsing import parse_json
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected

LICENCE_ERROR_WORDS = ("licen", "unauthori", "login id", "loginid")


def build_bluedart_cancel_request(number: str, login_id: str, licence_key: str) -> dict[str, Any]:
    """Return the body of the request; `licence_key` is the shipping key, not the tracking key."""
    profile = {"Api_type": "S", "LicenceKey": licence_key, "LoginID": login_id}
    return {"Request": {"AWBNo": number}, "Profile": profile}


def verify_bluedart_cancellation(status: int, content: bytes) -> None:
    """Raise unless the answer confirms the cancellation, or says that the waybill was cancelled before.

    Raises ConnectorUnavailable (not the documented JSON), CredentialRejected, ConnectorRefused.
    """
    response = parse_json(content)
    result = response.get("CancelWaybillResult") if isinstance(response, dict) else None
    error = response.get("error-response") if isinstance(response, dict) else None
    if isinstance(result, dict) and result.get("IsError") is False:
        return
    if error is None and not (isinstance(result, dict) and "IsError" in result):
        if status >= HTTPStatus.BAD_REQUEST:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise ConnectorUnavailable("bluedart: unreadable answer")
    text = _join_envelope_text(error if error is not None else result)
    if any(words in text for words in LICENCE_ERROR_WORDS):
        raise CredentialRejected("bluedart: licence key refused")
    # the error codes are not published: "already cancelled" is recognised by its text
    if "already" in text and "cancel" in text:
        return
    raise ConnectorRefused("bluedart: not cancelled")


def _join_envelope_text(envelope: object) -> str:
    """Return all texts of an envelope, in lower case."""
    if isinstance(envelope, dict):
        envelope = envelope.get("Status", envelope)
    rows = envelope if isinstance(envelope, list) else [envelope]
    return " ".join(str(value) for row in rows if isinstance(row, dict) for value in row.values()).lower()
