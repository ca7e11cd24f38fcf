"""`user …` and `--as`: from the first user on, each command asks who runs it and looks into the one table of roles."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bridge.cli.acts import ACT_BY_COMMAND
from bridge.model import Act, Fact, Role
from bridge.rules.operators.access_table import is_allowed
from bridge.sandbox.processes import ROOT
from bridge.store.crypto import secret_verifier
from bridge.store.schema.retention_tables import refund_accounts
from tests.cli.start.command_tree import walk_leaves
from tests.cli.test_manners import take_words
from tests.cli.user.access_page import render_access_tables
from tests.e2e import processes

SECRET, OTHER = "three words of mine", "seven other words here"
BANK = {"account_number": "001234567890", "ifsc": "HDFC0001234", "account_holder": "Asha Qwertzuiop"}
GIVEN = {"refund keep": BANK, "token put": {"access_token": "t"}, "incident describe": {"culprit": "unknown"}}
LEAVES = dict(walk_leaves())


@dataclass(frozen=True)
class House:
    """A bridge with users, and who runs its commands."""

    environ: dict[str, str]
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def write_secret(self, secret: str) -> str:
        path = self.folder / "secret.txt"
        path.write_text(f"{secret}\n")
        return str(path)

    def say(self, *words: str, by: str = "", secret: str = SECRET, given: Any = "") -> processes.Result:
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(given if isinstance(given, str) else json.dumps(given)))
        who = {"BRIDGE_OPERATOR_SECRET_FILE": self.write_secret(secret)} | ({"BRIDGE_OPERATOR": by} if by else {})
        return processes.say(self.environ | who, *words)

    def add(self, name: str, role: Role, *, by: str = "chief") -> None:
        added = self.say("user", "add", name, "--role", role.value, "--secret-file", "-", by=by, given=SECRET)
        assert (added.code, added.err) == (0, "")

    def facts(self, fact: Fact) -> list[Any]:
        with processes.services(self.environ) as services, services.store.transaction() as tx:
            return [event for event in tx.evidence.iterate_facts() if event.fact == fact]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setattr(secret_verifier, "MEMORY_KIB", 64)  # a verifier says itself what it takes to compute it
    monkeypatch.setattr(secret_verifier, "ITERATIONS", 1)
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    monkeypatch.chdir(tmp_path)
    return House(environ, tmp_path, monkeypatch)


@pytest.fixture
def house(empty):
    empty.add("chief", Role.ADMIN, by="")
    return empty


def test_while_there_is_no_user_commands_ask_nobody_and_the_first_user_is_an_admin(empty):
    assert empty.say("dsr", "list").code == 0
    assert "There are no users" in empty.say("user", "list").out
    adding = ("user", "add", "chief", "--secret-file", "-", "--role")
    assert "the first user is an admin" in empty.say(*adding, "marketing", given=SECRET).err
    for weak in ("short", "a" * 20, "chief 123456789"):
        refused = empty.say(*adding, "admin", given=weak)
        assert (refused.code, weak in refused.err) == (1, False)
    added = empty.say(*adding, "admin", given=SECRET)
    assert "From now on every command" in added.out
    assert "It is not known who runs this." in empty.say("dsr", "list").err
    assert empty.say("dsr", "list", "--as", "chief").code == 0
    assert empty.say("status").code == 0
    assert empty.say(*adding, "admin", given=SECRET, by="chief").code == 1


def test_p45_the_page_shows_the_table_that_decides():
    """Requirement P-45: `python -m tests.cli.user.access_page` makes the table anew."""
    assert render_access_tables() in (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("act", Act)
def test_p45_the_table_gives_each_department_its_own_work(act):
    """Requirement P-45, as the policy's departments need it."""
    allowed = {role for role in Role if is_allowed(role, act)}
    assert Role.ADMIN in allowed
    assert (Role.MARKETING in allowed) == (act is Act.CHECK_CONSENTS)
    assert (Role.SALES_LOGISTICS in allowed) == (act is Act.SEE_SHIPMENTS)
    clear = {Act.REVEAL_DATA, Act.OPEN_VAULT, Act.READ_BANK_DETAILS, Act.KEEP_DISCLOSURES}
    assert not (act in clear and Role.SYSADMIN in allowed)
    works_on_cases = {Act.OPEN_REQUESTS, Act.WORK_REQUESTS, Act.APPROVE, Act.REFUSE_REQUESTS, Act.HOLD_RECORDS, *clear}
    assert not (act in works_on_cases and Role.LEGAL_COMPLIANCE not in allowed)


