"""How the API says what is wrong: RFC 9457, with constant words that repeat nothing of what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Response
from werkzeug.exceptions import HTTPException

from bridge.errors import AccessRefused, MediaTypeWrong, PayloadInvalid
from bridge.web.problems import build_error_response

PROBLEM_MEDIA_TYPE = "application/problem+json"
# status: title, detail, code
STATUS_TEXTS: Mapping[int, tuple[str, str, str]] = {
    400: ("Not readable", "The body is not complete JSON, or a header is not of its form.", "not_readable"),
    401: (
        "Not known",
        "Give a valid token: Authorization: Bearer TOKEN. `bridge user token` makes one.",
        "token_invalid",
    ),
    403: (
        "Not allowed",
        "The role of this token's user does not allow it. The refusal is recorded.",
        "act_not_allowed",
    ),
    404: ("Not there", "Nothing has this address.", "not_found"),
    405: ("Another method", "This address takes other methods; Allow names them.", "method_wrong"),
    408: ("Too slow", "The body did not arrive in time.", "body_too_slow"),
    409: ("Key used before", "The same Idempotency-Key came with another body before.", "key_reused"),
    411: ("Length needed", "Say the length of the body: Content-Length.", "length_required"),
    413: ("Too large", "The body is larger than the API takes.", "body_too_large"),
    415: ("Another media type", "Send the body as application/json.", "media_type_wrong"),
    422: ("Not valid", "A value is missing, unknown, or not of its form.", "not_valid"),
    429: ("Too often", "Too many calls; Retry-After says in how many seconds to come again.", "too_many"),
    500: ("Failed", "The bridge failed; its log says where.", "failed"),
    503: ("Not available", "The database does not answer; Retry-After says when to come again.", "unavailable"),
}
# what the tables of values refuse, by its constant reason; others have the text of 422
DETAILS_BY_CODE: Mapping[str, str] = {
    "shop_unknown": "The merchant file does not name that shop.",
    "shop_needed": "Name the shop: the merchant file does not name exactly one.",
    "received_in_the_future": "received_at must not lie in the future.",
    "nobody_named": "Name the person by customer_id, emails, phones or order_ids.",
    "email_unreadable": "One of the emails is no e-mail address.",
    "phone_unreadable": "One of the phones is no phone number; write it with its country code.",
    "contact_unreadable": "The address of the contact is no e-mail address.",
    "reason_says_too_little": "The reason says too little.",
    "reason_names_a_person": "The reason holds what a person is found by; it is kept for good.",
    "after_unknown": "after is the id of no request.",
}


class ApiProblem(Exception):
    """An answer that is no success. `pointer` is a place in the API's document."""

    def __init__(self, status: int, code: str = "", *, pointer: str | None = None, allow: str = "") -> None:
        super().__init__(status)
        self.status, self.code, self.pointer, self.allow = status, code, pointer, allow


def answer_problem(fault: Exception) -> Response:
    """Return the answer to an error: an API problem, a refused value, or any other by the table of the web process."""
    if isinstance(fault, PayloadInvalid):
        fault = ApiProblem(409 if fault.reason == "key_reused" else 422, fault.reason)
    if isinstance(fault, AccessRefused):
        fault = ApiProblem(403)
    if isinstance(fault, ApiProblem):
        response = Response(status=fault.status)
        if fault.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if fault.allow:
            response.headers["Allow"] = fault.allow
        if fault.status in (401, 403, 404, 405):
            response.headers["Connection"] = "close"  # the body was not read
        return _write_problem(response, fault.code, fault.pointer)
    if isinstance(fault, HTTPException):
        return _write_problem(Response(status=fault.code))
    return _write_problem(build_error_response(fault))


def _write_problem(response: Response, code: str = "", pointer: str | None = None) -> Response:
    title, detail, usual_code = STATUS_TEXTS.get(response.status_code, STATUS_TEXTS[400])
    code = code or usual_code
    detail = DETAILS_BY_CODE.get(code, detail)
    problem = {"type": f"urn:bridge:problem:{code}", "title": title, "status": response.status_code, "detail": detail}
    place = {"pointer": pointer} if pointer else {}
    response.set_data(json.dumps({**problem, "code": code, **place}))
    response.mimetype = PROBLEM_MEDIA_TYPE
    return response


def require_json(media_type: str) -> None:
    """Raise MediaTypeWrong where a body is not sent as JSON."""
    if media_type != "application/json":
        raise MediaTypeWrong
