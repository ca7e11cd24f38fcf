"""`mail …`: fetched from a real mailbox, listed with its clocks, read with a reason, opened or ended once."""

from __future__ import annotations

import json

import pytest

from tests.e2e import processes
from tests.kit.fronts.mailbox_server import run_mailbox_server, write_mail

REASON = ("--reveal", "--reason", "to see what is asked")


@pytest.fixture(scope="module")
def mail_office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    with run_mailbox_server(folder) as server:
        environ = processes.environment(f"sqlite:///{folder}/bridge.db", "", MAILBOX_URL=server.url)
        processes.migrate(environ)
        server.put(
            write_mail(subject="Qwertzuiop asks", text="Please erase everything."),
            write_mail(message_id="<2@a.example>", text="Win a prize"),
            write_mail(message_id="<3@a.example>", Auto_Submitted="auto-replied"),
        )
        yield environ


def type_mail(environ, *words, **given):
    return processes.say(environ, "mail", *words, **given)


def test_mail_is_fetched_listed_read_opened_and_ended(mail_office):
    assert "3 new mails" in type_mail(mail_office, "fetch").out
    assert type_mail(mail_office, "fetch", "--json").json == {"taken_in": 0}
    asks, prize = type_mail(mail_office, "list", "--json").json
    assert len(type_mail(mail_office, "list", "--all", "--json").json) == 3
    assert asks["acknowledge_due_at"] < asks["due_at"]
    shown = type_mail(mail_office, "show", asks["id"])
    assert "qwertzuiop" not in shown.out.lower()
    assert type_mail(mail_office, "show", asks["id"], "--reveal").code == 2
    revealed = type_mail(mail_office, "show", asks["id"], *REASON, "--json").json
    assert (revealed["sender"], revealed["text"]) == ("asha@qwertzuiop.example", "Please erase everything.")
    opened = type_mail(
        mail_office, "open", asks["id"], "access", "--shop", processes.SHOP, "--language", "hi", "--json"
    )
    assert opened.code == 0, opened.err
    request = processes.say(mail_office, "dsr", "show", opened.json["id"], "--json").json
    assert (request["source"], request["received_at"]) == ("mail", asks["arrived_at"])
    again = type_mail(mail_office, "open", asks["id"], "access", "--shop", processes.SHOP)
    assert again.code == 1
    assert opened.json["id"] in again.err
    assert type_mail(mail_office, "dismiss", prize["id"], "--reason", "an advertisement").code == 0
    assert type_mail(mail_office, "dismiss", prize["id"], "--reason", "an advertisement").code == 1
    assert "No mail waits" in type_mail(mail_office, "list").out


@pytest.mark.parametrize("text", ["", "[]", "{", '{"email": 3}'])
def test_identifiers_that_name_nobody_open_nothing(mail_office, tmp_path, text):
    (tmp_path / "who.json").write_text(text)
    (prize,) = [row for row in type_mail(mail_office, "list", "--all", "--json").json if row["kind"] == "automatic"]
    assert type_mail(mail_office, "open", prize["id"], "access", "--identifiers", str(tmp_path / "who.json")).code in (
        1,
        2,
    )


def test_a_mailbox_that_refuses_is_named_by_fetch_doctor_and_status(mail_office, tmp_path):
    environ = mail_office | {"MAILBOX_URL": "imap://a:b@127.0.0.1:1/INBOX"}
    environ["DATABASE_URL"] = f"sqlite:///{tmp_path}/other.db"
    processes.migrate(environ)
    fetched = type_mail(environ, "fetch")
    assert fetched.code == 1
    assert "nothing listens there" in fetched.err
    checks = processes.say(environ, "doctor", "--json").json["checks"]
    named = {check["name"]: check for check in checks if "mailbox" in check["name"]}
    assert named["mailbox"]["ok"] is False
    assert "mail fetch" in named["mailbox unreadable"]["fix"]
    assert json.dumps(named).count("a:b@") == 0


def test_without_a_mailbox_fetch_says_what_to_set(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    assert "MAILBOX_URL" in type_mail(environ, "fetch").err
