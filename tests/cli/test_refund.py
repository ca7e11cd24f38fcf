"""`refund …`: details are never arguments or echoed, are shown masked, and are readable for an open refund only."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import subprocess
import sys
import termios
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bridge.sandbox.processes import ROOT
from bridge.store.schema.retention_tables import refund_accounts
from tests.e2e import processes

BANK = {"account_number": "001234567890", "ifsc": "HDFC0001234", "account_holder": "Asha Qwertzuiop"}
DAYS = timedelta(days=1)


@dataclass(frozen=True)
class Till:
    """An operator who pays refunds."""

    environ: dict[str, str]
    monkeypatch: pytest.MonkeyPatch

    def say(self, *words, given=None):
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(given if isinstance(given, str) else json.dumps(given)))
        return processes.say(self.environ, "refund", *words)

    def keep(self, refund="COD-1", given=None, *words):
        result = ("--shop", processes.SHOP, "--order-id", "1001", "--refund-id", refund, *words)
        return self.say("keep", *result, given=given or BANK)


@pytest.fixture
def till(tmp_path, monkeypatch):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    return Till(environ, monkeypatch)


def today():
    return datetime.now(ZoneInfo("Asia/Kolkata")).date().isoformat()  # the bank's day, and the books'


def test_details_are_stored_masked_and_readable_only_until_the_refund_is_settled(till):
    """Requirement P-03."""
    kept = till.keep("COD-1", BANK, "--json")
    assert (kept.code, kept.err) == (0, "")
    mark = kept.json["id"]
    assert (kept.json["to"], kept.json["state"]) == ("bank ****7890", "open")
    listed, shown = till.say("list", "--json"), till.say("show", mark, "--json")
    assert [row["id"] for row in listed.json] == [mark]
    for output in (kept, listed, shown, till.say("list"), till.say("show", mark)):
        assert not any(value in output.out + output.err for value in BANK.values())
    lock = ("read", mark, "--refund-id", "COD-1", "--reason", "paying the refund")
    assert till.say(*lock, "--purpose", "xvi", "--json").json == BANK
    assert BANK["ifsc"] in till.say(*lock, "--purpose", "xvi").out
    refused = till.say(*lock, "--purpose", "xv", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert "Refused, and recorded" in refused.err
    early = (datetime.now(UTC) - 2 * DAYS).date().isoformat()
    paid = ("settle", "--yes", mark, "--reference", "412345678901", "--amount", "1234.00", "--on")
    assert till.say(*paid, early).code == 2
    settled = till.say(*paid, today(), "--json")
    assert (settled.code, settled.json["state"]) == (0, "settled")
    assert till.say(*paid, today()).code == 1
    shown = till.say("show", mark, "--json").json
    assert (shown["reference"], shown["amount"], shown["currency"]) == ("412345678901", "1234.00", "INR")
    assert till.say(*lock, "--purpose", "xvi").code == 1
    assert till.say("list", "--state", "open", "--json").json == []
    facts = [json.loads(line)["fact"] for line in exported(till)]
    assert facts == [
        "refund_account.kept",
        *["refund_account.read"] * 2,
        "refund_account.refused",
        "refund_account.settled",
        "refund_account.refused",
        "evidence.exported",
    ]


def exported(till):
    target = till.environ["DATABASE_URL"].removeprefix("sqlite:///") + ".jsonl"
    assert processes.say(till.environ, "evidence", "export", "--out", target).code == 0
    with open(target, encoding="utf-8") as chain:  # noqa: PTH123 - the name is text
        return chain.read().splitlines()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("no json 001234567890", "JSON"),
        (["001234567890"], "JSON"),
        (BANK | {"ifsc": "HDFC1001234"}, "ifsc"),
        (BANK | {"account_number": 1234567890}, "JSON string"),
        (BANK | {"001234567890": ""}, "only account_number"),
        ({"upi_id": "asha@example.in"}, "handle"),
    ],
)
def test_invalid_details_are_refused_without_repeating_them(till, given, word):
    output = till.say("keep", "--shop", processes.SHOP, "--order-id", "1", "--refund-id", "2", given=given)
    assert (output.code, output.out) == (2, "")
    assert word in output.err
    for value in ("001234567890", "1234567890", "HDFC1001234", "asha@example.in", "Qwertzuiop"):
        assert value not in output.err
    assert till.say("list", "--json").json == []


def test_a_refund_has_details_once_and_wrong_ones_are_erased_first(till):
    mark = till.keep("COD-1", BANK, "--json").json["id"]
    assert till.keep("COD-1").code == 1
    assert till.say("erase", "--yes", mark, "--reason", "typed wrong", "--json").json["state"] == "erased"
    assert till.say("erase", "--yes", mark, "--reason", "typed wrong").code == 1
    again = till.keep("COD-1", {"upi_id": "asha@okbank"}, "--json")
    assert (again.code, again.json["to"]) == (0, "upi")
    assert till.say("list", "--order-id", "1001").code == 2
    found = till.say("list", "--shop", processes.SHOP, "--order-id", "1001", "--json").json
    assert [row["id"] for row in found] == [again.json["id"]]
    for command in (("show", "rfd_nobody"), ("erase", "--yes", "rfd_nobody", "--reason", "test")):
        assert till.say(*command).code == 1
    assert till.say("keep", "--shop", "nobody", "--order-id", "1", "--refund-id", "2", given=BANK).code == 2
    assert till.keep("a b").code == 2


def test_a_terminal_prompt_echoes_nothing(till):
    ours, theirs = pty.openpty()
    words = ("refund", "keep", "--shop", processes.SHOP, "--order-id", "1001", "--refund-id", "COD-9")
    asking = subprocess.Popen(
        [sys.executable, "-m", "bridge", *words],
        env=till.environ,
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - a terminal of its own
    )
    os.close(theirs)
    seen = b""
    answers = iter([*BANK.values()])
    for question in (b"UPI): ", b"IFSC: ", b"account: "):
        while question not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, next(answers).encode() + b"\n")
    while chunk := rest(ours):
        seen += chunk
    assert asking.wait(timeout=20) == 0, seen
    assert b"COD-9: bank ****7890" in seen
    for value in BANK.values():
        assert value.encode() not in seen
    os.close(ours)


def rest(terminal):
    try:
        return os.read(terminal, 1024)
    except OSError:  # Linux says EIO where the other side has closed
        return b""


def test_doctor_reports_bank_details_that_stay_too_long(till):
    open_, late, undated = (till.keep(f"COD-{number}", BANK, "--json").json["id"] for number in range(3))
    for mark in (late, undated):
        till.say("settle", "--yes", mark, "--reference", "412345678901", "--amount", "1", "--on", today())
    doctor = ("doctor", "--offline", "--json")

    def result():
        checks = processes.say(till.environ, *doctor).json["checks"]
        return [(check["ok"], check["detail"]) for check in checks if "refund" in check["name"]]

    assert result() == []
    now = datetime.now(UTC)
    with processes.services(till.environ) as services, services.store.transaction() as tx:
        for mark, values in (
            (open_, {"opened_at": now - 61 * DAYS}),
            (late, {"erase_at": now - DAYS}),
            (undated, {"erase_at": None}),
        ):
            these = refund_accounts.c.id == mark
            tx.session.connection.execute(update(refund_accounts).where(these).values(values))
    assert [ok for ok, _ in result()] == [None, None, False]
    assert [mark in detail for (_, detail), mark in zip(result(), (open_, undated, late), strict=True)] == [True] * 3
