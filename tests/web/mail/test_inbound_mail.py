"""A mail provider posts mail: with the secret, in each form that is understood, taken in once, 200 only when committed."""

import base64
import json
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.utils import format_datetime

import pytest
from flask.testing import FlaskClient

from bridge.web.app import create_app
from config.env_parsers import Secret
from tests.kit.fronts.mailbox_server import write_mail

TOKEN = "an-invented-token-of-mail"
MAIL = write_mail().as_bytes()


@pytest.fixture
def mail_client(services) -> FlaskClient:
    settings = replace(services.settings, mail_webhook_token=Secret(TOKEN))
    return create_app(replace(services, settings=settings), services.store).test_client()


def post_mail(mail_client, body=MAIL, media_type="message/rfc822", token=TOKEN, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return mail_client.post("/inbound/mail", data=body, content_type=media_type, headers=headers | more).status_code


def test_a_mail_is_taken_in_once_in_every_form(mail_client, services):
    assert post_mail(mail_client) == 200
    assert post_mail(mail_client, json.dumps({"RawEmail": MAIL.decode(), "From": "x"}), "application/json") == 200
    for name in ("email", "body-mime"):
        reply = mail_client.post(
            "/inbound/mail", data={name: MAIL.decode()}, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert reply.status_code == 200
    basic = base64.b64encode(f"mail:{TOKEN}".encode()).decode()
    assert post_mail(mail_client, token="", Authorization=f"Basic {basic}") == 200
    with services.store.read() as tx:
        (mail,) = tx.mails.list_mails()
        assert tx.mails.open_content(mail).message_id == message_from_bytes(MAIL)["Message-ID"]


@pytest.mark.parametrize(
    ("lines", "age"),
    [
        ([], 0),
        (["no date"], 0),
        (["from a by mx; Thu, 32 Nov 2026 10:00:00 +0000"], 0),
        (["from a by mx; {day:-3}"], 3),
        (["from b by mx; {day:-1}", "from a by b; {day:-2}"], 1),
        (["from a by mx; {day:+2}"], 0),
    ],
)
def test_the_term_counts_from_the_arrival_at_the_provider_whose_line_is_the_topmost(mail_client, services, lines, age):
    def write_day(match):
        return format_datetime(services.clock.now() + timedelta(days=int(match[1])))

    headers = "".join(f"Received: {re.sub(r'{day:([+-][0-9])}', write_day, line)}\r\n" for line in lines)
    assert post_mail(mail_client, headers.encode() + MAIL) == 200
    with services.store.read() as tx:
        (mail,) = tx.mails.list_mails()
    assert services.clock.now() - mail.arrived_at == timedelta(days=age)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é"])
def test_without_the_secret_nothing_is_taken(mail_client, services, token):
    assert post_mail(mail_client, token=token) == 401
    for header in ("Basic !", f"Basic {base64.b64encode(b':').decode()}", f"Digest {TOKEN}", "Bearer"):
        assert post_mail(mail_client, token="", Authorization=header) == 401
    with services.store.read() as tx:
        assert tx.mails.list_mails() == []


def test_while_no_secret_is_set_there_is_no_such_page(services):
    mail_client = create_app(services, services.store).test_client()
    assert post_mail(mail_client) == 404


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "message/rfc822"),
        (MAIL, "text/plain"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"RawEmail": 3}', "application/json"),
        (b'{"TextBody": "x"}', "application/json"),
        (b"text=x", "application/x-www-form-urlencoded"),
        (b"--b\r\n\r\n", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
    ],
)
def test_what_is_no_mail_is_refused(mail_client, body, media_type):
    assert post_mail(mail_client, body, media_type) == 415
