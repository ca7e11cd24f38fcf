"""`dsr close` and `dsr continue` settle an erasure that Shopify has not confirmed in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.cli.conftest import Office
from tests.e2e import processes
from tests.factories import SHOP, accepted

WHY = "seen in the admin of the shop"


@pytest.fixture
def place(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Office(environ=environ, services=services, world=None, folder=tmp_path)


@pytest.fixture
def unconfirmed_id(place):
    """An erasure whose request came longer ago than the merchant waits for Shopify; no Shopify can be asked."""
    body = {
        "shop_id": 1,
        "shop_domain": SHOP,
        "customer": {"id": 7001, "email": "asha@qwertzuiop.example"},
        "orders_to_redact": [],
    }
    redact = accepted(place.services.store, "customers/redact", body)
    request_id = dispatch_delivery(redact.id, services=place.services)
    long_ago = datetime.now(UTC) - timedelta(days=place.services.merchant.clocks.platform_erasure_days + 1)
    with place.services.store.transaction() as tx:
        tx.session.connection.exec_driver_sql("UPDATE requests SET received_at = ?", (str(long_ago)[:26],))
    process_request(request_id, services=place.services)
    return request_id


def poll(place, unconfirmed_id):
    shown = place.say("dsr", "show", unconfirmed_id, "--json").json["tasks"]
    return next(task for task in shown if task["action"] == "follow")


def test_an_unconfirmed_erasure_is_visible_and_names_its_command(place, unconfirmed_id):
    task = poll(place, unconfirmed_id)
    assert (task["state"], task["outcome"], task["last_error"]) == ("failed", "unconfirmed", "platform_unconfirmed")
    assert "review list --kind platform_erasure" in place.say("doctor", "--offline").out
    [review] = place.say("review", "list", "--kind", "platform_erasure", "--json").json
    assert f"bridge dsr close {unconfirmed_id}" in review["what"]


@pytest.mark.parametrize(("options", "outcome"), [((), "unconfirmed"), (("--erased",), "erased")])
def test_close_records_what_the_person_saw(place, unconfirmed_id, options, outcome):
    assert place.say("dsr", "close", "--yes", unconfirmed_id).code == 2, "it wants a reason"
    result = place.say("dsr", "close", "--yes", unconfirmed_id, *options, "--reason", WHY, "--json")
    assert (result.code, result.json) == (0, {"id": unconfirmed_id, "decision": "close"})
    process_request(unconfirmed_id, services=place.services)
    task = poll(place, unconfirmed_id)
    assert (task["state"], task["outcome"], task["detail"]["reason"]) == ("done", outcome, "recorded_by_operator")
    assert place.say("review", "list", "--kind", "platform_erasure", "--json").json == []
    again = place.say("dsr", "close", "--yes", unconfirmed_id, "--reason", WHY)
    assert (again.code, "does not wait for this decision" in again.err) == (1, True)


def test_continue_polls_again(place, unconfirmed_id):
    result = place.say("dsr", "continue", "--yes", unconfirmed_id, "--reason", "ordered again since")
    assert (result.code, "polled again" in result.out) == (0, True)
    process_request(unconfirmed_id, services=place.services)
    assert poll(place, unconfirmed_id)["state"] == "waiting"
    assert "no precheck stopped it" in place.say("dsr", "continue", "--yes", unconfirmed_id, "--reason", WHY).err


@pytest.mark.parametrize("reason", ["customer 7001 agreed", "gid://shopify/Customer/7001 wrote"])
def test_a_reason_that_names_the_person_of_the_request_is_refused_and_changes_nothing(place, unconfirmed_id, reason):
    before = place.facts()
    result = place.say("dsr", "close", "--yes", unconfirmed_id, "--reason", reason)
    assert result.code == 2
    assert "repeats an identifier of the data subject" in result.err
    assert reason not in result.err
    assert place.facts() == before
