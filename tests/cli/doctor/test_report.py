"""`doctor` shows what failed first, each with what to type; it folds the rest, and is a gate for releases."""

import ast
from pathlib import Path

import pytest

from bridge.cli.doctor.operations.report import print_report
from tests.e2e import processes

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*(ROOT / "bridge/cli/doctor").rglob("*.py"), *(ROOT / "bridge/connectors").rglob("*.py")])
SIZE = 20


def make_check(name, *, ok, **given):
    return {"name": name, "ok": ok, "detail": "words", "fix": "type this", "stops_release": False, **given}


def is_never_false(node):
    return isinstance(node, ast.Constant) and node.value is not False


def list_checks_without_fix():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CheckResult":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                conditional = isinstance(given["ok"], ast.IfExp) and all(
                    is_never_false(part) for part in (given["ok"].body, given["ok"].orelse)
                )
                if not is_never_false(given["ok"]) and not conditional and "fix" not in given:
                    yield f"{path.name}:{node.lineno}"


def test_every_check_that_can_fail_says_what_to_type():
    assert list(list_checks_without_fix()) == []


def test_what_failed_comes_first_with_what_to_type(capsys):
    checks = [make_check("fine", ok=True), make_check("unsure", ok=None), make_check("broken", ok=False)]
    print_report({"checks": checks}, show_all=False, is_release=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL  broken")
    assert lines[1].strip() == "-> type this"
    assert not any(line.startswith("ok") for line in lines)
    assert "\x1b" not in "".join(lines), "no colours where nobody sees them"


@pytest.mark.parametrize("names", [["setting"] * 40, [f"check {number}" for number in range(60)]])
def test_a_host_without_failures_has_twenty_lines_at_most(capsys, names):
    checks = [make_check(name, ok=None) for name in names] + [
        make_check(f"fine {number}", ok=True) for number in range(90)
    ]
    print_report({"checks": checks}, show_all=False, is_release=True)
    assert len(capsys.readouterr().out.splitlines()) <= SIZE
    print_report({"checks": checks}, show_all=True, is_release=False)
    assert len(capsys.readouterr().out.splitlines()) > len(checks)


def test_a_healthy_host_has_twenty_lines_at_most(office):
    result = processes.say(office.environ, "doctor", "--offline")
    assert (result.code, len(result.out.splitlines()) <= SIZE) == (0, True)


def test_as_a_gate_it_stops_only_what_must_not_be_released(office, tmp_path):
    unmigrated = {**office.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    assert processes.say(unmigrated, "doctor", "--offline", "--release").code == 1
    office.fail(office.take("orders/create", work=False, order=office.world.orders[-1]))
    assert processes.say(office.environ, "doctor", "--offline").code == 1
    released = processes.say(office.environ, "doctor", "--offline", "--release")
    assert (released.code, "Nothing stops a release." in released.out) == (0, True)
    down = {**office.environ, "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}
    stopped = processes.say(down, "doctor", "--offline", "--release")
    assert (stopped.code, "1 of them stop a release." in stopped.out) == (1, True)
    assert "Redis at 127.0.0.1:1: nothing listens there" in stopped.out
    assert "hunter2" not in stopped.out


def test_what_is_optional_never_fails(office):
    names = {check["name"]: check["ok"] for check in office.say("doctor", "--offline", "--json").json["checks"]}
    assert names["ledger"] is None
    assert names["operators are told"] is None


def test_the_mail_server_is_spoken_to(office):
    environ = {**office.environ, "SMTP_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "a@example.com"}
    result = processes.say(environ, "doctor", "--json")
    (check,) = (each for each in result.json["checks"] if each["name"] == "mail server")
    assert (check["ok"], check["detail"]) == (False, "127.0.0.1:1: nothing listens there")
    assert "SMTP_URL" in check["fix"]
