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
