"""`hold …`, `dsr hold|release` and their checks in `doctor`: what is kept, why, until when, what is due next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.model import DeliveryState, RequestKind, TaskAction
from bridge.steps.requests.process import process_request
from bridge.steps.retention import expire_documents as step
from bridge.steps.retention.expire_documents import expire_documents
from bridge.steps.retention.legal_hold import open_order_legal_hold
from tests.conftest import SetClock
from tests.e2e import processes
from tests.factories import ASHA, make_delivery, make_request, make_task, opened, order
from tests.steps.sealed_case import seal

SHIPPED = (Path(__file__).parents[2] / "config" / "retention.toml").read_text()
LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def decided(form: str, text: str = SHIPPED) -> str:
    """Return the shipped retention file with the merchant's legal form decided."""
    unset = 'legal_entity_type = { value = "unknown", status = "unset" }'
    assert unset in text
    text = text.replace(unset, f'legal_entity_type = {{ value = "{form}", status = "confirmed" }}')
    return text.replace('reviewed_on = ""', "reviewed_on = 2025-01-01").replace(
        'reviewed_by = ""', 'reviewed_by = "counsel"'
    )


@pytest.fixture
def installation(tmp_path):
    """A bridge with its own retention file: `write` changes it, `work` runs the clock's step, `say` runs a command."""
    file = tmp_path / "retention.toml"
    file.write_text(decided("proprietorship"))
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "", BRIDGE_RETENTION_FILE=str(file))
    processes.migrate(environ)

    def work():
        with processes.services(environ) as services:
            return expire_documents(services=services)

    shop = processes.SHOP
    work()
    return SimpleNamespace(
        environ=environ, shop=shop, write=file.write_text, work=work, say=lambda *words: processes.say(environ, *words)
    )


def sealed(installation, *orders, at=None):
    at = at or datetime.now(UTC)
    with processes.services(installation.environ) as services:
        ids = [seal(services, number, at, shop=installation.shop) for number in orders]
        expire_documents(services=services)
    return ids


def read_json(output):
    assert output.code == 0, output.err
    return output.json


def list_checks(installation, name):
    return [
        (check["ok"], check["detail"])
        for check in installation.say("doctor", "--offline", "--json").json["checks"]
        if check["name"].startswith(name)
    ]


def test_kept_documents_are_listed_with_law_day_and_grounds(installation):
    sealed(installation, 1001, 1002)
    held = read_json(
        installation.say(
            "hold",
            "open",
            "--shop",
            processes.SHOP,
            "--order-id",
            "1002",
            "--reference",
            "CC-1",
            "--reason",
            "summons",
            "--json",
        )
    )
    assert (held["new"], held["documents"], held["orders"]) == (True, 1, 1)
    listed = read_json(installation.say("hold", "list", "--json"))
    rows = {tuple(row["grounds"]): row for row in listed["documents"]}
    firm = rows[("income_tax_books", "gst_books")]
    assert (firm["orders"], firm["documents"], firm["needs"]) == (1, 1, [])
    assert firm["law"].startswith("Income-tax Act 2025")
    assert firm["erasable_from"].endswith("-04-01")
    on_legal_hold = rows[("legal_claim", "income_tax_books", "gst_books")]
    assert (on_legal_hold["erasable_from"], on_legal_hold["last_day"]) == (None, None)
    (open_hold,) = listed["claims"]
    assert (open_hold["id"], open_hold["orders"], open_hold["review_overdue"]) == (held["id"], 1, False)
    assert [word for word in ("1001", "1002", "Asha") if word in json.dumps(listed)] == []
    shown = installation.say("hold", "list")
    assert "income_tax_books" in shown.out
    assert held["id"] in shown.out
    counted = {
        (row["hold"], row["release_year"]): row["documents"]
        for row in read_json(installation.say("evidence", "register", "--json"))["held"]
    }
    year = firm["erasable_from"][:4]
    assert counted == {
        ("income_tax_books", year): 1, ("gst_books", year): 1,
        ("legal_claim", "undecided"): 1, ("income_tax_books", "undecided"): 1, ("gst_books", "undecided"): 1,
    }, "the register counts what binds now, also where nobody has asked for an erasure"  # fmt: skip


