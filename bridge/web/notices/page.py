"""The routes of the answer page. GET changes nothing, because mail scanners follow links. POST records an answer.

There is no cookie, so no other site can make a browser answer: only the token in the path authorises, and forms need
no second token. A token never appears in a page, a log, an error, a metric or a redirect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask import Blueprint, Response, request

from bridge.errors import ConcurrentChange, LinkInvalid, MediaTypeWrong, PayloadInvalid
from bridge.model import AnswerRow, Notice, NoticeChannel, NoticeItem
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES, MAX_RETAINED_DAYS
from bridge.services import Services
from bridge.steps.notices.record_answer import record_acknowledgement, record_answer
from bridge.web import problems
from bridge.web.body import read_body
from bridge.web.notices import render, view_models
from bridge.web.notices.form import MAX_FORM_BYTES, AnswerForm, FieldFault, evaluate_form, parse_answer_form
from bridge.web.notices.limits import RateLimiter, resolve_client_address
from bridge.web.notices.messages import PROBLEM_TEXTS
from bridge.web.notices.purpose_texts import list_answer_choices
from bridge.web.security_headers import allow_form

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
ENDED_NOTICE_REASONS = ("already_answered", "notice_unknown")
MAX_SUBMIT_ATTEMPTS = 3
LIST_CHANGED_FAULT = FieldFault("", "", "The list changed while you answered. Look it through, and send it again.")


class AnswerPage:
    """The actions of the routes, over the services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._requester = view_models.build_requester(services)

    def load_open_notice(self, token: str) -> tuple[Notice, list[NoticeItem]]:
        """Return the notice of a link and its items. Raises LinkInvalid for every reason alike."""
        with self._services.store.transaction() as tx:
            notice = tx.notices.find_notice_by_token(token)
            if notice is None or notice.state in ANSWERED_NOTICE_STATES:
                raise LinkInvalid
            return notice, tx.notice_items.list_items(notice_id=notice.id)

    def render_form(
        self,
        notice: Notice,
        items: Sequence[NoticeItem],
        form: AnswerForm,
        faults: Sequence[FieldFault] = (),
        *,
        thanks: bool = False,
    ) -> Response:
        """Return the page with its form and all that was typed; 422 where there are faults."""
        today = self._today()
        return render.stream_template(
            "answer.html",
            gzip=_accepts_gzip(),
            status=422 if faults else 200,
            requester=self._requester,
            head=view_models.build_notice_header(notice, self._services),
            lines=view_models.build_record_lines(items),
            choices=list_answer_choices(notice.purpose),
            form=form,
            faults=faults,
            wrong={fault.field: fault.words for fault in faults},
            thanks=thanks,
            first_day=today + timedelta(days=1),
            last_day=today + timedelta(days=MAX_RETAINED_DAYS),
        )

    def submit_form(self, token: str, form: AnswerForm) -> Response:
        """Record what the form says. Raises LinkInvalid where the notice was answered meanwhile."""
        # a reminder or an acknowledgement may change the notice meanwhile; only an answer ends it
        for _ in range(MAX_SUBMIT_ATTEMPTS):
            notice, items = self.load_open_notice(token)
            try:
                return self._record_submission(notice, items, form)
            except ConcurrentChange:
                continue
            except PayloadInvalid as fault:
                if fault.reason not in ENDED_NOTICE_REASONS:
                    break
        return self.render_form(notice, items, form, [LIST_CHANGED_FAULT])

    def _record_submission(self, notice: Notice, items: Sequence[NoticeItem], form: AnswerForm) -> Response:
        actor = f"processor:{notice.processor}"
        if form.action == "acknowledge":
            notice = record_acknowledgement(notice.id, via=NoticeChannel.PAGE, actor=actor, services=self._services)
            return self.render_form(notice, items, form, thanks=True)
        answers, faults = evaluate_form(form, items, today=self._today())
        if faults:
            return self.render_form(notice, items, form, faults)
        notice = record_answer(notice.id, answers, via=NoticeChannel.PAGE, actor=actor, services=self._services)
        return self._render_receipt(notice, items, answers)

    def _render_receipt(
        self, notice: Notice, items: Sequence[NoticeItem], answers: Mapping[str, AnswerRow]
    ) -> Response:
        when = notice.answered_at or self._services.clock.now()
        counts, choices = Counter(one.answer for one in answers.values()), list_answer_choices(notice.purpose)
        return render.stream_template(
            "receipt.html",
            gzip=_accepts_gzip(),
            requester=self._requester,
            head=view_models.build_notice_header(notice, self._services),
            lines=view_models.build_record_lines(items),
            answers=answers,
            labels={each: label for each, label, _ in choices},
            counts=[(label, counts[each]) for each, label, _ in choices if counts[each]],
            when=view_models.format_local_time(when, view_models.read_answer_time_zone(self._services)),
        )

    def render_problem(self, response: Response) -> Response:
        """Add a text for people to an error's answer."""
        problem = PROBLEM_TEXTS[response.status_code]
        response.set_data(render.render_template_text("problem.html", problem=problem, requester=self._requester))
        response.mimetype = "text/html"
        return response

    def _today(self) -> date:
        return self._services.clock.now().astimezone(view_models.read_answer_time_zone(self._services)).date()


def create_notices_blueprint(services: Services) -> Blueprint:
    """Return the route `/notices/<token>`: GET and HEAD show the form, POST answers."""
    page = Blueprint("notices", __name__)
    answer_page, limits = AnswerPage(services), RateLimiter(services.digest)

    @page.route("/notices/<token>", methods=["GET", "POST"])
    def notice(token: str) -> Response:
        client = limits.admit(resolve_client_address(request.environ, services.settings.proxies))
        succeeded = False
        try:
            response = (
                _post(token)
                if request.method == "POST"
                else answer_page.render_form(*answer_page.load_open_notice(token), AnswerForm())
            )
            succeeded = True
        finally:
            limits.count_request(client, succeeded=succeeded)
        return response

    def _post(token: str) -> Response:
        if request.mimetype != FORM_MEDIA_TYPE:
            raise MediaTypeWrong
        # the body before the link: every form is read to its end, whether or not the link is valid
        raw = read_body(request.environ, limit=MAX_FORM_BYTES, needs_length=True)
        return answer_page.submit_form(token, parse_answer_form(raw))

    @page.errorhandler(Exception)
    def failed(fault: Exception) -> Response:
        return answer_page.render_problem(problems.build_error_response(fault))

    page.after_request(allow_form)
    return page


def _accepts_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0
