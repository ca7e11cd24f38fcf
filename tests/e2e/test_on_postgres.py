"""The same on Postgres: one access, one erasure, and a database that is killed in between."""

import pytest

from tests.e2e import processes
from tests.e2e.conftest import founded


@pytest.fixture(scope="module")
def town(tmp_path_factory, postgres):
    folder = tmp_path_factory.mktemp("town-on-postgres")
    with founded(folder, postgres.create_database("town"), ACCEPT_WAIT_S="2") as town:
        yield town
    postgres.drop_database("town")


def test_an_access_request_becomes_a_package(town, tmp_path):
    town.ship(town.world.asha)
    town.post("customers/data_request", request_id=501)
    shown = town.closed("access", town.world.asha)
    assert (shown["state"], shown["complete"]) == ("done", True)
    with town.package(shown["id"], tmp_path / "asha.zip") as bag:
        assert bag.testzip() is None
        assert town.world.asha.email.encode() in b"".join(bag.read(name) for name in bag.namelist())


def test_an_erasure_ends_in_a_certificate_and_a_late_webhook_brings_nobody_back(town, tmp_path):
    bikram = town.world.bikram
    town.ship(bikram)
    town.control("redact", customer_id=bikram.id)
    town.post("customers/redact", person=bikram)
    shown = town.closed("erasure", bikram)
    assert (shown["state"], shown["complete"]) == ("waiting", False)
    certificate = town.certificate(shown["id"], tmp_path / "certificate.json")
    assert {row["table"] for row in certificate["erased"]} >= {"orders", "parcels"}
    for order in town.world.list_orders(bikram):
        town.post("orders/updated", order=order)
    town.settled()
    assert town.asked("erasure", bikram)[0].id == shown["id"]
    assert processes.say(town.environ, "evidence", "verify", "--json").json["ok"] is True


def test_after_a_killed_database_worker_and_clock_go_on_by_themselves(town, postgres):
    if not postgres.embedded:
        pytest.skip("a server named by TEST_DATABASE_URL is not ours to kill")
    before = town.bridge.list_running()
    postgres.kill()
    postgres.start()
    person = town.world.people[8]
    processes.until("web has noticed", lambda: processes.ask(town.bridge.url, "/readyz", how="GET").status == 200)
    town.post("customers/data_request", person=person)
    assert town.closed("access", person)["complete"] is True
    assert town.bridge.list_running() == before
