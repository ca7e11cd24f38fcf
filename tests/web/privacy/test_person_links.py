"""The links of letters to persons: a package that is read once, and the question whether it was them. S-06, S-01, P-30."""

from __future__ import annotations

import hashlib
import socket
import time
import urllib.request
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConcurrentChange, PayloadInvalid
from bridge.model import (
    AnswerBasis,
    IdentityDoubt,
    IdentityMethod,
    LetterKind,
    LinkPurpose,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.steps.access import download_links
from bridge.steps.access.download_links import make_download_link, renew_download_link, stream_package
from bridge.steps.identity.doubts import ask_for_identity
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.letters.queue_letter import queue_letter
from bridge.store.access.packages import PIECE_BYTES
from tests.factories import ASHA, NOW, SHOP, customer, make_request, opened
from tests.kit.stored import write_package
from tests.web.notice_case import client_of, rows, sent

CONTENT = b"PK" + bytes(range(256)) * (PIECE_BYTES // 256) * 2  # three pieces
ACTOR = "operator:officer"


@pytest.fixture
def stated(services, monkeypatch):
    """Services whose merchant left nothing unsaid that keeps a package back."""
    monkeypatch.setattr(download_links, "list_package_blockers", lambda *_: [])
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer()])
    return services


def store_package(services, address=ASHA.email, *, proven=False, content=CONTENT, **given):
    """Store an access request that was answered an hour ago, with its package."""
    request = make_request(source=RequestSource.OPERATOR, closed_at=NOW, **given)
    with services.store.transaction() as tx:
        opened(tx, request)
        tx.session.connection.exec_driver_sql("UPDATE requests SET closed_at = received_at, state = 'done'")
        with write_package(tx, request.id) as out:
            out.write(content)
        contact = ReplyContact(address=address, proven=proven)
        tx.request_details.save_details(request.id, SHOP, RequestDetails(contact=contact))
        return tx.requests.get_request(request.id)


def make_path(services, request):
    with services.store.transaction() as tx:
        link = LINK_BY_LETTER[LetterKind.ANSWER](request, tx, services)
    return link and "/packages/" + link.rpartition("/")[2]


def list_fact_pairs(services, request):
    with services.store.transaction() as tx:
        return [(event.fact, event.detail) for event in tx.evidence.list_facts_of_request(request.id)]


def get_request(services, request):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request.id)


# --- The package ---------------------------------------------------------------------------------------


def test_s06_p30_a_link_gives_the_package_once_and_that_is_the_answer(stated, clock):
    """S-06, P-30: the copy is handed over by a link that works once; the download is a fact, and stops the clock."""
    request = store_package(stated)
    path, client = make_path(stated, request), client_of(stated)
    before = rows(stated)
    shown, looked = client.get(path), client.head(path)
    assert (shown.status_code, looked.status_code, rows(stated)) == (200, 200, before), "a scanner uses nothing up"
    for words in (request.id, "22 November 2026", "0.5 MB", "6 December 2026", "Example Silver"):
        assert words in shown.text
    assert path.rpartition("/")[2] not in shown.text
    clock.at += timedelta(days=13)
    given = client.post(path)
    assert (given.status_code, given.data == CONTENT) == (200, True)
    assert given.headers["Content-Disposition"] == f'attachment; filename="{request.id}.zip"'
    assert given.content_length == len(CONTENT)
    assert "Set-Cookie" not in given.headers
    answered = get_request(stated, request)
    assert (answered.answered_at, answered.answer_basis) == (clock.at, AnswerBasis.DELIVERED)
    assert answered.handed_over_at == clock.at
    [(_, released)] = [fact for fact in list_fact_pairs(stated, request) if fact[0] == "package.released"]
    [(_, delivered)] = [fact for fact in list_fact_pairs(stated, request) if fact[0] == "answer.delivered"]
    assert (released["channel"], delivered["channel"], delivered["late"]) == ("link", "link", False)
    assert (released["bytes"], released["sha256"]) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    ended = [client.post(path), client.get(path)]
    unknown = client.get("/packages/" + "x" * 43)
    assert [one.status_code for one in (*ended, unknown)] == [410, 410, 404]
    assert {one.text for one in ended} == {unknown.text}, "the same text, whatever the reason"


