"""Reads what a person asks for in detail, from a mapping that any door was given, and writes it for storage. Pure.

Every door uses it: commands, the API, the public page and mail. Text is bounded, unknown names are refused, and an error
is a constant reason that repeats nothing of what was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from bridge import model
from bridge.errors import PayloadInvalid
from bridge.model import RequestKind

MAX_VALUE_CHARS, MAX_TEXT_CHARS, MAX_ITEMS = 500, 10_000, 20
INCIDENT_TEXTS = ("occurred", "location", "consequences", "measures", "advice", "causes", "culprit", "prevention")
LONG_TEXTS = frozenset({"text", "grounds", "answer", *INCIDENT_TEXTS})
STORED_ONLY = frozenset({"answer"})  # what no door may state: the merchant writes it later
CORRECTABLE_FIELDS = ("first_name", "last_name", "email", "phone", "address")
PARTICULARS_BY_KIND: Mapping[RequestKind, type[Any]] = {
    RequestKind.CORRECTION: model.CorrectionParticulars,
    RequestKind.RESTRICTION: model.RestrictionParticulars,
    RequestKind.OBJECTION: model.ObjectionParticulars,
    RequestKind.CONSENT_WITHDRAWAL: model.WithdrawalParticulars,
    RequestKind.NOMINATION: model.NominationParticulars,
    RequestKind.NOMINEE_EXERCISE: model.NomineeParticulars,
    RequestKind.GRIEVANCE: model.GrievanceParticulars,
    RequestKind.INCIDENT: model.IncidentParticulars,
}
ALLOWED_CODES: Mapping[tuple[RequestKind, str], frozenset[str]] = {
    (RequestKind.RESTRICTION, "ground"): frozenset({"accuracy", "unlawful", "claims", "objection"}),
    (RequestKind.OBJECTION, "purposes"): frozenset({"marketing", "cod_risk", "analytics"}),
    (RequestKind.CONSENT_WITHDRAWAL, "channels"): frozenset({"email", "sms", "whatsapp", "profiling"}),
    (RequestKind.NOMINEE_EXERCISE, "right"): frozenset({"access", "erasure", "correction"}),
}
OPTIONAL_FIELDS = frozenset({"proof", "relation", "grounds", "channels", *INCIDENT_TEXTS}) | STORED_ONLY
ALWAYS_NEEDED = {(RequestKind.NOMINEE_EXERCISE, "proof")}


def parse_particulars(
    kind: RequestKind, given: Mapping[str, Any], *, is_stored: bool = False
) -> model.Particulars | None:
    """Return the particulars of a request of this kind; None for a kind that has none.

    What `is_stored` may hold more than what a door was given.

    Raises PayloadInvalid: `particulars_unknown`, `<field>_missing`, `<field>_unreadable`.
    """
    made = PARTICULARS_BY_KIND.get(kind)
    names = [each.name for each in fields(made)] if made else []
    if not set(given) <= set(names) - (frozenset() if is_stored else STORED_ONLY):
        raise PayloadInvalid("particulars_unknown")
    if made is None:
        return None
    if kind is RequestKind.NOMINEE_EXERCISE and given.get("right") != RequestKind.CORRECTION:
        if given.get("changes"):
            raise PayloadInvalid("changes_unreadable")
        names.remove("changes")
    particulars: model.Particulars = made(**{name: _read_value(kind, name, given.get(name)) for name in names})
    return particulars


def _read_value(kind: RequestKind, name: str, value: Any) -> Any:
    if name == "changes":
        return _read_changes(value)
    if name in ("purposes", "channels"):
        return _read_codes(kind, name, value)
    text = _read_text(name, "" if value is None else value)
    if not text and (name not in OPTIONAL_FIELDS or (kind, name) in ALWAYS_NEEDED):
        raise PayloadInvalid(f"{name}_missing")
    if name == "noticed_at":
        return _read_moment(name, text)
    if (codes := ALLOWED_CODES.get((kind, name))) and text not in codes:
        raise PayloadInvalid(f"{name}_unreadable")
    return text


def _read_text(name: str, value: Any) -> str:
    limit = MAX_TEXT_CHARS if name in LONG_TEXTS else MAX_VALUE_CHARS
    if not isinstance(value, str) or len(value) > limit or "\0" in value:
        raise PayloadInvalid(f"{name}_unreadable")
    return value.strip()


def _read_codes(kind: RequestKind, name: str, value: Any) -> tuple[str, ...]:
    codes = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else None
    if value is None:
        codes = []
    if codes is None or not all(isinstance(code, str) and code in ALLOWED_CODES[kind, name] for code in codes):
        raise PayloadInvalid(f"{name}_unreadable")
    if not codes and name not in OPTIONAL_FIELDS:
        raise PayloadInvalid(f"{name}_missing")
    return tuple(dict.fromkeys(codes))


def _read_changes(value: Any) -> tuple[model.FieldChange, ...]:
    if not value:
        raise PayloadInvalid("changes_missing")
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise PayloadInvalid("changes_unreadable")
    changes = []
    for row in value:
        if not isinstance(row, Mapping) or not set(row) <= {"field", "old", "new"}:
            raise PayloadInvalid("changes_unreadable")
        texts = {name: _read_text("changes", row.get(name) or "") for name in ("field", "old", "new")}
        if texts["field"] not in CORRECTABLE_FIELDS or not texts["new"]:
            raise PayloadInvalid("changes_unreadable")
        changes.append(model.FieldChange(**texts))
    if len({change.field for change in changes}) != len(changes):
        raise PayloadInvalid("changes_unreadable")
    return tuple(changes)


def _read_moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PayloadInvalid(f"{name}_unreadable") from None
    if moment.tzinfo is None:
        raise PayloadInvalid(f"{name}_unreadable")
    return moment.astimezone(UTC)


def encode_request_details(details: model.RequestDetails) -> dict[str, Any]:
    """Return the details as JSON-ready values, which the store seals."""
    particulars, contact = details.particulars, details.contact
    given = asdict(particulars) if particulars else None
    if given and "noticed_at" in given:
        given["noticed_at"] = given["noticed_at"].isoformat()
    return {"particulars": given, "contact": asdict(contact) if contact else None}


def decode_request_details(kind: RequestKind, stored: Mapping[str, Any]) -> model.RequestDetails:
    """Return the details of a request of this kind from what `encode_request_details` wrote."""
    given, contact = stored["particulars"], stored["contact"]
    return model.RequestDetails(
        particulars=parse_particulars(kind, given, is_stored=True) if given is not None else None,
        contact=model.ReplyContact(**contact | {"language": model.Language(contact["language"])}) if contact else None,
    )
