"""Takes mail that a mail provider posts: the same mail as the mailbox would hold, whole.

Understood are a mail as it is (`message/rfc822`), a form with the mail in `email` or `body-mime` (SendGrid's Inbound Parse with
"POST the raw message", Mailgun's routes to an address that ends in `mime`), and JSON with `RawEmail` (Postmark). 200 means
committed; until then the provider posts it again, and one that came before is taken in once.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import json
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request
from werkzeug.formparser import parse_form_data

from bridge.connectors.mailbox.read_mail import find_received_time, read_mail
from bridge.errors import MediaTypeWrong
from bridge.services import Services
from bridge.steps.mailbox.take_in_mail import take_in_mail
from bridge.web.body import read_body

MAX_POST_BYTES = 15_000_000
MAX_MAIL_BYTES = 2_000_000  # of a longer one the beginning is read, as from the mailbox
FORM_FIELDS = ("email", "body-mime")
JSON_FIELD = "RawEmail"


def create_inbound_mail_blueprint(services: Services) -> Blueprint:
    """Return the route `POST /inbound/mail`; it answers 404 while MAIL_WEBHOOK_TOKEN is not set.

    The token comes as a bearer token or as the password of basic authentication, which providers take as
    `https://any:token@host/inbound/mail`.
    """
    page = Blueprint("inbound_mail", __name__)

    @page.post("/inbound/mail")
    def take_in() -> Response:
        token = services.settings.mail_webhook_token
        if not token:
            return Response(status=404)
        if not _is_allowed(request.headers.get("Authorization", ""), token.reveal_bytes()):
            return Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})
        raw = _extract_mail(read_body(request.environ, limit=MAX_POST_BYTES, needs_length=True), request.environ)
        raw, size = raw[:MAX_MAIL_BYTES], len(raw)
        # the term counts from the arrival at the provider, who tries for days where we do not answer
        arrived_at = find_received_time(raw) or services.clock.now()
        mail = read_mail(raw, arrived_at=arrived_at, size=size)
        take_in_mail(mail, services=services)
        return Response(status=200)

    return page


def _is_allowed(header: str, token: bytes) -> bool:
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token)
    try:
        password = base64.b64decode(given, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except binascii.Error:
        password = b""
    return bool(password) and hmac.compare_digest(password, token)


def _extract_mail(body: bytes, environ: Mapping[str, object]) -> bytes:
    """Return the mail itself. Raises MediaTypeWrong where the body holds none in a form that is understood."""
    media_type = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    raw = READERS[media_type](body, environ) if media_type in READERS else b""
    if not raw.strip():
        raise MediaTypeWrong
    return raw


def _read_posted_form(body: bytes, environ: Mapping[str, object]) -> bytes:

    _, form, files = parse_form_data({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    for name in FORM_FIELDS:
        if name in form:
            return form[name].encode("utf-8", "surrogateescape")
        if name in files:
            content: bytes = files[name].read()
            return content
    return b""


def _read_posted_document(body: bytes, _: Mapping[str, object]) -> bytes:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return b""
    raw = document.get(JSON_FIELD) if isinstance(document, dict) else None
    return raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else b""


READERS: Mapping[str, Callable[[bytes, Mapping[str, object]], bytes]] = {
    "message/rfc822": lambda body, _: body,
    "multipart/form-data": _read_posted_form,
    "application/x-www-form-urlencoded": _read_posted_form,
    "application/json": _read_posted_document,
}