def test_a_link_ends_after_fourteen_days_and_with_its_package(stated, clock):
    request = store_package(stated)
    path, client = make_path(stated, request), client_of(stated)
    clock.at += timedelta(days=14)
    assert client.post(path).status_code == 410
    clock.at -= timedelta(days=1)
    assert client.get(path).status_code == 200
    with stated.store.transaction() as tx:
        tx.packages.delete_package(request.id)
    assert client.post(path).status_code == 410
    assert get_request(stated, request).answered_at is None


def test_a_download_that_broke_off_may_be_tried_again_until_one_was_whole(stated):
    request = store_package(stated)
    path = make_path(stated, request)
    token = path.rpartition("/")[2]
    offered = download_links.open_offered_package(token, services=stated)
    for pieces in range(4):
        stream = stream_package(token, offered, services=stated)
        for _ in range(pieces):
            next(stream)
        stream.close()
        assert get_request(stated, request).answered_at is None, "not before somebody took the last byte and came back"
    assert b"".join(stream_package(token, offered, services=stated)) == CONTENT
    assert get_request(stated, request).answered_at is not None
    assert client_of(stated).post(path).status_code == 410


def test_two_who_began_before_the_end_are_both_on_record_and_the_first_is_the_answer(stated, clock):
    request = store_package(stated)
    token = make_path(stated, request).rpartition("/")[2]
    offered = download_links.open_offered_package(token, services=stated)
    first, second = (stream_package(token, offered, services=stated) for _ in range(2))
    next(second)
    assert b"".join(first) == CONTENT
    clock.at += timedelta(minutes=1)
    list(second)
    names = [name for name, _ in list_fact_pairs(stated, request)]
    assert (names.count("package.released"), names.count("answer.delivered")) == (2, 1)


def test_a_package_that_is_made_anew_meanwhile_breaks_the_download_off(stated, clock):
    request = store_package(stated)
    token = make_path(stated, request).rpartition("/")[2]
    stream = stream_package(token, download_links.open_offered_package(token, services=stated), services=stated)
    next(stream)
    clock.at += timedelta(seconds=1)
    with stated.store.transaction() as tx, write_package(tx, request.id) as out:
        out.write(CONTENT)
    with pytest.raises(ConcurrentChange):
        list(stream)
    assert client_of(stated).post(f"/packages/{token}").data == CONTENT


@pytest.mark.parametrize(
    ("address", "proven", "has_link"),
    [(ASHA.email, False, True), ("new@example.com", True, True), ("new@example.com", False, False)],
)
def test_s06_the_link_goes_to_an_address_that_is_on_record_or_proven(stated, address, proven, has_link):
    """S-06: to the verified contact, and to no other."""
    request = store_package(stated, address, proven=proven)
    assert bool(make_path(stated, request)) is has_link


def test_no_link_leads_to_what_is_no_package_or_may_not_leave(services):
    with services.store.transaction() as tx:
        erasure = opened(tx, make_request(kind=RequestKind.ERASURE))
        assert make_download_link(erasure, tx, services) is None
    request = store_package(services, proven=True)
    assert make_path(services, request) is None, "the shipped merchant file leaves things unsaid"


def test_a_new_link_ends_the_old_ones_and_its_letter_has_the_next_number(stated):
    request = store_package(stated)
    old, client = make_path(stated, request), client_of(stated)
    with stated.store.transaction() as tx:
        queue_letter(request, LetterKind.ANSWER, tx=tx)
    numbers = [renew_download_link(request.id, actor=ACTOR, reason="a scanner", services=stated) for _ in range(2)]
    assert numbers == [1, 2]
    assert client.get(old).status_code == 404
    with stated.store.transaction() as tx:
        assert [one.number for one in tx.person_letters.list_letters(request.id)] == [0, 1, 2]
    assert [detail["number"] for name, detail in list_fact_pairs(stated, request) if name == "download.renewed"] == [
        1,
        2,
    ]
    unverified = store_package(stated, "x@example.com", subject="other").id
    for request_id, why in (("req_none", "request_unknown"), (unverified, "address_not_verified")):
        with pytest.raises(PayloadInvalid, match=why):
            renew_download_link(request_id, actor=ACTOR, reason="a scanner", services=stated)


