"""Replay, packages and evidence of requests. Every act is recorded as a fact; no act restarts a clock."""

import json
import sqlite3
import stat
import zipfile

import pytest

from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.receive import receive_webhook
from tests.e2e import processes

CLOCKS = ("received_at", "acknowledge_due_at", "due_at", "due_governed_by")

WHY = ("--reason", "answer to the request")


def test_a_failed_delivery_is_queued_again_and_processed(office):
    person = office.world.people[3]
    failed = office.fail(office.take("customers/redact", work=False, person=person))
    dry = office.say("inbox", "replay", "--failed", "--dry-run", "--json")
    assert (dry.code, dry.json) == (0, {"dry_run": True, "replayed": [failed], "not_replayed": {}})
    assert office.say("inbox", "show", failed, "--json").json["state"] == "failed"
    result = office.say("inbox", "replay", failed, "--json")
    assert (result.code, result.json["replayed"]) == (0, [failed])
    assert office.say("inbox", "show", failed, "--json").json["state"] == "received"
    assert office.facts()[-1] == "delivery.replayed"
    assert dispatch_delivery(failed, services=office.services)
    assert office.say("inbox", "show", failed, "--json").json["state"] == "done"


def test_all_failed_deliveries_are_queued_again_as_filtered(office):
    people = office.world.people[4:7]
    failed = [office.fail(office.take("customers/redact", work=False, person=person)) for person in people]
    assert office.say("inbox", "replay", "--failed", "--topic", "shop/redact", "--json").json["replayed"] == []
    assert office.say("inbox", "replay", "--failed", "--since", "2126-01-01", "--json").json["replayed"] == []
    one = office.say("inbox", "replay", "--failed", "--limit", "1", "--json").json["replayed"]
    assert len(one) == 1
    result = office.say("inbox", "replay", "--failed")
    assert result.code == 0
    assert "Queued again: 2 of 2" in result.out
    left = office.say("inbox", "list", "--state", "failed", "--json").json
    assert left == []
    for delivery in failed:
        dispatch_delivery(delivery, services=office.services)


def test_a_delivery_that_cannot_be_queued_is_reported_and_exits_with_1(office):
    done = office.say("inbox", "list", "--topic", "customers/data_request", "--json").json[0]["id"]
    rejected = json.dumps({"shop_domain": "x"}).encode()
    headers = processes.signed("shop/redact", rejected, secret="sandbox-secret")
    receive_webhook("shop/redact", {k.lower(): v for k, v in headers.items()}, rejected, services=office.services)
    refused = office.say("inbox", "list", "--state", "rejected", "--json").json[0]["id"]
    result = office.say("inbox", "replay", done, refused, "dlv_nobody", "--json")
    assert result.code == 1
    assert result.json["replayed"] == []
    assert "it is done" in result.json["not_replayed"][done]
    assert "shop_malformed" in result.json["not_replayed"][refused]
    assert result.json["not_replayed"]["dlv_nobody"] == "no such delivery"


def test_a_body_is_revealed_with_a_reason_only_and_that_is_a_fact(office):
    """Requirements P-67, V-05."""
    waiting = office.take("customers/redact", work=False, person=office.world.people[8])
    assert office.say("inbox", "show", waiting, "--reveal").code == 2
    shown = office.say("inbox", "show", waiting, "--reveal", "--reason", "ticket 12", "--json").json
    assert office.world.people[8].email in shown["body"]
    assert office.facts()[-1] == "personal_data.revealed"