def test_t10_documents_past_their_day_that_must_stay_fail_the_doctor(installation):
    installation.write(decided("unknown"))
    sealed(installation, 1001, at=datetime(2015, 5, 1, tzinfo=UTC))
    sealed(installation, 1002)
    ((ok, detail),) = list_checks(installation, "documents held back")
    assert not ok
    assert detail == "1 are past their day and stay until merchant.legal_entity_type is decided"
    (row,) = (
        row for row in read_json(installation.say("hold", "list", "--json"))["documents"] if row["day_of_law"] < "2026"
    )
    assert (row["needs"], row["erasable_from"]) == (["merchant.legal_entity_type"], None)
    assert read_json(installation.say("hold", "sweep", "--yes", "--json"))["documents"] == 0


def test_due_documents_are_listed_and_destroyed_by_a_sweep(installation):
    sealed(installation, 1001)
    with processes.services(installation.environ) as services:
        (gone,) = [seal(services, 1003, datetime(2015, 5, 1, tzinfo=UTC), shop=installation.shop)]
    (row,) = read_json(installation.say("hold", "list", "--due", "--json"))["due"]
    assert (row["documents"], row["erasable_from"]) == ([gone], "2023-04-01")
    assert "2023-04-01" in installation.say("hold", "list", "--due").out
    assert list_checks(installation, "documents due") == [(True, "1 within 30 days")]
    look = read_json(installation.say("hold", "sweep", "--dry-run", "--json"))
    assert [(row["orders"], row["documents"]) for row in look["documents"]] == [(1, 1)]
    later = read_json(installation.say("hold", "sweep", "--dry-run", "--as-of", "2060-01-01", "--json"))
    assert (later["as_of"], sum(row["documents"] for row in later["documents"])) == ("2060-01-01", 2)
    assert len(installation.say("hold", "list", "--due", "--json").json["due"]) == 1, "looking changes nothing"
    assert list_checks(installation, "documents held by a claim") == []
    done = read_json(installation.say("hold", "sweep", "--yes", "--json"))
    assert (done["documents"], done["accepted"]) == (1, True)
    assert read_json(installation.say("hold", "list", "--due", "--json"))["due"] == []
    assert installation.say("evidence", "verify").code == 0
    assert installation.say("hold", "sweep", "--yes", "--as-of", "2060-01-01").code == 2
    assert "1 documents were destroyed" in _sweep_of_one_more(installation)
    for words in (("hold", "sweep", "--dry-run", "--as-of", "2060-01-01"), ("hold", "list", "--due")):
        assert installation.say(*words).code == 0


def _sweep_of_one_more(installation):
    with processes.services(installation.environ) as services:
        seal(services, 1004, datetime(2015, 5, 1, tzinfo=UTC), shop=installation.shop)
    return installation.say("hold", "sweep", "--yes").out


def test_e12_a_changed_retention_file_waits_for_acceptance(installation):
    installation.write(decided("company"))
    installation.work()
    sealed(installation, 1001)
    assert installation.say("hold", "accept", "--yes", "--reason", "test").code == 1
    installation.write(decided("proprietorship"))
    assert not installation.work().policy_accepted
    ((ok, detail),) = list_checks(installation, "retention file")
    assert not ok
    assert "hold accept" in detail
    found = read_json(installation.say("hold", "changes", "--json"))
    assert found["in_force"] is False
    (row,) = found["changes"]
    assert (row["moved"], row["orders"], row["grounds"][0]) == ("earlier", 1, "income_tax_books")
    assert row["new_day"] < row["old_day"]
    assert "earlier" in installation.say("hold", "changes").out
    assert "not accepted" in installation.say("hold", "sweep", "--yes").out
    accepted = read_json(installation.say("hold", "accept", "--yes", "--reason", "the accountant said so", "--json"))
    assert (accepted["accepted"], accepted["earlier"], accepted["sha256"]) == (True, 1, found["loaded_sha256"])
    assert list_checks(installation, "retention file")[0][0] is True
    assert installation.work().policy_accepted
    again = installation.say("hold", "accept", "--yes", "--reason", "test")
    assert (again.code, "is in force" in again.err) == (1, True)


