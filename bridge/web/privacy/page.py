"""The routes of the public page: choose what to ask for, say how to be reached, enter the code.

There is no cookie and no session, so no other site can make a browser act for anybody: what a form may do, its own
fields allow, and forms need no second token. The page looks nobody up: it stores what was sent, sealed, and a job
goes on with it. So it says the same to customers and to strangers, and takes the same time. The address of a page, a
log, an error and a metric never hold what somebody typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from bridge.errors import MediaTypeWrong, PayloadInvalid
from bridge.model import Language, RequestKind
from bridge.rules.index.identity import normalise_identifier
from bridge.rules.requests.identity_doubt import IDENTITY_FREE_KINDS
from bridge.services import Services
from bridge.steps.identity.answer_submission import add_submission, open_by_code
from bridge.steps.identity.code_letter import CODE_MINUTES
from bridge.steps.notices.send import find_mail_blocker
from bridge.steps.requests import open_for_person
from bridge.web import problems
from bridge.web.body import read_body
from bridge.web.notices.limits import RateLimiter, resolve_client_address
from bridge.web.privacy.form import (
    MAX_PAGE_FORM_BYTES,
    PAGE_KINDS,
    PageFault,
    PageForm,
    evaluate_page_form,
    parse_page_form,
)
from bridge.web.privacy.render import PersonPages, choose_language
from bridge.web.privacy.texts import format_page_day
from bridge.web.security_headers import allow_form

PAGE_PATH = "/privacy"
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_PER_CLIENT, CLIENT_WINDOW_S = 20, 600.0  # forms; an office has one address
MAX_PER_ADDRESS, ADDRESS_WINDOW_S = 5, 3600.0  # so that the page fills nobody's mailbox with codes


class PrivacyPage:
    """The actions of the routes, over the services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.pages = PersonPages(services)
        self._zone = ZoneInfo(services.merchant.clocks.timezone)
        self._senders = RateLimiter(
            services.digest, purpose="page|form", window_s=CLIENT_WINDOW_S, max_successes=MAX_PER_CLIENT
        )
        self._addresses = RateLimiter(
            services.digest, purpose="page|address", window_s=ADDRESS_WINDOW_S, max_successes=MAX_PER_ADDRESS
        )

    def list_kinds(self) -> list[RequestKind]:
        """Return what can be asked for here now: without mail, only what needs no code."""
        can_send = not find_mail_blocker(self._services)
        return [
            kind
            for kind in PAGE_KINDS
            if kind in open_for_person.PERSON_KINDS and (can_send or kind in IDENTITY_FREE_KINDS)
        ]

    def show(self, asked: str, language: Language) -> Response:
        """Return the form of one kind, or the choice of all."""
        kind = next((each for each in self.list_kinds() if each == asked), None)
        if kind is not None:
            return self.render_form(kind, PageForm(), language)
        clocks = self._services.merchant.clocks
        return self.pages.render(
            "choose.html",
            language=language,
            switch=PAGE_PATH,
            kinds=self.list_kinds(),
            hours=min(clocks.ack_hours_law, clocks.ack_hours_policy),
            days=clocks.resolve_days_policy,
            can_send=not find_mail_blocker(self._services),
        )

    def render_form(
        self, kind: RequestKind, form: PageForm, language: Language, faults: Sequence[PageFault] = ()
    ) -> Response:
        """Return the form with all that was typed; 422 where there are faults."""
        return self.pages.render(
            "ask.html",
            language=language,
            status=422 if faults else 200,
            switch=f"{PAGE_PATH}?ask={kind}",
            kind=kind,
            form=form,
            faults=faults,
            wrong={fault.field: fault.code for fault in faults},
            shops=self._services.merchant.shops,
        )

    def submit(self, form: PageForm, client: str, language: Language) -> Response:
        """Store what was sent, and ask for the code or say that nothing more is needed. Raises RequestsTooMany."""
        kind = form.kind
        if kind is None or kind not in self.list_kinds():
            return self.show("", language)
        shops = self._services.merchant.shops
        submission, faults = evaluate_page_form(
            form, kind, language=language, shops=shops, now=self._services.clock.now()
        )
        if submission is None:
            return self.render_form(kind, form, language, faults)
        sender = self._senders.admit(client)
        address = self._addresses.admit(normalise_identifier("email", submission.email))
        token = add_submission(submission, services=self._services)
        self._senders.count_request(sender, succeeded=True)
        self._addresses.count_request(address, succeeded=True)
        if kind in IDENTITY_FREE_KINDS:
            return self.pages.render("received.html", language=language)
        return self.render_code(token, submission.email, language)

    def render_code(self, token: str, email: str, language: Language, *, is_wrong: bool = False) -> Response:
        """Return the page that asks for the code; 422 after a wrong one."""
        return self.pages.render(
            "code.html",
            language=language,
            status=422 if is_wrong else 200,
            token=token,
            email=email,
            is_wrong=is_wrong,
            minutes=CODE_MINUTES,
        )

    def enter_code(self, form: PageForm, language: Language) -> Response:
        """Open the request where the code is right."""
        code = "".join(sign for sign in form.get("code") if not sign.isspace())
        try:
            opened = open_by_code(form.get("token"), code, services=self._services)
        except PayloadInvalid:  # a kind or shop that was taken away since the form was sent
            opened = None
        if opened is None:
            return self.render_code(form.get("token"), form.get("email"), language, is_wrong=True)
        due_on = opened.due_at.astimezone(self._zone).date()
        return self.pages.render(
            "opened.html", language=language, ticket=opened.id, due=format_page_day(due_on, language)
        )


def create_privacy_blueprint(services: Services) -> Blueprint:
    """Return the routes `/privacy` and `/privacy/code`: GET and HEAD show, POST sends."""
    blueprint = Blueprint("privacy", __name__)
    page, limits = PrivacyPage(services), RateLimiter(services.digest, purpose="page")

    @blueprint.get(PAGE_PATH)
    def privacy() -> Response:
        limits.count_request(limits.admit(_find_client(services)), succeeded=True)
        return page.show(request.args.get("ask", ""), choose_language())

    @blueprint.post(PAGE_PATH)
    def send_privacy_form() -> Response:
        limits.count_request(limits.admit(client := _find_client(services)), succeeded=True)
        form = read_page_form()
        return page.submit(form, client, choose_language(form.get("lang")))

    @blueprint.post(f"{PAGE_PATH}/code")
    def enter_code() -> Response:
        client = limits.admit(_find_client(services))
        form = read_page_form()
        response = page.enter_code(form, choose_language(form.get("lang")))
        limits.count_request(client, succeeded=response.status_code == 200)
        return response

    @blueprint.get(f"{PAGE_PATH}/code")
    def start_again() -> Response:
        return page.show("", choose_language())

    @blueprint.errorhandler(Exception)
    def failed(fault: Exception) -> Response:
        return page.pages.render_problem(problems.build_error_response(fault))

    blueprint.after_request(allow_form)
    return blueprint


def read_page_form() -> PageForm:
    """Return the form of the request. Raises MediaTypeWrong, FormInvalid, and what `read_body` raises."""
    if request.mimetype != FORM_MEDIA_TYPE:
        raise MediaTypeWrong
    return parse_page_form(read_body(request.environ, limit=MAX_PAGE_FORM_BYTES, needs_length=True))


def _find_client(services: Services) -> str:
    return resolve_client_address(request.environ, services.settings.proxies)
