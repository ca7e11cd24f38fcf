"""On Postgres the bridge runs as a role that can only add to the evidence: the database itself refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from bridge.errors import BridgeError, NeedsOperator
from bridge.model import RequestState
from bridge.steps.evidence.sign_head import sign_head
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.store import SqlStore
from bridge.store.evidence.db_roles import database_user, grant_runtime_role, is_append_only
from tests.e2e import processes
from tests.factories import (
    CANARIES,
    data_request_body,
    make_finding,
    make_services,
    order_body,
    redact_body,
    uninstalled_body,
)
from tests.fakes import FakeTimestampAuthority, page
from tests.kit.handing_over import hand_over_package
from tests.servers import plain_url
from tests.steps.test_whole_sentence import post, requests, work
from tests.tamper import append

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
ROLE = "bridge runtime"  # a name that must be quoted
DENIED = [
    "UPDATE evidence SET fact = 'task.failed' WHERE seq = 1",
    "DELETE FROM evidence WHERE seq = 1",
    "TRUNCATE evidence",
    "ALTER TABLE evidence DISABLE TRIGGER ALL",
    "DROP TRIGGER evidence_append_only ON evidence",
    "DROP TABLE evidence",
    "SET session_replication_role = replica",
    "INSERT INTO evidence SELECT * FROM evidence ON CONFLICT (seq) DO UPDATE SET fact = 'x'",
    "DELETE FROM evidence_head",
    "INSERT INTO evidence_head VALUES (2, 0, '')",
    "UPDATE evidence_heads SET hash = 'x'",
    "UPDATE evidence_heads SET signature = 'x'",
    "DELETE FROM evidence_heads",
    "TRUNCATE evidence_heads",
    "UPDATE alembic_version SET version_num = 'x'",
    "CREATE TABLE mine (a int)",
]


@dataclass
class Runtime:
    """The role, and the URL at which it connects."""

    url: str
    owner: SqlStore
    store: SqlStore


@pytest.fixture
def role(postgres) -> Iterator[str]:
    """Yield a role without rights, and drop it at the end."""
    name = sql.Identifier(ROLE)
    home = plain_url(postgres.url("postgres"))
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'of the tests'").format(name))
    yield ROLE
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture
def runtime(role, store, database_url, vault, clock) -> Iterator[Runtime]:
    grant_runtime_role(store.engine, role)
    url = make_url(database_url).set(username=role, password="of the tests")
    running = SqlStore(url.render_as_string(hide_password=False), keyring=vault, now=clock.now)
    yield Runtime(url.render_as_string(hide_password=False), store, running)
    running.close()
    store.engine.dispose()
    with store.engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{role}"'))


@pytest.mark.parametrize("statement", DENIED)
def test_the_database_refuses_the_role_what_would_change_evidence(runtime, clock, queue, statement):
    """Requirement V-01."""
    append(runtime.store, 2)
    assert sign_head(services=make_services(runtime.store, clock, queue)) is not None
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        runtime.store.engine.begin() as rows,
    ):
        rows.execute(text(statement))
    with runtime.store.transaction() as tx:
        assert tx.evidence.verify_chain() == 3


def test_triggers_refuse_the_owner_too_until_they_are_dropped(runtime):
    append(runtime.store, 1)
    for statement in DENIED[:3]:
        with pytest.raises(BridgeError), runtime.owner.transaction() as tx:
            tx.session.connection.execute(text(statement))


def test_the_whole_flow_runs_as_the_role(runtime, clock, queue, platform, carrier):
    services = make_services(
        runtime.store, clock, queue, platform, carrier, timestamp_authority=FakeTimestampAuthority()
    )
    platform.pages = [page(make_finding("1001", number="AWB7007007"))]
    carrier.knows = {"AWB7007007"}
    post(services, "orders/create", order_body(parcels=[("Delhivery", "AWB7007007")]))
    post(services, "customers/data_request", data_request_body(9999, 1001))
    work(services, queue)
    [access] = requests(services, kind="access")
    assert (access.state, access.complete) == (RequestState.DONE, True)
    hand_over_package(services, access.id)
    post(services, "customers/redact", redact_body(1001))
    work(services, queue)
    [erasure] = requests(services, kind="erasure")
    assert erasure.state is RequestState.WAITING
    post(services, "app/uninstalled", uninstalled_body())
    clock.at += timedelta(hours=48)
    post(services, "shop/redact", {"shop_id": 1, "shop_domain": "minimiss.myshopify.com"})
    work(services, queue)
    assert [each.state for each in requests(services, kind="shop_erasure")] == [RequestState.DONE]
    assert services.store.acquire_named_lock("clock", "somebody", 5)
    sign_head(services=services)
    clock.at += timedelta(days=400)
    expire_bodies_and_packages(services=services)
    sign_head(services=services)
    with runtime.store.transaction() as tx:
        assert tx.evidence.verify_chain() > 10
        heads = tx.signed_heads.list_signed_heads()
        certificate = json.dumps(tx.packages.find_certificate(erasure.id))
    assert [head.anchored_at is not None for head in heads] == [True, True]
    assert not [canary for canary in CANARIES if canary in certificate]


def test_migrate_reads_the_role_from_the_two_urls_and_doctor_reports_it(runtime, database_url):
    """The release phase connects as the owner, all other processes as the role; repeating is safe."""
    environ = processes.environment(runtime.url, "", MIGRATE_DATABASE_URL=database_url)
    for _ in range(2):
        output = processes.say(environ, "migrate")
        assert (output.code, output.err) == (0, "")
        assert f"{ROLE} may run the bridge" in output.out
    assert processes.say(environ, "evidence", "verify").code == 0
    checks = {each["name"]: each for each in processes.say(environ, "doctor", "--offline", "--json").json["checks"]}
    assert checks["evidence"] == {
        "name": "evidence",
        "ok": True,
        "detail": "append only by role: the database refuses changes",
        "fix": "migrate --runtime-role NAME, as the owner of the tables",
        "stops_release": False,
    }
    assert checks["migrations"]["ok"] is True
    as_owner = processes.environment(database_url, "")
    checks = {each["name"]: each for each in processes.say(as_owner, "doctor", "--offline", "--json").json["checks"]}
    assert (checks["evidence"]["ok"], "only triggers refuse changes" in checks["evidence"]["detail"]) == (None, True)


def test_a_role_with_more_rights_is_reported_and_corrected(runtime):
    with runtime.owner.engine.begin() as connection:
        connection.execute(text(f'GRANT UPDATE (detail), DELETE ON evidence TO "{ROLE}"'))
    assert is_append_only(runtime.store.engine) is False
    grant_runtime_role(runtime.owner.engine, ROLE)
    assert is_append_only(runtime.store.engine) is True


@pytest.mark.parametrize(
    ("name", "why"),
    [("nobody of that name", "does not exist"), ("postgres", "owns the tables, or is a superuser"), ('x"; --', "does not exist")],
)  # fmt: skip
def test_an_unsuitable_role_is_refused(store, database_url, name, why):
    name = database_user(database_url) if name == "postgres" else name
    with pytest.raises(NeedsOperator, match=why):
        grant_runtime_role(store.engine, name)
    output = processes.say(processes.environment(database_url, ""), "migrate", "--runtime-role", name)
    assert output.code == 1
    assert why in output.err


def test_sqlite_has_no_roles(database_url, tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    output = processes.say(environ, "migrate", "--runtime-role", "somebody")
    assert (output.code, "only Postgres knows roles" in output.err) == (1, True)
    assert processes.say(environ, "migrate").code == 0