def test_a_legal_hold_on_a_request_is_opened_and_released(installation):
    request = make_request(shop=installation.shop, kind=RequestKind.ERASURE)
    with processes.services(installation.environ) as services, services.store.transaction() as tx:
        tx.index.ingest_sightings(installation.shop, [order(1001)])
        request = replace(request, subject=tx.person_lookup.find_subject(installation.shop, ASHA))
        opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
    sealed(installation, 1001)
    with processes.services(installation.environ) as services:
        assert process_request(request.id, services=services)
    words = ("dsr", "hold", request.id, "--reason", "summons")
    one = read_json(installation.say(*words, "--reference", "CC-1", "--json"))
    assert "keeps this already" in installation.say(*words, "--reference", "CC-1").out
    two = read_json(installation.say(*words, "--reference", "CC-2", "--json"))
    assert installation.say(*words, "--reference", "of Asha").code == 2
    holds = {row["category"] for row in read_json(installation.say("dsr", "show", request.id, "--json"))["holds"]}
    assert {"invoice_document", "legal_claim", "suppression"} <= holds
    assert "CC-1" in installation.say("dsr", "show", request.id).out
    which = installation.say("dsr", "release", "--yes", request.id, "--reason", "settled")
    assert (which.code, one["id"] in which.err) == (1, True)
    assert installation.say("dsr", "release", "--yes", request.id, "--claim", "clm_no", "--reason", "test").code == 1
    done = installation.say(
        "dsr", "release", "--yes", request.id, "--claim", one["id"], "--reason", "settled", "--json"
    )
    assert read_json(done)["documents"] == 1
    assert "is released" in installation.say("dsr", "release", "--yes", request.id, "--reason", "settled").out
    assert installation.say("dsr", "release", "--yes", request.id, "--reason", "settled").code == 1
    shown = read_json(installation.say("dsr", "show", request.id, "--json"))
    assert "legal_claim" not in {row["category"] for row in shown["holds"]}
    assert [fact["fact"] for fact in shown["facts"]].count("hold.released") == 2
    assert two["id"] != one["id"]
    for wrong in ("req_nobody",):
        assert installation.say("dsr", "hold", wrong, "--reference", "X", "--reason", "test").code == 1
        assert installation.say("dsr", "release", "--yes", wrong, "--reason", "test").code == 1


def test_p63_e09_an_overdue_review_and_a_missing_approval_fail_the_doctor(installation):
    with processes.services(installation.environ) as services:
        old = replace(services, clock=SetClock(LONG_AGO))
        given = {"reference": "CC-1", "actor": "operator:somebody-else", "reason": "summons"}
        open_hold = open_order_legal_hold(installation.shop, "1001", **given, services=old).legal_hold
    (review, approval) = list_checks(installation, f"claim {open_hold.id}")
    assert review[0] is approval[0] is False
    assert "hold review" in review[1]
    assert "hold approve" in approval[1]
    looked = read_json(installation.say("hold", "review", open_hold.id, "--reason", "court meets in May", "--json"))
    assert looked["review_overdue"] is False
    assert "is due for its next review" in installation.say("hold", "review", open_hold.id, "--reason", "again").out
    assert [detail for _, detail in list_checks(installation, f"claim {open_hold.id}")] == [approval[1]]
    assert read_json(installation.say("hold", "approve", open_hold.id, "--reason", "alive", "--json"))["approved_by"]
    assert "is approved by" in installation.say("hold", "approve", open_hold.id, "--reason", "alive").out
    assert list_checks(installation, f"claim {open_hold.id}") == []
    assert read_json(installation.say("hold", "release", "--yes", open_hold.id, "--reason", "settled", "--json"))[
        "released"
    ]
    assert installation.say("hold", "release", "--yes", open_hold.id, "--reason", "settled").code == 1


def test_a_legal_hold_cannot_be_approved_by_the_operator_who_opened_it(installation):
    opened_ = read_json(
        installation.say(
            "hold",
            "open",
            "--shop",
            processes.SHOP,
            "--order-id",
            "1",
            "--reference",
            "CC-1",
            "--reason",
            "summons",
            "--json",
        )
    )
    output = installation.say("hold", "approve", opened_["id"], "--reason", "test")
    assert (output.code, "another account" in output.err) == (1, True)


