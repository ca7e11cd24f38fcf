"""`evidence …` for an auditor and against an attacker, on both databases."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.steps.evidence.sign_head import sign_head
from tests.authority import Authority, needs_openssl
from tests.e2e import processes
from tests.tamper import WAYS, append, make_anew, tamper

CHANGED = "UPDATE evidence SET detail = '{\"records\": 9}' WHERE seq = 3"
COPIED_TOKEN = (
    "UPDATE evidence_heads SET token = (SELECT token FROM evidence_heads WHERE day = '2026-11-22') "
    "WHERE day = '2026-11-23'"
)
REPLACED = "UPDATE evidence SET detail = replace(detail, '{old}', '{new}') WHERE seq = 6"


@pytest.fixture
def say(database_url):
    """Run a command over this database, with the keys of the tests."""
    environ = processes.environment(database_url, "")
    return lambda *words, **more: processes.say(environ | more, *words)


@pytest.mark.parametrize("way", WAYS)
def test_t22_verify_exits_with_1_and_names_the_first_bad_fact(store, say, way):
    statements, first_bad = WAYS[way]
    append(store)
    assert say("evidence", "verify", "--json").json["ok"] is True
    tamper(store, *statements)
    result = say("evidence", "verify", "--json")
    assert (result.code, result.json["ok"], result.json["first_bad_seq"]) == (1, False, first_bad)
    result = say("evidence", "verify")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"BROKEN: evidence row {first_bad}: ")


def test_t22_a_rewritten_chain_is_caught_by_a_head_kept_elsewhere(services, store, say, tmp_path):
    append(store)
    sign_head(services=services)
    kept = tmp_path / "heads.json"
    kept.write_text(say("evidence", "heads", "--json").out)
    assert say("evidence", "verify", "--heads", str(kept), "--json").json["heads_given"] == 1
    make_anew(store, CHANGED)
    assert say("evidence", "verify", "--json").json["first_bad_seq"] == 5
    make_anew(store, "DELETE FROM evidence_heads", "DELETE FROM evidence WHERE seq = 6")
    assert say("evidence", "verify").code == 0, "a chain alone does not bind who owns it"
    result = say("evidence", "verify", "--heads", str(kept), "--json")
    assert (result.code, result.json["first_bad_seq"]) == (1, 5)


def test_heads_are_listed_for_people_and_machines(services, store, say):
    assert say("evidence", "heads", "--json").json == []
    assert "No head is signed yet" in say("evidence", "heads").out
    append(store)
    sign_head(services=services)
    [head] = say("evidence", "heads", "--json").json
    assert (head["day"], head["seq"], head["anchored_at"], head["token"]) == ("2026-11-22", 5, None, "")
    assert head["public_key"] == store.keyring.public_key
    assert "2026-11-22" in say("evidence", "heads").out
    result = say("evidence", "verify", "--json").json
    assert (result["signed_heads"], result["timestamped_heads"], result["heads_of_other_keys"]) == (1, 0, 0)
    assert "Signed heads: 1, with a timestamp: 0" in say("evidence", "verify").out


@needs_openssl
def test_verify_says_how_many_timestamps_verified_and_names_the_days_of_the_others(
    services, store, say, clock, tmp_path
):
    append(store)
    with Authority(tmp_path) as authority:
        stamped = replace(services, timestamp_authority=Rfc3161Authority(authority.url, ""))
        sign_head(services=stamped)
        clock.at += timedelta(days=1)
        sign_head(services=stamped)
    root = {"BRIDGE_TSA_ROOT_FILE": str(authority.ca)}

    result = say("evidence", "verify", "--json")
    assert (result.code, result.json["timestamped_heads"], result.json["verified_timestamps"]) == (0, 2, None)
    assert "The signatures of the timestamps were not verified" in say("evidence", "verify").out

    result = say("evidence", "verify", "--json", **root)
    assert (result.code, result.json["ok"], result.json["verified_timestamps"]) == (0, True, 2)
    assert "Timestamps with a verified signature: 2." in say("evidence", "verify", **root).out

    tamper(store, COPIED_TOKEN)
    result = say("evidence", "verify", "--json", **root)
    assert (result.code, result.json["ok"], result.json["verified_timestamps"]) == (1, False, 1)
    assert result.json["bad_timestamps"] == ["2026-11-23"]
    result = say("evidence", "verify", **root)
    assert (result.code, result.err) == (1, "BROKEN: not signed by an authority of BRIDGE_TSA_ROOT_FILE: 2026-11-23\n")
    assert "The chain is unbroken" in result.out


@pytest.mark.parametrize("content", ["", "[]x", '[{"seq": 1}]', '["a"]', "7"])
def test_a_file_that_holds_no_heads_is_wrong_usage(say, tmp_path, content):
    (tmp_path / "heads.json").write_text(content)
    result = say("evidence", "verify", "--heads", str(tmp_path / "heads.json"))
    assert (result.code, result.out) == (2, "")
    assert "holds no signed heads" in result.err
    assert say("evidence", "verify", "--heads", str(tmp_path / "nowhere.json")).code == 2


def test_an_export_writes_the_heads_and_they_verify(services, store, say, tmp_path):
    append(store)
    sign_head(services=services)
    result = say("evidence", "export", "--out", str(tmp_path / "chain.jsonl"), "--json").json
    assert (result["rows"], result["heads"]) == (7, 1)
    assert len((tmp_path / "chain.jsonl").read_text().splitlines()) == 7
    assert json.loads((tmp_path / "chain.jsonl.heads.json").read_text())[0]["seq"] == 5
    assert say("evidence", "verify", "--heads", result["heads_file"]).code == 0


def test_the_register_is_a_table_a_document_or_a_file_and_names_no_data_subject(office, tmp_path):
    result = office.say("evidence", "register", "--json").json
    [month] = result["months"]
    assert month["by_kind"]["access"] == month["by_kind"]["erasure"] == 1
    assert result["open_answers"], "processors owe answers about Bikram's parcels"
    people = office.say("evidence", "register").out
    assert month["month"] in people
    target = tmp_path / "register.csv"
    assert office.say("evidence", "register", "--csv", str(target)).code == 0
    assert office.facts()[-1] == "evidence.exported"
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert {"section": "months", "key": month["month"], "figure": "requests", "value": "2"} in rows
    assert {row["section"] for row in rows} >= {"months", "open_answers"}
    for text in (json.dumps(result), people, target.read_text()):
        assert office.world.asha.last.lower() not in text.lower()
    assert office.say("evidence", "register", "--csv", str(target)).code == 2, "never over another"
    assert office.say("evidence", "register", "--since", "2126-01", "--json").json["months"] == []
    assert office.say("evidence", "register", "--since", "soon").code == 2


def test_a_head_is_signed_now_and_kept_by_an_auditor(services, store, say, tmp_path):
    result = say("evidence", "sign-head")
    assert (result.code, result.out) == (1, "")
    append(store)
    result = say("evidence", "sign-head", "--json")
    assert (result.code, result.json["seq"], result.json["key_sha256"]) == (0, 5, services.signing_key_fingerprint)
    kept = tmp_path / "head.json"
    kept.write_text(result.out)
    assert say("evidence", "verify", "--heads", str(kept), "--json").json["heads_given"] == 1
    sign_head(services=services)
    assert result.json["hash"] not in say("evidence", "heads").out, "the head of the day is another one"
    result = say("evidence", "sign-head")
    assert result.code == 0
    assert f"key_sha256: {services.signing_key_fingerprint}" in result.out
    make_anew(store, "DELETE FROM evidence_heads", CHANGED, "DELETE FROM evidence WHERE seq > 5")
    assert say("evidence", "verify").code == 0
    assert say("evidence", "verify", "--heads", str(kept), "--json").json["first_bad_seq"] == 5


def test_a_head_that_was_given_away_is_verified_with_the_chain(services, store, say):
    append(store)
    assert say("evidence", "sign-head").code == 0
    assert say("evidence", "verify").code == 0
    for old, new in (('"seq": 5', '"seq": 4'), ('"signature": "', '"signature": "A'), ('"signed_at"', '"at"')):
        make_anew(store, REPLACED.format(old=old, new=new))
        result = say("evidence", "verify", "--json")
        assert (result.code, result.json["ok"]) == (1, False)
        make_anew(store, REPLACED.format(old=new, new=old))
        assert say("evidence", "verify").code == 0
