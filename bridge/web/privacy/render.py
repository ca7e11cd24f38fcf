"""Renders the pages for data subjects in their language, in the shop's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.model import Language
from bridge.rules.requests.particulars import CORRECTABLE_FIELDS
from bridge.services import Services
from bridge.web.notices.view_models import build_requester
from bridge.web.privacy.texts import PAGE_TEXTS

OTHER_LANGUAGE = {Language.ENGLISH: Language.HINDI, Language.HINDI: Language.ENGLISH}
PROBLEM_TEXT_BY_STATUS = {410: "404", 411: "400", 415: "400"}
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.globals |= {"correctable": CORRECTABLE_FIELDS}


class PersonPages:
    """Renders pages with what all of them show: the shop's name, the contact, the words, the other language."""

    def __init__(self, services: Services) -> None:
        self._merchant, self._requester = services.merchant, build_requester(services)

    def render(self, name: str, *, language: Language, status: int = 200, switch: str = "", **context: Any) -> Response:
        """Return a page. `switch` is the address of the same page without its language, '' where it has none."""
        page = _templates.get_template(name).render(
            t=PAGE_TEXTS[language],
            language=language.value,
            other=OTHER_LANGUAGE[language].value,
            switch=switch,
            shop_name=self._merchant.trading_name or self._merchant.legal_name,
            policy_url=self._merchant.policy_url,
            requester=self._requester,
            **context,
        )
        response = Response(page, status=status, mimetype="text/html")
        response.headers["Vary"] = "Accept-Language"
        response.headers["Content-Language"] = language.value
        return response

    def render_problem(self, response: Response) -> Response:
        """Return an error's answer with a text for people; its status and headers stay."""
        language = choose_language()
        key = PROBLEM_TEXT_BY_STATUS.get(response.status_code, str(response.status_code))
        page = self.render("problem.html", language=language, problem=key)
        response.set_data(page.get_data())
        response.mimetype = "text/html"
        return response


def choose_language(stated: str = "") -> Language:
    """Return the language that a form or the address states, else the one that the browser asks for, else English."""
    stated = stated or request.args.get("lang", "")
    if stated in set(Language):
        return Language(stated)
    wanted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((Language(tag) for tag in wanted if tag in set(Language)), Language.ENGLISH)
