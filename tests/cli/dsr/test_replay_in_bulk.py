"""After an outage everything that it left incomplete is found, shown and run again by two commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import click
import pytest
from sqlalchemy import select

from bridge.cli import commands
from bridge.model import RequestState
from bridge.rules.requests.failure_classes import FAILURE_CLASSES, classify_task
from bridge.steps.requests.process import process_request
from bridge.store.schema.tables import tasks
from bridge.store.selection.failure_sql import TASK_CLASS
from tests.cli.conftest import open_office
from tests.e2e import processes
from tests.test_docs import ROOT

CLOCKS = ("received_at", "acknowledge_due_at", "due_at", "due_governed_by", "closed_at")


@pytest.fixture(scope="module")
def outage(tmp_path_factory):
    """A bridge whose requests were closed while Shopify or a carrier did not answer or refused."""
    with open_office(tmp_path_factory.mktemp("outage"), 90, CONNECTOR_ATTEMPTS="1") as office:
        yield office


@pytest.fixture
def incomplete(outage):
    """Requests of three people that closed without Shopify, by id as `dsr list --json` shows them."""
    known = {row["id"] for row in outage.say("dsr", "list", "--json").json}
    outage.stand_ins.shopify.faults.add("http_503", times=None)
    number = len(known)
    for each in range(3):
        outage.take(
            "customers/data_request", person=outage.world.people[number + each], request_id=7000 + number + each
        )
    rows = {row["id"]: row for row in outage.say("dsr", "list", "--json").json if row["id"] not in known}
    assert [row["complete"] for row in rows.values()] == [False] * 3
    yield rows
    outage.stand_ins.shopify.faults.clear()


@contextmanager
def working(office, request_ids):
    """Work on these requests until the block ends, as a worker does."""
    stop = threading.Event()

    def work():
        with processes.services(office.environ) as services:
            while not stop.wait(0.05):
                for request_id in request_ids:
                    process_request(request_id, services=services)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def test_an_outage_is_healed_by_two_commands(outage, incomplete):
    listed = outage.say("dsr", "list", "--incomplete", "--outcome", "unreached", "--system", "shopify", "--json").json
    assert set(incomplete) <= {row["id"] for row in listed}
    reasons = {row["reason"]: row for row in outage.say("dsr", "list", "--by-reason", "--json").json}
    assert reasons["unreached"]["command"] == "bridge dsr replay --reason-class unreached"
    outage.stand_ins.shopify.faults.clear()
    dry = outage.say("dsr", "replay", "--incomplete", "--dry-run", "--json")
    assert (dry.code, set(dry.json["replayed"])) == (0, set(incomplete))
    assert {row["complete"] for row in incomplete.values()} == {False}
    words = ("dsr", "replay", "--incomplete", "--reason", "Shopify is back", "--as", "asha.k", "--wait", "--json")
    with working(outage, incomplete):
        result = outage.say(*words)
    assert (result.code, set(result.json["replayed"])) == (0, set(incomplete))
    assert "3 of 3 requests ended, 0 still fail" in result.err
    after = {row["id"]: row for row in outage.say("dsr", "list", "--json").json}
    for request_id, before in incomplete.items():
        assert after[request_id]["complete"]
        assert {name: after[request_id][name] for name in CLOCKS} == {name: before[name] for name in CLOCKS}
        facts = outage.say("dsr", "show", request_id, "--json").json["facts"]
        [replayed] = [fact for fact in facts if fact["fact"] == "request.replayed"]
        assert (replayed["actor"], replayed["detail"]["reason"]) == ("operator:asha.k", "Shopify is back")
    assert outage.say("dsr", "replay", "--incomplete", "--json").json["replayed"] == []


def test_what_still_fails_is_said_and_exits_with_1(outage, incomplete):
    with working(outage, incomplete):
        result = outage.say("dsr", "replay", "--reason-class", "unreached", "--wait")
    assert result.code == 1
    assert result.err.count("still fails: shopify unreached") == 3


def test_waiting_ends_in_time_and_says_that_the_work_goes_on(outage, incomplete):
    result = outage.say("dsr", "replay", *incomplete, "--wait", "--timeout", "0m")
    assert result.code == 1
    assert "3 requests go on" in result.err
    assert "shopify is due" in result.err


def test_ctrl_c_ends_the_waiting_and_not_the_work(outage, incomplete):
    words = [sys.executable, "-m", "bridge", "dsr", "replay", *incomplete, "--wait"]
    started = time.monotonic()
    with subprocess.Popen(
        words, env=dict(outage.environ), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as command:
        printed = command.stderr.readline()
        assert "0 of 3 requests ended" in printed
        os.kill(command.pid, signal.SIGINT)
        assert command.wait(20) == 130
        assert "The work goes on" in command.stderr.read()
    assert time.monotonic() - started < 60
    states = {row["state"] for row in outage.say("dsr", "list", "--json").json if row["id"] in incomplete}
    assert states == {"in_progress"}


def test_credentials_that_are_still_denied_are_looked_at_first(outage):
    person = outage.world.people[30]
    outage.stand_ins.shopify.faults.add("http_403", times=None)
    outage.take("customers/data_request", person=person, request_id=9100)
    try:
        [row] = outage.say("dsr", "list", "--reason-class", "denied", "--json").json
        facts = len(outage.facts())
        refused = outage.say("dsr", "replay", row["id"])
        assert (refused.code, "is still refused" in refused.err) == (1, True)
        bulk = outage.say("dsr", "replay", "--reason-class", "denied", "--json")
        assert (bulk.code, list(bulk.json["not_replayed"])) == (1, [row["id"]])
        assert len(outage.facts()) == facts
        assert outage.say("dsr", "replay", row["id"], "--force").code == 0
        process_request(row["id"], services=outage.services)
    finally:
        outage.stand_ins.shopify.faults.clear()
    assert outage.say("dsr", "replay", row["id"]).code == 0
    process_request(row["id"], services=outage.services)
    assert outage.say("dsr", "list", "--reason-class", "denied", "--json").json == []


def test_a_scope_that_is_still_missing_is_looked_at_first(outage):
    outage.stand_ins.shopify.faults.add("deny_scope", times=None, scope="read_draft_orders")
    outage.take("customers/data_request", person=outage.world.people[31], request_id=9200)
    try:
        [row] = outage.say("dsr", "list", "--reason-class", "incomplete", "--json").json
        refused = outage.say("dsr", "replay", row["id"])
        assert (refused.code, "still not granted: read_draft_orders" in refused.err) == (1, True)
    finally:
        outage.stand_ins.shopify.faults.clear()
    assert outage.say("dsr", "replay", row["id"]).code == 0
    process_request(row["id"], services=outage.services)
    [after] = [each for each in outage.say("dsr", "list", "--json").json if each["id"] == row["id"]]
    assert after["complete"]


def test_a_key_that_is_still_missing_is_named_and_refused(outage):
    other = {**outage.environ, "BRIDGE_KEYS": f"k2:{processes.key(b'2')},{outage.environ['BRIDGE_KEYS']}"}
    with processes.services(other) as services:
        replace(outage, environ=other, services=services).take(
            "customers/data_request", person=outage.world.people[32], request_id=9300
        )
    [row] = outage.say("dsr", "list", "--limit", "1", "--json").json
    with outage.services.store.transaction() as tx:
        tx.request_changes.restart_request(row["id"])
    process_request(row["id"], services=outage.services)  # without k2
    [failed] = outage.say("dsr", "list", "--state", "failed", "--json").json
    assert failed["last_error"] == "KeyMissing"
    assert outage.say("dsr", "list", "--reason-class", "key_missing", "--json").json[0]["id"] == row["id"]
    refused = outage.say("dsr", "replay", row["id"])
    assert (refused.code, "the key k2 is still not in BRIDGE_KEYS" in refused.err) == (1, True)
    bulk = outage.say("dsr", "replay", "--failed", "--json")
    assert (bulk.code, list(bulk.json["not_replayed"])) == (1, [row["id"]])
    forced = outage.say("dsr", "replay", row["id"], "--force", "--reason", "to see it fail")
    assert forced.code == 0
    process_request(row["id"], services=outage.services)
    mended = processes.say(other, "dsr", "replay", "--failed", "--json")
    assert (mended.code, mended.json["replayed"]) == (0, [row["id"]])
    with processes.services(other) as services:
        process_request(row["id"], services=services)
        with services.store.read() as tx:
            assert tx.requests.get_request(row["id"]).state is RequestState.DONE


def test_ids_and_filters_are_not_mixed_and_all_is_never_taken_by_mistake(outage):
    assert outage.say("dsr", "replay").code == 2
    assert outage.say("dsr", "replay", "--limit", "5").code == 2
    mixed = outage.say("dsr", "replay", "req_1", "--failed")
    assert (mixed.code, "--failed" in mixed.err) == (2, True)
    unknown = outage.say("dsr", "replay", "req_1", "req_2", "--json")
    assert (unknown.code, set(unknown.json["not_replayed"])) == (1, {"req_1", "req_2"})


@pytest.mark.parametrize("name", ["", "asha@example.com", "asha kumar", "x" * 49, "-x"])
def test_a_name_of_an_operator_is_one_word_and_no_address(outage, name):
    assert outage.say("dsr", "list", "--as", name).code == 2
    if name:
        result = processes.say({**outage.environ, "BRIDGE_OPERATOR": name}, "dsr", "list")
        assert (result.code, "BRIDGE_OPERATOR" in result.err) == (1, True)


def test_every_fact_of_a_command_names_the_stated_operator(outage):
    environ = {**outage.environ, "BRIDGE_OPERATOR": "desk-2"}
    for words, name in (((), "desk-2"), (("--as", "asha.k"), "asha.k")):
        assert processes.say(environ, "evidence", "export", "--out", "-", *words).code == 0
        with outage.services.store.read() as tx:
            *_, last = tx.evidence.iterate_facts()
        assert (last.fact, last.actor) == ("evidence.exported", f"operator:{name}")


def test_the_class_of_a_task_is_the_same_in_sql_and_in_python(outage, incomplete):
    with outage.services.store.read() as tx:
        in_sql = dict(tx.session.connection.execute(select(tasks.c.id, TASK_CLASS)).all())
        found = [task for request_id in incomplete for task in tx.tasks.list_tasks(request_id)]
    assert {task.id: classify_task(task) for task in found} == {task.id: in_sql[task.id] for task in found}
    assert {in_sql[task.id] for task in found} == {"", "unreached"}


def test_every_class_has_a_page_and_a_command():
    for name, found in FAILURE_CLASSES.items():
        assert (ROOT / "docs" / "runbooks" / f"{found.page}.md").is_file(), name
        group, command, *_ = found.command.split()
        assert commands.commands[group].get_command(click.Context(commands), command), name