# --- Was it you? ---------------------------------------------------------------------------------------


def ask_asha(services):
    request = make_request(source=RequestSource.OPERATOR, principal=replace(ASHA, phone=""))
    with services.store.transaction() as tx:
        opened(tx, request)
    ask_for_identity(request.id, IdentityDoubt.UNUSUAL_REQUEST, actor=ACTOR, reason="asked twice", services=services)
    with services.store.transaction() as tx:
        link = LINK_BY_LETTER[LetterKind.IDENTITY_REQUEST](request, tx, services)
    return request, "/identity/" + link.rpartition("/")[2]


def test_p37_the_link_to_a_recorded_address_proves_who_asks_once(stated):
    """P-37: a link that went to a contact on record proves who asks."""
    request, path = ask_asha(stated)
    client = client_of(stated)
    before = rows(stated)
    shown = client.get(path)
    assert (shown.status_code, client.head(path).status_code, rows(stated)) == (200, 200, before)
    assert request.id in shown.text
    assert sent(client, path, {"do": "perhaps"}).status_code == 400
    assert client.post(path, data=b"{}", content_type="application/json").status_code == 415
    assert "Thank you" in sent(client, path, {"do": "yes"}).text
    with stated.store.transaction() as tx:
        check = tx.identity_checks.find_check(request.id)
    assert check.method is IdentityMethod.LINK_TO_RECORDED_CONTACT
    gone = sent(client, path, {"do": "no"})
    assert gone.status_code == 404, "every link of the question ends with it"
    assert client.get("/identity/" + "x" * 43).text == gone.text


def test_no_says_that_it_was_somebody_else(stated):
    request, path = ask_asha(stated)
    assert "do not act" in sent(client_of(stated), path, {"do": "no"}).text
    with stated.store.transaction() as tx:
        assert tx.identity_checks.find_open_check(request.id).failed_at is not None
    assert sent(client_of(stated), path, {"do": "yes"}).status_code == 410


def test_a_link_is_for_its_own_purpose(stated):
    _, path = ask_asha(stated)
    package = make_path(stated, store_package(stated, principal=Principal(email=ASHA.email), subject="other"))
    client = client_of(stated)
    assert client.get(path.replace("/identity/", "/packages/")).status_code == 404
    assert sent(client, package.replace("/packages/", "/identity/"), {"do": "yes"}).status_code == 404


# --- The real server -----------------------------------------------------------------------------------

BIG = b"PK" + b"0123456789abcdef" * 1_000_000


def test_over_a_real_socket_a_reader_that_leaves_uses_nothing_up_and_one_that_stays_does(edge):
    services = edge.services
    request = store_package(services, content=BIG)
    with services.store.transaction() as tx:
        token = tx.person_links.create_link(
            request.id, LinkPurpose.DOWNLOAD, expires_at=services.clock.now() + timedelta(days=1)
        )
    host, port = edge.url.removeprefix("http://").split(":")
    head = f"POST /packages/{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

    def fetch(most: int) -> bytes:
        got = bytearray()
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            connection.sendall(head)
            while len(got) < most and (piece := connection.recv(65_536)):
                got += piece
        return bytes(got)

    assert fetch(200_000).startswith(b"HTTP/1.1 200")
    assert get_request(services, request).answered_at is None
    whole = fetch(len(BIG) + 10_000)
    assert whole.partition(b"\r\n\r\n")[2] == BIG
    assert f"content-length: {len(BIG)}".encode() in whole[:1_000].lower()
    for _ in range(100):
        if get_request(services, request).answered_at is not None:
            break
        time.sleep(0.05)
    assert get_request(services, request).answered_at is not None
    assert fetch(1_000).startswith(b"HTTP/1.1 410")


def test_the_page_is_served_without_mail_and_without_a_shop_in_its_file(edge):
    """A merchant who has set nothing up yet shows at least how to be reached."""
    with urllib.request.urlopen(f"{edge.url}/privacy?lang=hi", timeout=10) as shown:  # noqa: S310 - of this machine
        text = shown.read().decode()
    assert '<html lang="hi">' in text
    assert "privacy@example.in" in text
    assert "ask=access" not in text, "no code can be sent"
    assert "ask=consent_withdrawal" in text, "nobody has to prove who they are"
