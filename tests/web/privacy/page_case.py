"""The public page in this process, with a shop that it is for, and the worker that goes on with what was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from bridge.model import RequestKind
from bridge.steps.identity.answer_submission import answer_submission
from bridge.steps.requests import open_for_person
from bridge.store.schema.tables import requests
from bridge.web.privacy.form import PAGE_KINDS
from tests.factories import SHOP
from tests.web.notice_case import client_of, sent

ADDRESS = "asha@qwertzuiop.example"
FILLED: dict[RequestKind, dict[str, Any]] = {
    RequestKind.ACCESS: {},
    RequestKind.ERASURE: {},
    RequestKind.PROCESSOR_LIST: {},
    RequestKind.CORRECTION: {"new-phone": "+91 98111 22233", "old-phone": "", "proof": "a bill"},
    RequestKind.RESTRICTION: {"ground": "accuracy"},
    RequestKind.OBJECTION: {"purposes": ["marketing", "cod_risk"], "grounds": "मुझे विज्ञापन नहीं चाहिए"},
    RequestKind.CONSENT_WITHDRAWAL: {"channels": ["email"]},
    RequestKind.NOMINATION: {"name": "Bina Example", "contact": "bina@example.in", "relation": "sister"},
    RequestKind.GRIEVANCE: {"text": "Nobody answered."},
}


def serve_page(services: Any, monkeypatch: Any, **merchant: Any) -> Page:
    """Return the page of a merchant with one shop, on which every kind can be asked for."""
    monkeypatch.setattr(open_for_person, "PERSON_KINDS", PAGE_KINDS)
    known = replace(services.merchant, **({"shops": (SHOP,)} | merchant))
    return Page(services=replace(services, merchant=known))


@dataclass(frozen=True, kw_only=True)
class Page:
    """The page, and what lies behind it."""

    services: Any

    @property
    def client(self) -> Any:
        return client_of(self.services)

    def ask(self, kind: RequestKind, *, client: Any = None, **fields: Any) -> Any:
        """Send the form of a kind, filled in; `fields` change it."""
        usual = {"kind": kind.value, "lang": "en", "email": ADDRESS, "phone": "", "order": ""} | FILLED[kind]
        return post(client or self.client, "/privacy", usual | fields)

    def work(self) -> None:
        """Do the jobs that wait on the queue for the page."""
        queued = self.services.queue
        for job, row_id, _ in list(queued.jobs):
            if job == "submission":
                answer_submission(row_id, services=self.services)

    def read_code(self) -> str:
        """Return the code of the last letter."""
        [code] = re.findall(r"^(\d{6})$", self.services.mailer.letters[-1].text, re.MULTILINE)
        return code

    def enter(self, response: Any, code: str, *, client: Any = None) -> Any:
        """Send the code with the hidden fields of the page that asked for it."""
        fields = {"code": code, "lang": "en", "token": read_hidden(response, "token"), "email": ADDRESS}
        return post(client or self.client, "/privacy/code", fields)

    def requests(self) -> list[Any]:
        """Return all requests."""
        with self.services.store.transaction() as tx:
            ids = tx.session.connection.scalars(select(requests.c.id).order_by(requests.c.id)).all()
            return [tx.requests.get_request(request_id) for request_id in ids]

    def facts(self, request_id: str) -> list[tuple[str, Any]]:
        """Return the facts of a request, each with its detail."""
        with self.services.store.transaction() as tx:
            return [(event.fact, event.detail) for event in tx.evidence.list_facts_of_request(request_id)]


def post(client: Any, path: str, fields: dict[str, Any]) -> Any:
    """Send a form as a browser does, with lists as repeated fields."""
    return sent(client, path, urlencode(fields, doseq=True).encode())


def read_hidden(response: Any, name: str) -> str:
    """Return the value of a hidden field."""
    [value] = re.findall(rf'name="{name}" value="([^"]*)"', response.text)
    return value