def test_p45_every_command_is_one_act_and_is_refused_to_each_role_that_the_table_refuses(house):
    """Requirement P-45: the matrix of roles and commands, by the examples of the commands themselves."""
    assert set(ACT_BY_COMMAND) == set(LEAVES), "a new command needs its act in bridge/cli/acts.py"
    for role in Role:
        if role is not Role.ADMIN:
            house.add(role, role)
    (house.folder / "order.json").write_text("{}")
    (house.folder / "answer.txt").write_text("We are sorry.")
    (house.folder / "report.eml").write_bytes((ROOT / "tests/fixtures/mail/exchange__not_found.eml").read_bytes())
    in_the_clear = {Act.REVEAL_DATA, Act.OPEN_VAULT, Act.READ_BANK_DETAILS, Act.KEEP_BANK_DETAILS, Act.OPEN_REQUESTS}
    in_the_clear.add(Act.KEEP_DISCLOSURES)
    for words, act in ACT_BY_COMMAND.items():
        example = LEAVES[words].examples[0].replace("--as devi", "")
        typed = [*take_words(example), *(["--yes"] if LEAVES[words].irreversible else [])]
        refused_roles = [Role.MARKETING, *([Role.SYSADMIN] if act in in_the_clear else [])]
        for role in refused_roles if act and act is not Act.CHECK_CONSENTS else ():
            refused = house.say(*typed, by=role, given=GIVEN.get(words, SECRET))
            assert refused.code == 1, (words, role, refused.err)
            assert f"The role {role} may not run `bridge {words}`" in refused.err, (words, role, refused.err)
            assert refused.out == ""
    refusals = house.facts(Fact.ACCESS_REFUSED)
    assert {event.detail["reason"] for event in refusals} == {"act_not_allowed"}
    assert {event.actor for event in refusals} == {"operator:marketing", "operator:sysadmin"}
    assert {event.detail["doing"] for event in refusals} == {
        words for words, act in ACT_BY_COMMAND.items() if act not in (None, Act.CHECK_CONSENTS)
    }


REVEALING_OPTIONS = {"--reveal", "--pdf"}


def test_p45_whoever_reads_personal_data_says_why(house):
    """Requirement P-45: each command that shows a person asks for a reason, and a letter's text is no mere state."""
    for words, act in ACT_BY_COMMAND.items():
        options = {option for parameter in LEAVES[words].params for option in parameter.opts}
        if act in (Act.REVEAL_DATA, Act.READ_BANK_DETAILS) or options & REVEALING_OPTIONS:
            assert "--reason" in options, words
    house.add("sam", Role.SYSADMIN)
    shown = ("letter", "show", "ltr_01M84N6EY20CZ9W2PB73FKRKAY")
    assert "may not run" not in house.say(*shown, by="sam").err
    refused = house.say(*shown, "--text", "--reason", "the person called", by="sam")
    assert "may not run `bridge letter show`" in refused.err


def test_who_is_named_with_the_right_secret_is_the_actor_of_the_facts(house):
    house.add("lena", Role.LEGAL_COMPLIANCE)
    opening = (
        "dsr",
        "open",
        "access",
        "--shop",
        processes.SHOP,
        "--email",
        "asha@example.com",
        "--reason",
        "mail of 12 Nov",
    )
    assert house.say(*opening, "--as", "lena", by="chief").code == 0
    assert [event.actor for event in house.facts(Fact.REQUEST_OPENED)] == ["operator:lena"]
    assert house.say("dsr", "list", by="lena", secret="").code == 1
    assert [event.detail["reason"] for event in house.facts(Fact.ACCESS_REFUSED)] == ["secret_missing"]


