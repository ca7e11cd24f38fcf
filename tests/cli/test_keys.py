"""`keys …` shows which key sealed what and seals everything under the first; `doctor` reports when that is due."""

import pytest

from bridge.steps.webhooks.receive import receive_webhook
from tests.e2e import processes
from tests.kit.doctor_checks import run_offline_doctor

OLD, NEW = f"k1:{processes.key(b'1')}", f"k2:{processes.key(b'2')}"


@pytest.fixture
def environ(tmp_path):
    """A bridge with one webhook that was not processed."""
    made = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "", BRIDGE_KEYS=OLD)
    processes.migrate(made)
    raw = b'{"shop_domain": "%s"}' % processes.SHOP.encode()
    headers = {name.lower(): value for name, value in processes.signed("shop/redact", raw).items()}
    with processes.services(made) as services:
        receive_webhook("shop/redact", headers, raw, services=services)
    return made


def test_a_key_rotation_from_start_to_end(environ):
    output = processes.say(environ, "keys", "list", "--json")
    assert (output.code, output.json["active"], output.json["missing"]) == (0, "k1", [])
    assert output.json["ring"] == [{"id": "k1", "active": True, "rows": {"deliveries": 1}, "total": 1}]
    both = {**environ, "BRIDGE_KEYS": f"{NEW},{OLD}"}
    code, result = run_offline_doctor(both, "key ")
    assert (code, result["key k1"]["ok"]) == (0, None)
    assert "keys rotate" in result["key k1"]["detail"]
    done = processes.say(both, "keys", "rotate", "--json")
    assert (done.code, done.json["renewed"], done.json["whole"]) == (0, {"deliveries.body": 1}, True)
    assert run_offline_doctor(both, "key ") == (0, {})
    again = processes.say(both, "keys", "rotate")
    assert (again.code, "0 values" in again.out) == (0, True)
    alone = {**environ, "BRIDGE_KEYS": NEW}
    assert processes.say(alone, "keys", "list", "--json").json["ring"][0]["total"] == 1
    assert processes.say(alone, "inbox", "list", "--json").json[0]["state"] == "received"


def test_a_missing_key_is_reported_by_every_command(environ):
    lost = {**environ, "BRIDGE_KEYS": NEW}
    output = processes.say(lost, "keys", "list")
    assert output.code == 1
    assert "MISSING" in output.out
    assert "put the key back" in output.err
    code, result = run_offline_doctor(lost, "key ")
    assert (code, result["key k1"]["ok"]) == (1, False)
    done = processes.say(lost, "keys", "rotate", "--json")
    assert (done.code, done.json["missing"], done.json["whole"]) == (1, ["k1"], False)
    assert "1 values cannot be read" in done.err


def test_no_command_prints_a_key(environ):
    both = {**environ, "BRIDGE_KEYS": f"{NEW},{OLD}"}
    result = [processes.say(both, "keys", *words) for words in (("list",), ("list", "--json"), ("rotate",))]
    assert not any(processes.key(letter) in output.out + output.err for output in result for letter in (b"1", b"2"))
    assert processes.say(both, "keys", "rotate", "--batch", "0").code == 2


def test_what_was_destroyed_is_overwritten_by_the_operator_where_the_clock_did_not(environ):
    with processes.services(environ) as services, services.store.transaction() as tx:
        tx.session.mark_remnants()
        tx.session.connection.exec_driver_sql("UPDATE remnants SET destroyed_at = '2026-01-02 03:04:00.000000'")
    code, result = run_offline_doctor(environ, "remnants")
    [check] = result.values()
    assert (code, check["ok"]) == (1, False)
    assert check["detail"] == "1 since 02 Jan 2026 03:04 UTC: run `python -m bridge keys overwrite`"
    done = processes.say(environ, "keys", "overwrite", "--json")
    assert (done.code, done.json) == (0, {"waiting": 0, "parts": []})
    _, result = run_offline_doctor(environ, "remnants")
    assert [check["ok"] for check in result.values()] == [True]
    assert "No file" in processes.say(environ, "keys", "overwrite").out


def test_a_certificate_that_was_not_made_anew_is_named_until_the_operator_makes_it(environ):
    with processes.services(environ) as services, services.store.transaction() as tx:
        tx.session.mark_remnants("req_1")
        tx.session.connection.exec_driver_sql(
            "UPDATE remnants SET destroyed_at = '2026-01-02 03:04:00.000000', overwritten = 'file log'"
        )
    code, result = run_offline_doctor(environ, "certificates")
    [check] = result.values()
    assert (code, check["ok"]) == (1, False)
    assert "the first of req_1: run `python -m bridge keys overwrite`" in check["detail"]
    assert processes.say(environ, "keys", "overwrite").code == 0
    assert run_offline_doctor(environ, "certificates")[1] == {}


def test_what_cannot_be_overwritten_is_named_and_ends_with_one(environ):
    with processes.services(environ) as services:
        with services.store.transaction() as tx:
            tx.session.mark_remnants()
        with services.store.read() as tx:  # a reader keeps the log
            tx.evidence.list_facts_of_request("req_1")
            left = processes.say(environ, "keys", "overwrite")
    assert left.code == 1
    assert "1 still wait for: file, log." in left.out
    assert "remnants-overdue" in left.err
