"""A person takes an erasure back by the link of the acknowledgement; a link that is not valid tells nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import LetterKind, LinkPurpose, ReplyContact, RequestDetails, RequestKind, RequestState
from bridge.model.desk.particulars import Language
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP
from tests.kit.operator_requests import let_act, list_answers, open_as_operator

UNKNOWN = "A" * 43
FORM = "application/x-www-form-urlencoded"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def open_acknowledged(services, kind=RequestKind.ERASURE):
    """Open a request and return its id, and the path of the link in its acknowledgement."""
    request_id = open_as_operator(services, ASHA, shop=SHOP, kind=kind, approved=False)
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        link = LINK_BY_LETTER[LetterKind.ACKNOWLEDGEMENT](request, tx, services)
    return request_id, link and "/requests/" + link.rpartition("/requests/")[2]


def read_request(services, request_id):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id)


def describe_response(response):
    return response.status_code, sorted(response.headers.items()), response.data


def press_button(client, path, **given):
    return client.post(path, **{"data": "", "content_type": FORM} | given)


def test_reading_the_page_changes_nothing_and_the_button_ends_the_request(client, services):
    request_id, path = open_acknowledged(services)
    for _ in range(2):  # a mail scanner, then the person
        page = client.get(path)
        assert (page.status_code, page.mimetype) == (200, "text/html")
    assert request_id.encode() in page.data
    assert b"<script" not in page.data
    assert path.rpartition("/")[2].encode() not in page.data, "the token is in no page"
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert read_request(services, request_id).state is RequestState.IN_PROGRESS
    assert press_button(client, path).status_code == 200
    ended = read_request(services, request_id)
    assert (ended.state, ended.ending) == (RequestState.DONE, "withdrawn")
    assert not process_request(request_id, services=services)
    with services.store.transaction() as tx:
        (fact,) = (one for one in tx.evidence.list_facts_of_request(request_id) if one.fact == "request.withdrawn")
    assert [one.kind for one in list_answers(services, request_id)] == [LetterKind.WITHDRAWN]
    assert (fact.actor, fact.detail["via"]) == ("data_subject", "by_link")
    assert press_button(client, path).status_code == 404, "once"


def test_every_link_that_is_not_valid_gets_one_answer(client, services, clock):
    _, used = open_acknowledged(services)
    assert press_button(client, used).status_code == 200
    begun_id, begun = open_acknowledged(services)
    let_act(services, begun_id)
    with services.store.transaction() as tx:
        other = tx.person_links.create_link(begun_id, LinkPurpose.DOWNLOAD, expires_at=clock.at + timedelta(days=9))
        gone = tx.person_links.create_link(begun_id, LinkPurpose.TAKE_BACK, expires_at=clock.at)
    paths = [
        f"/requests/{UNKNOWN}",
        used,
        begun,
        f"/requests/{other}",
        f"/requests/{gone}",
        "/requests/x",
        "/requests/%00%FF",
    ]
    pages = [describe_response(client.get(path)) for path in paths]
    assert pages[0][0] == 404
    assert pages == [pages[0]] * len(paths)
    assert [describe_response(press_button(client, path)) for path in paths] == pages
    assert read_request(services, begun_id).ending is None


def test_what_is_no_form_and_what_is_too_long_changes_nothing(client, services):
    request_id, path = open_acknowledged(services)
    assert press_button(client, path, content_type="application/json").status_code == 415
    assert press_button(client, path, data="x" * 2_000).status_code == 413
    assert read_request(services, request_id).ending is None


def test_there_is_a_link_only_while_it_can_be_taken_back(services, clock):
    assert open_acknowledged(services, RequestKind.ACCESS)[1] is None
    request_id, path = open_acknowledged(services)
    assert path
    clock.at += timedelta(hours=48)
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        assert LINK_BY_LETTER[LetterKind.ACKNOWLEDGEMENT](request, tx, services) is None


def test_the_page_speaks_the_language_of_the_letters(client, services):
    request_id, path = open_acknowledged(services)
    contact = ReplyContact(address="asha@example.com", language=Language.HINDI)
    with services.store.transaction() as tx:
        tx.request_details.save_details(request_id, SHOP, RequestDetails(contact=contact))
    page = client.get(path).get_data(as_text=True)
    assert 'lang="hi"' in page
    assert "अनुरोध वापस लें" in page