def test_wrong_secrets_are_counted_for_each_user_and_keep_the_next_one_waiting(house):
    house.add("lena", Role.LEGAL_COMPLIANCE)
    answers = [house.say("dsr", "list", "--json", by="lena", secret="wrong") for _ in range(5)]
    assert {json.loads(each.err)["error"] for each in answers} == {"The name or the secret is wrong."}
    nobody = house.say("dsr", "list", "--json", by="nobody")
    assert nobody.err == answers[0].err  # no answer tells who is a user
    assert "none is looked at until" in house.say("dsr", "list", by="lena").err
    # a dry run counts like any other
    for _ in range(5):
        house.say("hold", "sweep", "--dry-run", by="chief", secret="wrong")
    assert "none is looked at until" in house.say("dsr", "list", by="chief").err
    found = house.say("doctor", "--offline", "--json").json["checks"]
    details = [check["detail"] for check in found if check["name"] == "users"]
    assert details[0].startswith("one admin only")
    assert details[1] == "too many wrong secrets, locked: chief, lena"
    reasons = [event.detail["reason"] for event in house.facts(Fact.ACCESS_REFUSED)]
    assert reasons == ["secret_wrong"] * 6 + ["secret_locked"] + ["secret_wrong"] * 5 + ["secret_locked"]
    assert {event.actor for event in house.facts(Fact.ACCESS_REFUSED)} == {
        "operator:lena",
        "operator:unknown",
        "operator:chief",
    }


def test_another_secret_opens_a_lock_and_a_disabled_user_does_nothing(house):
    house.add("lena", Role.LEGAL_COMPLIANCE)
    for _ in range(5):
        house.say("dsr", "list", by="lena", secret="wrong")
    changed = house.say("user", "secret", "lena", "--secret-file", "-", by="chief", given=OTHER)
    assert (changed.code, OTHER in changed.out + changed.err) == (0, False)
    assert house.say("dsr", "list", by="lena", secret=SECRET).code == 1
    assert house.say("dsr", "list", by="lena", secret=OTHER).code == 0
    token = house.say("user", "token", "lena", "--expires", "1d", "--json", by="chief").json["token"]
    assert (
        "nobody else is an admin"
        in house.say("user", "disable", "chief", "--reason", "left us", "--yes", by="chief").err
    )
    assert (
        house.say("user", "disable", "lena", "--reason", "left us", "--yes", "--json", by="chief").json["tokens"] == 1
    )
    assert "This user is disabled." in house.say("dsr", "list", by="lena", secret=OTHER).err
    with processes.services(house.environ) as services, services.store.transaction() as tx:
        assert tx.api_access.find_token_user(token) is None
        everything = [str(event) for event in tx.evidence.iterate_facts()]
    assert not any(each in line for line in everything for each in (SECRET, OTHER, token))


def test_e09_bank_details_are_read_by_one_user_after_another_approved(house):
    """Requirement E-09, where there are users."""
    house.add("lena", Role.LEGAL_COMPLIANCE)
    account = house.say(
        *("refund", "keep", "--shop", processes.SHOP, "--order-id", "1001", "--refund-id", "R-1", "--json"),
        by="lena",
        given=BANK,
    ).json["id"]
    reading = (
        "refund",
        "read",
        account,
        "--refund-id",
        "R-1",
        "--purpose",
        "xvi",
        "--reason",
        "to pay the refund",
        "--json",
    )
    approving = ("refund", "approve", account, "--reason", "refund is due today")
    assert "another user must approve it" in house.say(*reading, by="lena").err
    assert house.say(*approving, by="lena").code == 0
    assert house.say(*reading, by="lena").code == 1  # nobody approves for themselves
    assert house.say(*approving, by="chief").code == 0
    assert house.say(*reading, by="lena").json == BANK
    assert house.say(*reading, by="chief").code == 1
    with processes.services(house.environ) as services, services.store.transaction() as tx:
        expired = {"approved_at": services.clock.now() - timedelta(hours=25)}
        tx.session.connection.execute(update(refund_accounts).values(**expired))
    assert house.say(*reading, by="lena").code == 1


