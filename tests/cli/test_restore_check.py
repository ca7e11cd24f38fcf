"""`restore-check` reports and erases what a backup brought back; `doctor` and `/readyz` report that it is due."""

from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import update

from bridge.model import Fact, Principal
from bridge.steps.recovery.sync_ledger import sync_ledger
from bridge.store.schema.index_tables import suppressions
from bridge.web import create_app
from tests.e2e import backups, processes
from tests.factories import order
from tests.kit.doctor_checks import run_offline_doctor

PRINCIPAL = Principal(customer_id="7001")


def make_environment(tmp_path):
    made = processes.environment(
        f"sqlite:///{tmp_path}/bridge.db", "", BRIDGE_LEDGER_URL=f"sqlite:///{tmp_path}/away/ledger.db"
    )
    processes.migrate(made)
    return made


def erase_and_record(services):
    """Erase the data subject, and record it as the step does."""
    with services.store.transaction() as tx:
        tx.person_eraser.erase_person(processes.SHOP, PRINCIPAL, request_id="req_1")
        tx.evidence.append_fact(Fact.PRINCIPAL_ERASED, shop=processes.SHOP, request_id="req_1")


@pytest.fixture
def environ(tmp_path):
    """A bridge restored from a backup that is older than an erasure."""
    made = make_environment(tmp_path)
    with processes.services(made) as services, closing(services.ledger):
        with services.store.transaction() as tx:
            tx.index.ingest_sightings(processes.SHOP, [order(1001)])
        backups.backup(made["DATABASE_URL"], tmp_path / "backup", None)
        erase_and_record(services)
        assert sync_ledger(services=services) == 2
    backups.restore(made["DATABASE_URL"], tmp_path / "backup", None)
    return made


def test_a_restored_database_is_detected_repaired_and_resumed(environ):
    code, result = run_offline_doctor(environ)
    assert (code, result["restored"]["ok"], result["ledger"]["ok"]) == (1, False, True)
    with processes.services(environ) as services, closing(services.ledger):
        answer = create_app(services, services.store).test_client().get("/readyz")
        assert (answer.status_code, "restore-check" in answer.json["restored"]) == (503, True)
    dry = processes.say(environ, "restore-check", "--dry-run", "--json")
    assert (dry.code, dry.json["why"], dry.json["tombstones"]) == (1, "database_older", 2)
    output = processes.say(environ, "restore-check", "--yes")
    assert output.code == 0
    assert "Came back: 2 keys of erased data subjects" in output.out
    assert "Request req_1 is not in this database" in output.out
    assert "Work resumes" in output.out
    again = processes.say(environ, "restore-check", "--yes", "--json")
    assert (again.code, again.json["ok"], again.json["tombstones"]) == (0, True, 0)
    code, result = run_offline_doctor(environ)
    assert (code, "restored" in result) == (0, False)
    with processes.services(environ) as services, closing(services.ledger):
        assert create_app(services, services.store).test_client().get("/readyz").status_code == 200


def test_doctor_reports_a_missing_and_a_wrong_ledger(tmp_path):
    environ = make_environment(tmp_path)
    without = {**environ, "BRIDGE_LEDGER_URL": ""}
    code, result = run_offline_doctor(without)
    assert (code, result["ledger"]["ok"]) == (0, None)
    assert "would bring back" in result["ledger"]["detail"]
    assert processes.say(without, "restore-check", "--yes").code == 1
    same = {**environ, "BRIDGE_LEDGER_URL": environ["DATABASE_URL"]}
    assert run_offline_doctor(same)[1]["ledger"]["ok"] is False
    away = {**environ, "BRIDGE_LEDGER_URL": "postgresql://nobody@/x?host=/nowhere"}
    code, result = run_offline_doctor(away)
    assert (code, result["ledger"]["ok"]) == (1, False)
    output = processes.say(away, "restore-check", "--yes", "--json")
    assert (output.code, output.out) == (1, "")
    assert output.err.startswith('{"error": "ledger: ')


def test_doctor_fails_when_an_erasure_is_not_recorded_for_longer_than_an_hour(tmp_path):
    environ = make_environment(tmp_path)
    with processes.services(environ) as services, closing(services.ledger):
        erase_and_record(services)
        assert run_offline_doctor(environ)[1]["ledger"]["ok"] is True
        before = services.clock.now() - timedelta(minutes=61)
        with services.store.transaction() as tx:
            tx.session.connection.execute(update(suppressions).values(erased_at=before))
        code, result = run_offline_doctor(environ)
        assert (code, result["ledger"]["ok"]) == (1, False)
        assert "is not recorded yet" in result["ledger"]["detail"]
        sync_ledger(services=services)
    assert run_offline_doctor(environ)[0] == 0