def test_an_item_on_legal_hold_is_released_with_the_legal_hold_only(installation):
    request = make_request(shop=installation.shop, kind=RequestKind.ERASURE)
    with processes.services(installation.environ) as services:
        seal(services, 1001, shop=installation.shop)
        with services.store.transaction() as tx:
            sent = order(1001, parcels=[("Delhivery", "AWB7007007")])
            tx.index.ingest_sightings(installation.shop, [sent])
            opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
        process_request(request.id, services=services)
        with services.store.transaction() as tx:
            (entry,) = tx.notice_items.list_items(request_id=request.id)
    open_hold = read_json(
        installation.say("dsr", "hold", request.id, "--reference", "CC-1", "--reason", "test", "--json")
    )
    assert open_hold["entries"] == 1
    output = installation.say("notice", "release", "--yes", entry.id, "--reason", "test")
    assert (output.code, open_hold["id"] in output.err) == (1, True)
    installation.say("dsr", "release", "--yes", request.id, "--reason", "settled")
    assert installation.say("notice", "release", "--yes", entry.id, "--reason", "test").code == 0


def test_documents_that_only_a_legal_hold_keeps_are_reported(installation):
    words = ("hold", "open", "--shop", processes.SHOP, "--order-id", "1001", "--reference", "CC-1")
    read_json(installation.say(*words, "--reason", "summons", "--json"))
    sealed(installation, 1001, at=datetime(2015, 5, 1, tzinfo=UTC))
    assert list_checks(installation, "documents held by a claim") == [
        (None, "1 are past their day and stay for a legal hold")
    ]
    look = installation.say("hold", "sweep", "--dry-run")
    assert "stays: 1 orders, legal_claim" in look.out


def test_a_sweep_by_hand_runs_to_the_end_and_reports_expired_records(installation, monkeypatch):
    monkeypatch.setattr(step, "MAX_DOCUMENTS_PER_RUN", 1)
    with processes.services(installation.environ) as services:
        for number in (1, 2, 3):
            seal(services, number, datetime(2015, 5, 1, tzinfo=UTC), shop=installation.shop)
        old = make_delivery(state=DeliveryState.REJECTED, received_at=datetime(2020, 1, 1, tzinfo=UTC))
        services.store.accept_delivery(old)
        services.store.expire_bodies_and_packages(keep_failed_days=1, keep_packages_days=1)
    look = installation.say("hold", "sweep", "--dry-run")
    assert "security_log: 1 records reached their age" in look.out
    done = read_json(installation.say("hold", "sweep", "--yes", "--json"))
    assert (done["documents"], done["aged_out"]) == (3, {"security_log": 1})


def test_a_shorter_age_is_shown_and_accepted_by_an_operator(installation):
    installation.write(decided("proprietorship", SHIPPED.replace("months = 84 }", "months = 1 }")))
    assert installation.work().policy_accepted is False
    shown = read_json(installation.say("hold", "changes", "--json"))
    assert (shown["in_force"], shown["changes"]) == (False, [])
    assert shown["ages"] == [
        {"moved": "earlier", "category": "suppression", "what": "max_age", "old": "84 months", "new": "1 months"}
    ]
    assert "84 months" in installation.say("hold", "changes").out
    assert read_json(installation.say("hold", "sweep", "--yes", "--json"))["accepted"] is False
    assert "1 ages and holds become shorter" in installation.say("hold", "accept", "--yes", "--reason", "counsel").out
    assert read_json(installation.say("hold", "sweep", "--yes", "--json"))["accepted"] is True
    assert read_json(installation.say("hold", "changes", "--json"))["ages"] == []


def test_a_proceeding_is_opened_and_released_with_its_disposal(installation):
    sealed(installation, 1001)
    words = ("hold", "open", "--shop", processes.SHOP, "--order-id", "1001", "--reference", "GST-9")
    held = read_json(installation.say(*words, "--proceeding", "tax", "--reason", "notice", "--json"))
    assert held["proceeding"] == "tax"
    release_words = ("hold", "release", "--yes", held["id"], "--reason", "order")
    refused = installation.say(*release_words)
    assert (refused.code, "--disposed-on" in refused.err) == (1, True)
    assert installation.say(*release_words, "--disposed-on", "2999-01-01").code == 1
    assert read_json(installation.say(*release_words, "--disposed-on", "2026-01-31", "--json"))["released"]
    assert installation.say(*words, "--proceeding", "other", "--reason", "test").code == 2
    offered = " ".join(installation.say("hold", "open", "--help").out.split())
    assert "One of: appeal, revision, tax, investigation, assessment." in offered
    assert "under Chapter XIX" in offered
