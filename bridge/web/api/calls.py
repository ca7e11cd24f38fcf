"""What each route of the API does, over the services. The caller is known and allowed when one of these is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from enum import StrEnum
from typing import Any

from flask import Response, request

from bridge.errors import PayloadInvalid
from bridge.model import Language, ReplyContact, RequestDetails, RequestKind, RequestSource, User
from bridge.rules.index.identity import is_readable_identifier
from bridge.rules.index.request_identifiers import build_principal
from bridge.rules.requests.particulars import parse_particulars
from bridge.rules.scanning import personal_text
from bridge.services import Services
from bridge.steps.access.package.sections.public_processors import list_public_processors
from bridge.steps.requests.describe_request import build_request_row, describe_request
from bridge.steps.requests.open_for_person import OnceKey, open_person_request
from bridge.store.selection.row_filter import RowFilter
from bridge.web.api.api_problems import ApiProblem
from bridge.web.api.routes import REQUEST_ID_PATTERN
from bridge.web.api.schema_check import find_schema_fault, read_moment
from bridge.web.api.schemas import FLAG, LIST_PARAMETERS

DEFAULT_LIMIT = 100


def _answer_json(value: Any, *, status: int = 200) -> Response:
    return Response(json.dumps(value, default=_encode_value), status=status, mimetype="application/json")


def _encode_value(value: Any) -> Any:
    return (
        value.value if isinstance(value, StrEnum) else value.isoformat() if hasattr(value, "isoformat") else str(value)
    )


class ApiCalls:
    """The calls of all routes, each a method that is named like its route."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def open_request(self, user: User, body: Mapping[str, Any]) -> Response:
        """Open the request, or answer as before where the same key came with the same body. Raises PayloadInvalid."""
        services, kind = self._services, RequestKind(body["kind"])
        principal = build_principal(_collect_identifiers(body["person"]))
        principal = replace(principal, stated_countries=tuple(dict.fromkeys(body.get("countries", ()))))
        reason = _check_reason(body)
        received_at = read_moment(body["received_at"]) if "received_at" in body else None
        request_id = open_person_request(
            kind,
            self._choose_shop(body),
            principal,
            received_at.astimezone(UTC) if received_at else services.clock.now(),
            actor=user.actor,
            reason=reason,
            services=services,
            source=RequestSource.API,
            details=_read_details(kind, body),
            once=self._build_once_key(user, body),
        )
        with services.store.read() as tx:
            opened = tx.requests.get_request(request_id)
            if opened is None:  # erased since the same key came first
                raise ApiProblem(404)
            row = build_request_row(opened) | {"shop": tx.shop_names.directory.find_current_name(opened.shop)}
        response = _answer_json(row, status=201)
        response.headers["Location"] = f"/api/v1/requests/{request_id}"
        return response

    def list_requests(self, user: User) -> Response:  # noqa: ARG002 - all calls are called alike
        """Return a page of requests. Raises PayloadInvalid (`after_unknown`)."""
        wanted = RowFilter(**{"limit": DEFAULT_LIMIT, **_read_query(LIST_PARAMETERS)})
        with self._services.store.read() as tx:
            page = tx.selection.select_requests(wanted)
            find_name = tx.shop_names.directory.find_current_name
            rows = [build_request_row(row) | {"shop": find_name(row.shop)} for row in page.rows]
        after = rows[-1]["id"] if page.has_more else None
        return _answer_json({"requests": rows, "total": page.total, "next": after})

    def show_request(self, user: User, request_id: str) -> Response:  # noqa: ARG002
        """Return what `dsr show --json` prints of a request."""
        _read_query({})
        if find_schema_fault(request_id, {"type": "string", "pattern": REQUEST_ID_PATTERN}) is not None:
            raise ApiProblem(404)
        with self._services.store.read() as tx:
            found = tx.requests.get_request(request_id)
            if found is None:
                raise ApiProblem(404)
            return _answer_json(describe_request(tx, found))

    def list_processors(self, user: User) -> Response:  # noqa: ARG002
        """Return the public list of processors."""
        _read_query({})
        return _answer_json({"processors": list_public_processors(self._services.merchant)})

    def _choose_shop(self, body: Mapping[str, Any]) -> str:
        shops = self._services.merchant.shops
        if "shop" not in body and len(shops) != 1:
            raise PayloadInvalid("shop_needed")
        return str(body.get("shop") or shops[0])

    def _build_once_key(self, user: User, body: Mapping[str, Any]) -> OnceKey | None:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable() and " " not in key):
            raise ApiProblem(400, pointer="/Idempotency-Key")
        digest, content = self._services.digest, json.dumps(body, sort_keys=True).encode()
        return OnceKey(digest("api|key", f"{user.name}|{key}".encode()), digest("api|body", content))


def _collect_identifiers(person: Mapping[str, Any]) -> dict[str, list[str]]:
    named = {"email": "emails", "phone": "phones", "order_id": "order_ids"}
    given = {field: list(person.get(name, ())) for field, name in named.items()}
    return given | {"customer_id": [person["customer_id"]] if "customer_id" in person else []}


def _check_reason(body: Mapping[str, Any]) -> str:
    """Return the reason without blanks around it. Raises PayloadInvalid that repeats nothing of it."""
    reason = str(body["reason"]).strip()
    if personal_text.says_too_little(reason):
        raise PayloadInvalid("reason_says_too_little")
    known = [value for values in _collect_identifiers(body["person"]).values() for value in values]
    if personal_text.describe_personal_text(reason) or personal_text.has_value_of_person(reason, known):
        raise PayloadInvalid("reason_names_a_person")
    return reason


def _read_details(kind: RequestKind, body: Mapping[str, Any]) -> RequestDetails | None:
    contact, particulars = body.get("contact"), parse_particulars(kind, body.get("particulars", {}))
    if contact and not is_readable_identifier("email", contact["address"]):
        raise PayloadInvalid("contact_unreadable")
    if contact is None and particulars is None:
        return None
    reply = contact and ReplyContact(
        address=contact["address"].strip(), language=Language(contact.get("language", "en"))
    )
    return RequestDetails(particulars=particulars, contact=reply or None)


def _read_query(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the query by name. Raises ApiProblem (422) for one that is unknown, repeated or not of its form."""
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        if name not in parameters:
            raise ApiProblem(422)
        schema, text = parameters[name], given[0]
        is_number = schema["type"] == "integer" and text.isascii() and text.isdecimal() and len(text) < 7
        value: Any = int(text) if is_number else text
        if len(given) != 1 or find_schema_fault(value, schema) is not None:
            raise ApiProblem(422, pointer=f"/{name}")
        if schema is FLAG:
            value = text == "true"
        elif "format" in schema and (moment := read_moment(text)):
            value = moment.astimezone(UTC)
        values[name] = value
    return values
