"""The route by which a person takes a request back. GET changes nothing, because mail scanners follow links; POST does.

There is no cookie, so no other site can make a browser answer: only the token in the path authorises. Every link that is
not valid gets the same answer. A token never appears in a page, a log, an error, a metric or a redirect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.errors import MediaTypeWrong
from bridge.model import PrivacyRequest
from bridge.services import Services
from bridge.steps.requests.approval.take_back import find_request_to_take_back, read_language, take_back_request
from bridge.web import notices, problems
from bridge.web.body import read_body
from bridge.web.notices.limits import RateLimiter, resolve_client_address
from bridge.web.notices.view_models import build_requester
from bridge.web.requests.texts import PAGE_TEXTS, PROBLEM_TEXTS
from bridge.web.security_headers import allow_form

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 1_000  # one button

_templates = Environment(
    # the frame of the page and its style are those of the answer page
    loader=FileSystemLoader([Path(__file__).parent / "templates", Path(notices.__file__).parent / "templates"]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.globals["choices"] = ()  # the style has a rule for each answer of the other page's form


def create_requests_blueprint(services: Services) -> Blueprint:
    """Return the route `/requests/<token>`: GET and HEAD ask, POST takes back."""
    page = Blueprint("requests", __name__)
    limits, requester = RateLimiter(services.digest), build_requester(services)

    def render(name: str, status: int = 200, **context: Any) -> Response:
        text = _templates.get_template(name).render(requester=requester, **context)
        return Response(text, status=status, mimetype="text/html")

    def render_request(found: PrivacyRequest, *, is_taken_back: bool) -> Response:
        language = read_language(found.id, found.kind, services=services)
        return render(
            "take_back.html", lang=language, texts=PAGE_TEXTS[language], id=found.id, is_taken_back=is_taken_back
        )

    def take_back(token: str) -> Response:
        if request.mimetype != FORM_MEDIA_TYPE:
            raise MediaTypeWrong
        # the body before the link: every form is read to its end, whether or not the link is valid
        read_body(request.environ, limit=MAX_FORM_BYTES, needs_length=True)
        return render_request(take_back_request(token, services=services), is_taken_back=True)

    @page.route("/requests/<token>", methods=["GET", "POST"])
    def take_back_page(token: str) -> Response:
        client = limits.admit(resolve_client_address(request.environ, services.settings.proxies))
        succeeded = False
        try:
            if request.method == "POST":
                response = take_back(token)
            else:
                response = render_request(find_request_to_take_back(token, services=services), is_taken_back=False)
            succeeded = True
        finally:
            limits.count_request(client, succeeded=succeeded)
        return response

    @page.errorhandler(Exception)
    def failed(fault: Exception) -> Response:
        response = problems.build_error_response(fault)
        problem = PROBLEM_TEXTS.get(response.status_code, PROBLEM_TEXTS[500])
        response.set_data(_templates.get_template("problem.html").render(problem=problem, requester=requester))
        response.mimetype = "text/html"
        return response

    page.after_request(allow_form)
    return page
