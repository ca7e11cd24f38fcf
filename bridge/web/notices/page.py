"""The routes of the answer page. GET shows and changes nothing: scanners of mail follow links. POST answers.

No cookie exists, so no other site can make a browser answer: who knows the token may, and nobody else; that is
why forms carry no second one. A token never stands in a page, a log, an error, a metric or a redirect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask import Blueprint, Response, request

from bridge.errors import ChangedMeanwhile, LinkInvalid, MediaTypeWrong, PayloadInvalid
from bridge.model import Entry, Notice, Said, Via
from bridge.ports import Services
from bridge.rules.notices.answers import ANSWERED, FURTHEST_DAYS
from bridge.steps.notices.record_answer import acknowledge, answer
from bridge.web import problems
from bridge.web.body import read_body
from bridge.web.notices import render, view_models
from bridge.web.notices.form import LIMIT_BYTES, Fault, Form, judge, read
from bridge.web.notices.limits import Limits, client_of
from bridge.web.notices.messages import PROBLEMS
from bridge.web.security_headers import allow_form

FORM = "application/x-www-form-urlencoded"
GONE = ("already_answered", "notice_unknown")
TRIES = 3
CHANGED = Fault("", "", "The list changed while you answered. Look it through, and send it again.")


class Desk:
    """What the routes do, over the services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asker = view_models.asker(services)

    def opened(self, token: str) -> tuple[Notice, list[Entry]]:
        """What this link may answer. Raises LinkInvalid, whatever it is that does not hold."""
        with self._services.store.transaction() as tx:
            notice = tx.notices.linked(token)
            if notice is None or notice.state in ANSWERED:
                raise LinkInvalid
            return notice, tx.notices.entries(notice_id=notice.id)

    def show(
        self,
        notice: Notice,
        entries: Sequence[Entry],
        form: Form,
        faults: Sequence[Fault] = (),
        *,
        thanks: bool = False,
    ) -> Response:
        """The page with its form, and with all that was typed."""
        today = self._today()
        return render.page(
            "answer.html",
            gzip=_takes_gzip(),
            status=422 if faults else 200,
            asker=self._asker,
            head=view_models.head(notice, self._services),
            lines=view_models.lines(entries),
            form=form,
            faults=faults,
            wrong={fault.field: fault.words for fault in faults},
            thanks=thanks,
            first_day=today + timedelta(days=1),
            last_day=today + timedelta(days=FURTHEST_DAYS),
        )

    def take(self, token: str, form: Form) -> Response:
        """Take in what the form says. Raises LinkInvalid where somebody else was first."""
        # a reminder or a receipt may change the notice meanwhile; only an answer ends it
        for _ in range(TRIES):
            notice, entries = self.opened(token)
            try:
                return self._taken(notice, entries, form)
            except ChangedMeanwhile:
                continue
            except PayloadInvalid as fault:
                if fault.reason not in GONE:
                    break
        return self.show(notice, entries, form, [CHANGED])

    def _taken(self, notice: Notice, entries: Sequence[Entry], form: Form) -> Response:
        actor = f"processor:{notice.processor}"
        if form.do == "acknowledge":
            notice = acknowledge(notice.id, via=Via.PAGE, actor=actor, services=self._services)
            return self.show(notice, entries, form, thanks=True)
        said, faults = judge(form, entries, today=self._today())
        if faults:
            return self.show(notice, entries, form, faults)
        notice = answer(notice.id, said, via=Via.PAGE, actor=actor, services=self._services)
        return self._receipt(notice, entries, said)

    def _receipt(self, notice: Notice, entries: Sequence[Entry], said: Mapping[str, Said]) -> Response:
        when = notice.answered_at or self._services.clock.now()
        counts = Counter(one.answer for one in said.values())
        return render.page(
            "receipt.html",
            gzip=_takes_gzip(),
            asker=self._asker,
            head=view_models.head(notice, self._services),
            lines=view_models.lines(entries),
            said=said,
            counts=[(label, counts[each]) for each, label, _ in view_models.CHOICES if counts[each]],
            when=view_models.moment(when, view_models.zone(self._services)),
        )

    def problem(self, response: Response) -> Response:
        """The same answer with words for a person."""
        said = PROBLEMS[response.status_code]
        response.set_data(render.words("problem.html", problem=said, asker=self._asker))
        response.mimetype = "text/html"
        return response

    def _today(self) -> date:
        return self._services.clock.now().astimezone(view_models.zone(self._services)).date()


def blueprint(services: Services) -> Blueprint:
    """`/notices/<token>`: GET and HEAD show, POST answers."""
    page = Blueprint("notices", __name__)
    desk, limits = Desk(services), Limits(services.digest)

    @page.route("/notices/<token>", methods=["GET", "POST"])
    def notice(token: str) -> Response:
        client = limits.admit(client_of(request.environ))
        good = False
        try:
            shown_or_taken = (
                _post(token) if request.method == "POST" else desk.show(*desk.opened(token), Form())
            )
            good = True
        finally:
            limits.count(client, good=good)
        return shown_or_taken

    def _post(token: str) -> Response:
        if request.mimetype != FORM:
            raise MediaTypeWrong
        # the body before the link: every form of a stranger is read alike, and to its end
        raw = read_body(request.environ, limit=LIMIT_BYTES, deadline_s=services.settings.body_deadline_s)
        return desk.take(token, read(raw))

    @page.errorhandler(Exception)
    def failed(fault: Exception) -> Response:
        return desk.problem(problems.answer(fault))

    page.after_request(allow_form)
    return page


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0
