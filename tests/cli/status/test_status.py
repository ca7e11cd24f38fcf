"""`status` shows on one screen what is late, incomplete or stuck, who must act, and what to type."""

from bridge.model import RequestState
from tests.e2e import processes

SCREEN_LINES = 40


def test_it_shows_what_needs_somebody_and_ends_with_0(office):
    office.fail(office.take("orders/create", work=False, order=office.world.orders[-1]))
    result = office.say("status", "--json")
    assert result.code == 0
    shown = result.json
    assert shown.keys() == {"at", "processes", "requests", "late", "incomplete", "stuck", "approvals", "must_act"}
    assert set(shown["requests"]) == {*(state.value for state in RequestState), "late"}
    (failed,) = (row for row in shown["stuck"] if row["condition"] == "delivery_failed")
    assert failed["ids"]
    assert failed["command"].startswith("inbox list --state failed")
    assert shown["must_act"]["operator"] >= 1
    text = office.say("status").out
    assert len(text.splitlines()) <= SCREEN_LINES
    for words in ("LATE", "INCOMPLETE", "STUCK", "MUST ACT", "inbox replay --failed"):
        assert words in text


def test_on_a_quiet_bridge_nobody_must_act_but_for_what_does_not_run(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    missing = processes.say(environ, "status")
    assert missing.code == 1
    assert f"There is no database at {tmp_path}/bridge.db" in missing.err
    assert not (tmp_path / "bridge.db").exists(), "a command that reads makes no file"
    processes.migrate(environ)
    shown = processes.say(environ, "status", "--json").json
    assert (shown["late"], shown["incomplete"]) == ([], [])
    assert shown["must_act"] == {"host": 2}