def test_a_package_is_written_for_its_owner_alone_never_over_another_and_logged(named, tmp_path):
    """Requirement P-67: a copy leaves with a reason only, and that is recorded: who, what, why."""
    request, target = named.request("access"), tmp_path / "asha.zip"
    assert named.say("dsr", "package", request["id"], "--out", str(target)).code == 2
    result = named.say("dsr", "package", request["id"], *WHY, "--out", str(target), "--json")
    assert result.code == 0
    assert result.json["file"] == str(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as bag:
        assert bag.testzip() is None
        assert named.world.asha.email.encode() in b"".join(bag.read(name) for name in bag.namelist())
    facts = named.facts()
    assert facts[-1] == "package.released"
    with named.services.store.read() as tx:
        [*_, released] = tx.evidence.list_facts_of_request(request["id"])
    assert (released.detail["reason"], released.actor.partition(":")[0]) == (WHY[1], "operator")
    target.write_text("something else")
    again = named.say("dsr", "package", request["id"], *WHY, "--out", str(target))
    assert again.code == 2
    assert target.read_text() == "something else"
    assert named.facts() == facts, "what was not handed over is not logged as handed over"
    assert named.say("dsr", "package", request["id"], *WHY, "--out", str(target), "--force").code == 0
    assert zipfile.is_zipfile(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_package_is_not_written_through_a_link_or_into_a_missing_folder(named, tmp_path):
    request = named.request("access")
    assert named.say("dsr", "package", request["id"], *WHY, "--out", str(tmp_path / "no" / "folder.zip")).code == 2
    (tmp_path / "link.zip").symlink_to(tmp_path / "elsewhere.zip")
    assert named.say("dsr", "package", request["id"], *WHY, "--out", str(tmp_path / "link.zip")).code == 2
    assert not (tmp_path / "elsewhere.zip").exists()


def test_an_erasure_has_no_package_and_says_so(office, tmp_path):
    output = office.say("dsr", "package", office.request("erasure")["id"], *WHY, "--out", str(tmp_path / "x.zip"))
    assert output.code == 1
    assert "no package" in output.err
    assert not (tmp_path / "x.zip").exists()


def test_t03_a_replay_of_a_request_keeps_every_clock_and_does_nothing_twice(office):
    """Requirement C-06."""
    for kind in ("access", "erasure"):
        before = office.request(kind)
        result = office.say("dsr", "replay", before["id"], "--json")
        assert result.code == 0
        assert bool(result.json["replayed"]) == (before["state"] != "done")
        process_request(before["id"], services=office.services)
        after = office.request(kind)
        assert {name: after[name] for name in CLOCKS} == {name: before[name] for name in CLOCKS}
        assert after["closed_at"] == before["closed_at"]
        facts = [fact["fact"] for fact in office.say("dsr", "show", before["id"], "--json").json["facts"]]
        assert facts.count("request.opened") == facts.count("request.closed") == 1


def test_evidence_of_a_request_is_a_file_that_names_no_data_subject(office, tmp_path):
    request, target = office.request("erasure"), tmp_path / "evidence.json"
    assert office.say("dsr", "evidence", request["id"], "--out", str(target), "--json").code == 0
    bundle = json.loads(target.read_text())
    assert bundle["id"] == request["id"]
    assert bundle["certificate"]["signature"]["alg"] == "Ed25519"
    assert office.world.asha.last.lower() not in target.read_text().lower()


def test_the_chain_is_exported_one_fact_per_line(office, tmp_path):
    target = tmp_path / "chain.jsonl"
    result = office.say("evidence", "export", "--out", str(target), "--json")
    assert result.code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(rows) == result.json["rows"] == office.say("evidence", "verify", "--json").json["rows"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["fact"] == "evidence.exported"


def test_a_tampered_chain_breaks_and_names_the_fact(office, tmp_path):
    whole = office.folder / "bridge.db"
    copy = tmp_path / "copy.db"
    with sqlite3.connect(whole) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    environ = {**office.environ, "DATABASE_URL": f"sqlite:///{copy}"}
    assert processes.say(environ, "evidence", "verify").code == 0
    for deed in ("UPDATE evidence SET detail = '{}' WHERE seq = 2", "DELETE FROM evidence WHERE seq = 2"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            target.execute(deed)
    target.execute("DROP TRIGGER evidence_no_update")
    (detail,) = target.execute("SELECT detail FROM evidence WHERE seq = 2").fetchone()
    target.execute("UPDATE evidence SET detail = ? WHERE seq = 2", (detail.replace("{", '{"orders": 99, ', 1),))
    target.commit()
    result = processes.say(environ, "evidence", "verify", "--json")
    assert (result.code, result.json["ok"], result.json["first_bad_seq"]) == (1, False, 2)
    assert "2" in processes.say(environ, "evidence", "verify").err
    target.execute("UPDATE evidence SET detail = ? WHERE seq = 2", (detail,))
    target.commit()
    assert processes.say(environ, "evidence", "verify").code == 0
    target.execute("DROP TRIGGER evidence_no_delete")
    target.execute("DELETE FROM evidence WHERE seq = (SELECT max(seq) FROM evidence)")
    target.commit()
    target.close()
    assert processes.say(environ, "evidence", "verify").code == 1, "a cut end is noticed too"