def test_e09_a_legal_hold_is_approved_by_another_user_than_the_one_who_opened_it(house):
    """Requirement E-09: names cannot be lent, because each has a secret."""
    house.add("lena", Role.LEGAL_COMPLIANCE)
    opening = (
        "hold",
        "open",
        "--shop",
        processes.SHOP,
        "--order-id",
        "1001",
        "--reference",
        "suit-7",
        "--reason",
        "suit is pending",
    )
    hold = house.say(*opening, "--json", by="lena").json["id"]
    approving = ("hold", "approve", hold, "--reason", "suit is pending")
    assert "whoever opened it cannot approve it" in house.say(*approving, by="lena").err
    assert house.say(*approving, "--as", "chief", by="lena", secret="not the chief's").code == 1
    assert house.say(*approving, by="chief").code == 0


@pytest.mark.parametrize("reason", ["x", "test", "asdf", "reading", "test test", "just a test"])
def test_p67_no_reading_takes_a_reason_that_says_nothing(empty, reason):
    """Requirement P-67: one rule for every command that shows personal data, before anything is looked up."""
    request = "req_01M84N6EY20CZ9W2PB73FKRKAY"
    for words in (
        ("dsr", "package", request, "--out", "-"),
        ("inbox", "show", request.replace("req", "dlv"), "--reveal"),
        ("notice", "show", request.replace("req", "ntc"), "--reveal"),
        ("review", "show", request.replace("req", "rev"), "--reveal"),
        ("refund", "read", request.replace("req", "rfd"), "--refund-id", "9", "--purpose", "xvi"),
        ("vault", "open", request.replace("req", "doc"), "--role", "admin", "--out", "-"),
    ):
        refused = empty.say(*words, "--reason", reason)
        assert (refused.code, "--reason" in refused.err) == (2, True), words
        assert empty.say(*words, "--reason", "answer to ticket 4711").code == 1, words  # there is no such id


def test_the_role_of_a_user_opens_the_vault_and_no_other_is_stated(house):
    opening = ("vault", "open", "doc_01M84N6EY20CZ9W2PB73FKRKAY", "--reason", "tax audit of May", "--out", "-")
    assert "leave --role out" in house.say(*opening, "--role", "legal_compliance", by="chief").err
    assert "There is no document" in house.say(*opening, by="chief").err


def test_a_terminal_asks_for_the_secret_and_does_not_show_it(house):
    environ = house.environ | {"BRIDGE_OPERATOR": "chief", "TERM": "dumb"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-m", "bridge", "dsr", "list"], environ)  # noqa: S606 - our own
    shown = b""
    while b"Secret of chief:" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, SECRET.encode() + b"\n")
    with suppress(OSError):  # the terminal ends with the program
        while more := os.read(terminal, 1000):
            shown += more
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0, shown
    assert b"No requests." in shown
    assert SECRET.encode() not in shown


def test_p45_to_reveal_is_an_act_of_its_own(house):
    """Requirement P-45: the system administrator lists what is there and reads no personal data in the clear."""
    house.add("root", Role.SYSADMIN)
    showing = ("inbox", "show", "dlv_01M84N6EY20CZ9W2PB73FKRKAY")
    assert "There is no delivery" in house.say(*showing, by="root").err
    revealing = house.say(*showing, "--reveal", "--reason", "to find the defect", by="root")
    assert "The role sysadmin may not run `bridge inbox show`. The refusal is recorded as evidence." in revealing.err
    assert "read personal data in the clear" in revealing.err
