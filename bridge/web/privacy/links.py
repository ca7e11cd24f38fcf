"""The routes behind the links of letters to data subjects: the package, and the question whether it was them.

GET changes nothing, because mail scanners follow links; POST does it. There is no cookie, so no other site can make a
browser do it: only the token in the path authorises, and forms need no second token. A link that opens nothing gets one
text, whatever the reason; a token never appears in a page, a log, an error, a metric or a redirect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from bridge.errors import FormInvalid, LinkEnded, LinkInvalid, PayloadInvalid
from bridge.model import IdentityMethod, LinkPurpose, ReplyContact
from bridge.services import Services
from bridge.steps.access.download_links import (
    DOWNLOAD_ACTOR,
    find_offered_package,
    open_offered_package,
    stream_package,
)
from bridge.steps.identity.doubts import confirm_identity, deny_identity
from bridge.web import problems
from bridge.web.notices.limits import RateLimiter, resolve_client_address
from bridge.web.privacy.page import read_page_form
from bridge.web.privacy.render import PersonPages, choose_language
from bridge.web.privacy.texts import PAGE_TEXTS, format_page_day
from bridge.web.security_headers import allow_form
from bridge.web.server.receiver import STREAM_KEY

BYTES_PER_MB = 1_000_000


class LinkPages:
    """The actions of the routes, over the services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.pages = PersonPages(services)
        self._zone = ZoneInfo(services.merchant.clocks.timezone)

    def show_package(self, token: str) -> Response:
        """Return what the link offers. Raises LinkInvalid."""
        offered = find_offered_package(token, services=self._services)
        language = choose_language(_read_language(offered.contact))
        return self.pages.render(
            "package.html",
            language=language,
            request_id=offered.request.id,
            day=self._format_day(offered.request.received_at, offered.contact),
            size=_format_size(offered.size_bytes),
            until=self._format_day(offered.expires_at, offered.contact),
        )

    def send_package(self, token: str) -> Response:
        """Return the package as a stream. Raises LinkInvalid, ConcurrentChange."""
        offered = open_offered_package(token, services=self._services)
        request.environ[STREAM_KEY] = True
        response = Response(stream_package(token, offered, services=self._services), mimetype="application/zip")
        response.headers["Content-Length"] = str(offered.size_bytes)
        response.headers["Content-Disposition"] = f'attachment; filename="{offered.request.id}.zip"'
        return response

    def show_identity(self, token: str) -> Response:
        """Return the question whether the person on record asked. Raises LinkInvalid."""
        with self._services.store.read() as tx:
            link = tx.person_links.find_link(token, LinkPurpose.PROVE_IDENTITY)
            found = tx.requests.get_request(link.request_id) if link else None
            contact = tx.request_details.get_details(found.id, found.kind).contact if found else None
        if link is None or found is None:
            raise LinkInvalid
        if not link.is_open:
            raise LinkEnded
        language = choose_language(_read_language(contact))
        return self.pages.render(
            "identity.html",
            language=language,
            request_id=found.id,
            day=self._format_day(found.received_at, contact),
            kind=PAGE_TEXTS[language][f"kind_{found.kind}"],
        )

    def answer_identity(self, token: str) -> Response:
        """Record what the person on record answered; the link has ended then. Raises LinkInvalid, FormInvalid."""
        answer = read_page_form().get("do")
        if answer not in ("yes", "no"):
            raise FormInvalid
        with self._services.store.transaction() as tx:
            link = tx.person_links.find_link(token, LinkPurpose.PROVE_IDENTITY)
            request_id = tx.person_links.use_link(token, LinkPurpose.PROVE_IDENTITY)
        if request_id is None:
            raise LinkEnded if link else LinkInvalid
        try:
            if answer == "yes":
                method, proof = IdentityMethod.LINK_TO_RECORDED_CONTACT, {"answered": "link"}
                confirm_identity(
                    request_id, method, actor=DOWNLOAD_ACTOR, reason="", proof=proof, services=self._services
                )
            else:
                deny_identity(request_id, actor=DOWNLOAD_ACTOR, services=self._services)
        except PayloadInvalid:  # an officer ended the doubt in the same moment
            raise LinkEnded from None
        outcome = "proven" if answer == "yes" else "denied"
        return self.pages.render("answered.html", language=choose_language(), outcome=outcome)

    def _format_day(self, at: datetime, contact: ReplyContact | None) -> str:
        return format_page_day(at.astimezone(self._zone).date(), choose_language(_read_language(contact)))


def create_person_links_blueprint(services: Services) -> Blueprint:
    """Return the routes `/packages/<token>` and `/identity/<token>`: GET and HEAD show, POST acts."""
    blueprint = Blueprint("person_links", __name__)
    page, limits = LinkPages(services), RateLimiter(services.digest, purpose="links")

    def limited(token: str, show: Callable[[str], Response], act: Callable[[str], Response]) -> Response:
        client = limits.admit(resolve_client_address(request.environ, services.settings.proxies))
        succeeded = False
        try:
            response = (act if request.method == "POST" else show)(token)
            succeeded = True
        finally:
            limits.count_request(client, succeeded=succeeded)
        return response

    @blueprint.route("/packages/<token>", methods=["GET", "POST"])
    def package(token: str) -> Response:
        return limited(token, page.show_package, page.send_package)

    @blueprint.route("/identity/<token>", methods=["GET", "POST"])
    def identity(token: str) -> Response:
        return limited(token, page.show_identity, page.answer_identity)

    @blueprint.errorhandler(Exception)
    def failed(fault: Exception) -> Response:
        return page.pages.render_problem(problems.build_error_response(fault))

    blueprint.after_request(allow_form)
    return blueprint


def _read_language(contact: ReplyContact | None) -> str:
    """Return the language that the address states, else the one of the person's letters."""
    return request.args.get("lang", "") or (contact.language.value if contact else "")


def _format_size(size_bytes: int) -> str:
    return f"{size_bytes / BYTES_PER_MB:.1f} MB" if size_bytes >= BYTES_PER_MB / 10 else f"{-(-size_bytes // 1000)} kB"
