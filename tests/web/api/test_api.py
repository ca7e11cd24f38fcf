"""The JSON API: tokens, the document, what is refused in constant words, and one request for one key."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from bridge.model import Act, Fact, RequestKind, RequestSource, Role
from bridge.rules.operators.access_table import is_allowed
from bridge.rules.requests.particulars import PARTICULARS_BY_KIND
from bridge.steps.operators.expire_api_access import expire_api_access
from bridge.store.crypto import secret_verifier
from bridge.store.operators.api_access import OPENINGS_KEPT
from bridge.web.api import schema_check, schemas
from bridge.web.api.document import build_openapi_document
from bridge.web.api.routes import ROUTES
from bridge.web.notices import limits
from tests.factories import SHOP
from tests.web.notice_case import client_of

SECRET = "three words of mine"
OPENING = {
    "kind": "access",
    "shop": SHOP,
    "person": {"emails": ["canary.asha@example.com"]},
    "reason": "chat of 12 Nov",
}


class Desk:
    """A client with a token for each role."""

    def __init__(self, services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(secret_verifier, "MEMORY_KIB", 64)
        monkeypatch.setattr(secret_verifier, "ITERATIONS", 1)
        self.services, self.client = services, client_of(services)
        with services.store.transaction() as tx:
            for role in Role:
                tx.users.add_user(str(role), role, SECRET)
            expires_at = services.clock.now() + timedelta(days=1)
            self.tokens = {role: tx.api_access.create_token(str(role), expires_at=expires_at) for role in Role}

    def ask(self, method: str, path: str, role: Role | None = Role.LEGAL_COMPLIANCE, **more: Any) -> Any:
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {self.tokens[role]}"} if role else {})
        return self.client.open(path, method=method, headers=headers, **more)

    def open(self, body: Any = None, **more: Any) -> Any:
        return self.ask("POST", "/api/v1/requests", json=body or OPENING, **more)

    def count_requests(self) -> int:
        return int(self.ask("GET", "/api/v1/requests").json["total"])


@pytest.fixture
def help_desk(services, monkeypatch):
    return Desk(services, monkeypatch)


def assert_problem(answer: Any, status: int, code: str = "") -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.data
    assert answer.json["status"] == status
    assert answer.json["type"] == f"urn:bridge:problem:{answer.json['code']}"
    assert code in ("", answer.json["code"])
    assert "canary" not in answer.get_data(as_text=True)


def test_a_request_is_opened_listed_and_shown_without_naming_the_person(help_desk):
    opened = help_desk.open()
    assert opened.status_code == 201, opened.data
    assert opened.headers["Location"] == f"/api/v1/requests/{opened.json['id']}"
    shown = help_desk.ask("GET", opened.headers["Location"])
    listed = help_desk.ask("GET", "/api/v1/requests?kind=access&state=in_progress&limit=5")
    assert (shown.status_code, listed.status_code) == (200, 200)
    assert shown.json["source"] == RequestSource.API
    assert [row["id"] for row in listed.json["requests"]] == [opened.json["id"]]
    assert shown.json["facts"][0]["actor"] == "operator:legal_compliance"
    for answer in (opened, shown, listed):
        assert "canary" not in answer.get_data(as_text=True)
    assert help_desk.ask("GET", "/api/v1/processors", Role.MARKETING).status_code == 200
    second = help_desk.open(OPENING | {"person": {"phones": ["+91 98450 12345"]}, "kind": "erasure"})
    first_page = help_desk.ask("GET", "/api/v1/requests?limit=1").json
    assert (first_page["total"], first_page["next"]) == (2, first_page["requests"][0]["id"])
    rest = help_desk.ask("GET", f"/api/v1/requests?limit=1&after={first_page['next']}").json
    assert {rest["requests"][0]["id"], first_page["next"]} == {opened.json["id"], second.json["id"]}
    assert rest["next"] is None


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_p45_each_route_is_refused_to_each_role_that_the_table_refuses(help_desk, route):
    """Requirement P-45: the matrix of roles and routes."""
    path = route.path.replace("{id}", "req_01M84N6EY20CZ9W2PB73FKRKAY")
    for role in Role:
        answer = help_desk.ask(route.method, path, role, json=OPENING if route.body else None)
        if route.act is None or is_allowed(role, route.act):
            assert answer.status_code in (200, 201, 404), (role, answer.data)
        else:
            assert_problem(answer, 403, "act_not_allowed")
    assert_problem(help_desk.ask(route.method, path, None), 401)
    with help_desk.services.store.transaction() as tx:
        refused = [event for event in tx.evidence.iterate_facts() if event.fact == Fact.ACCESS_REFUSED]
    assert len(refused) == sum(route.act is not None and not is_allowed(role, route.act) for role in Role)
    assert {event.detail["doing"] for event in refused} <= {f"{route.method} {route.path}"}


def test_a_token_ends_with_its_day_with_its_user_and_when_it_is_revoked(help_desk, clock):
    assert help_desk.ask("GET", "/api/v1/requests", Role.ADMIN).status_code == 200
    with help_desk.services.store.transaction() as tx:
        tx.users.disable_user("admin")
        tx.api_access.delete_tokens("legal_compliance")
    for role in (Role.ADMIN, Role.LEGAL_COMPLIANCE):
        assert_problem(help_desk.ask("GET", "/api/v1/requests", role), 401)
    assert help_desk.ask("GET", "/api/v1/requests", Role.SYSADMIN).status_code == 200
    clock.at += timedelta(days=1)
    assert_problem(help_desk.ask("GET", "/api/v1/requests", Role.SYSADMIN), 401)
    for words in ("", "Bearer", "Bearer \u00e9", "Basic eDp5", f"Bearer {'x' * 300}"):
        assert_problem(help_desk.client.get("/api/v1/requests", headers={"Authorization": words}), 401)


def test_the_same_key_opens_one_request_however_often_and_at_once_it_comes(help_desk, clock):
    key = {"Idempotency-Key": "chat-4711"}
    answers: list[Any] = []

    def call() -> None:
        answers.append(help_desk.open(headers=dict(key)))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    with help_desk.services.store.transaction() as tx:
        names = [event.fact for event in tx.evidence.iterate_facts()]
    assert (names.count(Fact.REQUEST_OPENED), names.count(Fact.REQUEST_JOINED)) == (1, 0)
    other = OPENING | {"person": {"emails": ["canary.bikram@example.com"]}}
    assert_problem(help_desk.open(other, headers=dict(key)), 409, "key_reused")
    assert help_desk.open(other, headers=dict(key), role=Role.ADMIN).status_code == 201  # keys are each user's own
    assert_problem(help_desk.open(headers={"Idempotency-Key": "two words"}), 400)
    assert help_desk.count_requests() == 2
    clock.at += OPENINGS_KEPT + timedelta(days=1)
    assert expire_api_access(services=help_desk.services) == 2 + len(Role)  # two keys and every token


WRONG_BODIES = [
    ([], ""),
    ({}, "/kind"),
    (OPENING | {"kind": "canary"}, "/kind"),
    (OPENING | {"kind": "shop_erasure"}, "/kind"),
    (OPENING | {"kind": ["access"]}, "/kind"),
    (OPENING | {"canary": 1}, ""),
    (OPENING | {"person": {}}, "/person"),
    (OPENING | {"person": {"canary": "x"}}, "/person"),
    (OPENING | {"person": {"emails": "canary@example.com"}}, "/person/emails"),
    (OPENING | {"person": {"emails": ["canary"]}}, "email_unreadable"),
    (OPENING | {"person": {"phones": ["canary"]}}, "phone_unreadable"),
    (OPENING | {"person": {"customer_id": "-1"}}, "/person/customer_id"),
    (OPENING | {"person": {"emails": ["canary@example.com"] * 21}}, "/person/emails"),
    (OPENING | {"shop": "canary"}, "/shop"),
    (OPENING | {"received_at": "2026-11-12"}, "/received_at"),
    (OPENING | {"received_at": "2999-11-12T10:00:00Z"}, "received_in_the_future"),
    (OPENING | {"reason": "asked by canary.asha@example.com"}, "reason_names_a_person"),
    (OPENING | {"reason": "canary\0"}, "/reason"),
    (OPENING | {"reason": "....."}, "reason_says_too_little"),
    (OPENING | {"contact": {"address": "canary"}}, "contact_unreadable"),
    (OPENING | {"contact": {"address": "canary@example.com", "language": "xx"}}, "/contact/language"),
    (OPENING | {"particulars": {"ground": "canary"}}, ""),
]


def test_what_is_wrong_is_said_in_constant_words_and_nothing_is_opened(help_desk, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FAILURES", 100)
    for body, place in WRONG_BODIES:
        answer = help_desk.open(body or [1])
        assert_problem(answer, 422, "" if "/" in place else place)
        if place.startswith("/"):
            assert answer.json["pointer"] == place
    assert help_desk.count_requests() == 0


def test_bodies_and_queries_that_are_none_are_refused(help_desk):
    def send(data: bytes, kind: str = "application/json", **more: Any) -> Any:
        return help_desk.ask("POST", "/api/v1/requests", data=data, content_type=kind, **more)

    for raw in (b"", b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"', b"[" * 60_000, b"1" * 5000):
        answer = send(raw)
        assert answer.status_code in (400, 422), raw
        assert_problem(answer, answer.status_code)
    assert_problem(send(json.dumps(OPENING).encode(), "text/plain"), 415)
    assert_problem(send(b" " * 70_000), 413)
    assert_problem(send(b"{}", headers={"Transfer-Encoding": "chunked"}), 411)
    for query in (
        "canary=1",
        "limit=0",
        "limit=x",
        "limit=1&limit=2",
        "kind=canary",
        "since=yesterday",
        "late=1",
        "after=canary",
    ):
        assert_problem(help_desk.ask("GET", f"/api/v1/requests?{query}"), 422)
    assert_problem(help_desk.ask("GET", "/api/v1/processors?canary=1"), 422)
    for path in (
        "/api/v1/requests/canary",
        "/api/v1/requests/req_01M84N6EY20CZ9W2PB73FKRKAY",
        "/api/v1/requests/%0Acanary%0A",
        "/api/v1/canary",
        "/api",
    ):
        assert_problem(help_desk.ask("GET", path), 404)
    wrong = help_desk.ask("DELETE", "/api/v1/requests")
    assert_problem(wrong, 405)
    assert wrong.headers["Allow"] == "GET, HEAD, POST"


def test_calls_are_limited_for_each_token_and_strangers_by_their_address(help_desk):
    statuses = [help_desk.ask("GET", "/api/v1/processors?x=1", Role.ADMIN).status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]
    assert help_desk.ask("GET", "/api/v1/processors", Role.SYSADMIN).status_code == 200
    strangers = [help_desk.ask("GET", "/api/v1/processors", None) for _ in range(31)]
    assert [answer.status_code for answer in strangers] == [401] * 30 + [429]
    assert int(strangers[-1].headers["Retry-After"]) > 0


def test_the_document_is_open_and_every_schema_in_it_can_be_checked(help_desk):
    document = help_desk.client.get("/api/openapi.json")
    assert (document.status_code, document.json) == (200, build_openapi_document())
    assert set(document.json["paths"]) == {route.path for route in ROUTES}
    for kind in PARTICULARS_BY_KIND:  # a kind that can be opened tomorrow, too
        schema = schemas.build_particulars_schema(kind)
        assert schema_check.find_schema_fault(dict.fromkeys(schema["properties"]), schema) is not None
    for name in ("POST", "GET"):
        assert any(route.method == name for route in ROUTES)
    assert schema_check.find_schema_fault("1\n", schemas.NUMBER) == ""  # a line end is no digit
    assert {route.act for route in ROUTES} == {Act.OPEN_REQUESTS, Act.SEE_REQUESTS, None}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (RequestKind.CORRECTION, {"changes": [{"field": "phone", "new": "1"}]}),
        (RequestKind.RESTRICTION, {"ground": "accuracy"}),
        (RequestKind.OBJECTION, {"purposes": ["marketing"], "grounds": "x"}),
        (RequestKind.CONSENT_WITHDRAWAL, {}),
        (RequestKind.NOMINATION, {"name": "N", "contact": "n@example.com"}),
        (RequestKind.GRIEVANCE, {"text": "two\nlines\n"}),
        (RequestKind.INCIDENT, {"noticed_at": "2026-11-12T10:00:00Z", "text": "x"}),
    ],
)
def test_what_the_schema_of_particulars_takes_is_what_every_door_takes(kind, given):
    schema = schemas.build_particulars_schema(kind)
    assert schema_check.find_schema_fault(given, schema) is None
    from bridge.rules.requests.particulars import parse_particulars  # noqa: PLC0415

    assert parse_particulars(kind, given) is not None
    for name in given:
        without = {key: value for key, value in given.items() if key != name}
        is_missing = schema_check.find_schema_fault(without, schema) is not None
        try:
            parse_particulars(kind, without)
        except Exception:  # noqa: BLE001
            assert is_missing
        else:
            assert not is_missing
