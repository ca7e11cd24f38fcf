"""`vault …`, `dsr continue`, `dsr close` and their checks in `doctor`, on both databases."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bridge.cli.vault import open as open_command
from bridge.model import DocumentForm, DocumentKind, InvoiceCopy, RequestState, TaskState
from bridge.services import Services
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.retention_tables import vault_documents
from tests.e2e import processes
from tests.factories import CANARIES, OTHER_SHOP, SHOP, accepted, make_request, make_task, opened, uninstalled_body

SHIPPED = Path(__file__).parents[2] / "config" / "retention.toml"
PDF = b"%PDF-1.7 invoice of Asha Qwertzuiop"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A bridge with its own database and retention file."""

    environ: Mapping[str, str]
    folder: Path
    services: Services

    def say(self, *words: str, **more: str) -> processes.Result:
        return processes.say({**self.environ, **more}, *words)

    def seal(self, number: int, *, shop: str = SHOP, **given: Any) -> str:
        result = {
            "kind": DocumentKind.INVOICE,
            "form": DocumentForm.MINIMUM,
            "order_id": str(number),
            "source_id": str(number),
            "issued_at": datetime(2026, 10, 1, tzinfo=UTC),
            "content": json.dumps({"number": number, "name": "Asha Qwertzuiop"}).encode(),
        }
        with self.services.store.transaction() as tx:
            return tx.documents.seal_document(shop, InvoiceCopy(**(result | given))).id

    def facts(self, fact: str) -> list[Any]:
        with self.services.store.transaction() as tx:
            return [event for event in tx.evidence.iterate_facts() if event.fact == fact]

    def leave(self) -> str:
        """Receive app/uninstalled and shop/redact, and run the worker once."""
        accepted(self.services.store, "app/uninstalled", uninstalled_body())
        redact = accepted(self.services.store, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
        request_id = dispatch_delivery(redact.id, services=self.services)
        process_request(request_id, services=self.services)
        return request_id

    def shown(self, request_id: str) -> Any:
        return self.say("dsr", "show", request_id, "--json").json

    def checks(self, **more: str) -> dict[str, Any]:
        result = self.say("doctor", "--offline", "--json", **more).json["checks"]
        return {check["name"]: check for check in result}


@pytest.fixture
def at(database_url, tmp_path):
    """A bridge that a processor runs for merchants."""
    rules = SHIPPED.read_text()
    assert rules.count('operator_role = "fiduciary"') == 1
    rules = rules.replace('operator_role = "fiduciary"', 'operator_role = "processor"')
    (tmp_path / "retention.toml").write_text(rules)
    environ = processes.environment(database_url, "", BRIDGE_RETENTION_FILE=str(tmp_path / "retention.toml"))
    with processes.services(environ) as services:
        yield Desk(environ=environ, folder=tmp_path, services=services)


def private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


# --- list and open ------------------------------------------------------------------------------------


def test_the_list_shows_days_and_grounds_and_no_content(at):
    one, _, other = at.seal(1001), at.seal(1002), at.seal(1001, shop=OTHER_SHOP)
    rows = at.say("vault", "list", "--json").json
    assert len(rows) == 3
    [row] = at.say("vault", "list", "--shop", SHOP, "--order-id", "1001", "--json").json
    assert (row["id"], row["kind"], row["form"]) == (one, "invoice", "statutory_minimum")
    assert {"issued_at", "sealed_at", "erasable_from", "grounds", "request_id"} <= set(row)
    assert {"order_key", "digest"} & set(row) == set()
    output = at.say("vault", "list", "--shop", OTHER_SHOP)
    assert other in output.out
    assert [word for word in CANARIES if word in output.out] == []
    assert at.say("vault", "list", "--shop", SHOP, "--order-id", "77", "--json").json == []
    assert at.say("vault", "list", "--order-id", "77").code == 2


def open_document(at, document, role, out, *more):
    return at.say("vault", "open", document, "--role", role, "--reason", "audit of 2026", "--out", str(out), *more)


@pytest.mark.parametrize("role", ["legal_compliance", "admin"])
def test_two_roles_open_a_document_to_a_file_and_that_is_evidence(at, role):
    """Requirements P-67, V-05."""
    document, out = at.seal(1001, content=PDF, media_type="application/pdf"), at.folder / "one.pdf"
    output = open_document(at, document, role, out, "--json")
    assert (output.code, output.json["bytes"]) == (0, len(PDF))
    assert (out.read_bytes(), private(out)) == (PDF, True)
    assert "Qwertzuiop" not in output.out + output.err
    [fact] = at.facts("document.opened")
    assert fact.detail == {"document": document, "role": role, "reason": "audit of 2026"}
    assert fact.actor.startswith("operator:")
    assert open_document(at, document, role, out).code == 2, "it overwrites no file by itself"
    assert len(at.facts("document.opened")) == 1


def test_a_failed_write_says_that_the_opening_is_recorded(at):
    document, out = at.seal(1001), at.folder / "nowhere" / "one.pdf"
    output = open_document(at, document, "admin", out)
    assert (output.code, out.exists(), output.out) == (1, False, "")
    assert "cannot be written" in output.err
    assert f"The opening of {document} is recorded as evidence" in output.err
    assert len(at.facts("document.opened")) == 1


def test_an_opening_is_recorded_before_the_file_is_written(at, monkeypatch):
    seen = []
    document, out = at.seal(1001), at.folder / "one.pdf"
    monkeypatch.setattr(
        open_command, "write_private_file", lambda *_, **__: seen.append(len(at.facts("document.opened")))
    )
    assert open_document(at, document, "admin", out).code == 0
    assert seen == [1]


@pytest.mark.parametrize("role", ["sales_logistics", "marketing", "sysadmin"])
def test_other_roles_are_refused_and_that_is_evidence_too(at, role):
    """Requirements P-45, V-06."""
    document, out = at.seal(1001), at.folder / "one.json"
    output = open_document(at, document, role, out)
    assert (output.code, out.exists(), output.out) == (1, False, "")
    [fact] = at.facts("document.refused")
    assert (fact.detail["role"], fact.detail["document"]) == (role, document)
    assert at.facts("document.opened") == []


def test_an_unknown_role_and_an_unknown_document_are_refused(at):
    out = at.folder / "x"
    assert open_document(at, "doc_1", "owner", out).code == 2
    output = open_document(at, "doc_1", "admin", out)
    assert (output.code, out.exists()) == (1, False)
    assert "vault list" in output.err


def broken(at, document):
    with at.services.store.engine.begin() as connection:
        row = vault_documents.c.id == document
        connection.execute(update(vault_documents).where(row).values(doc=b"\x01\x02k1 altered"))


def test_a_document_that_does_not_open_is_reported_by_open_and_doctor(at):
    document, out = at.seal(1001), at.folder / "x"
    at.seal(1002)
    assert at.checks()["vault documents"]["detail"].startswith("2 picked")
    broken(at, document)
    output = open_document(at, document, "admin", out)
    assert (output.code, out.exists(), at.facts("document.opened")) == (1, False, [])
    assert "vault-broken.md" in output.err
    check = at.checks()["vault documents"]
    assert (check["ok"], document in check["detail"]) == (False, True)


# --- file and attest ----------------------------------------------------------------------------------


def file_one(at, path, *more, order="1001", shop=SHOP, issued="2026-10-01"):
    return at.say(
        "vault", "file", "--shop", shop, "--order-id", order, "--file", str(path), "--issued-at", issued, *more
    )  # fmt: skip


def test_the_shops_own_document_is_sealed_unaltered_and_once(at):
    path = at.folder / "invoice.pdf"
    path.write_bytes(PDF)
    output = file_one(at, path, "--json")
    [done] = output.json["results"]
    assert (output.code, done["there"]) == (0, False)
    again = file_one(at, path)
    assert (again.code, "Filed already" in again.out) == (0, True)
    [row] = at.say("vault", "list", "--json").json
    assert (row["id"], row["form"], row["media_type"]) == (done["document"], "as_issued", "application/pdf")
    assert row["issued_at"] == "2026-09-30T18:30:00+00:00", "the day of the books, in India"
    with at.services.store.transaction() as tx:
        assert tx.documents.open_document(done["document"]) == PDF
    [fact] = at.facts("document.sealed")
    assert (fact.detail["document"], fact.detail["form"]) == (done["document"], "as_issued")


def test_an_invalid_document_is_refused(at):
    path = at.folder / "invoice.pdf"
    path.write_bytes(b"no pdf")
    output = file_one(at, path)
    assert (output.code, "does not match its suffix" in output.err) == (1, True)
    path.write_bytes(PDF)
    assert file_one(at, path, issued="tomorrow").code == 2
    assert file_one(at, path, issued="2999-01-01").code == 1
    assert file_one(at, path, order="#1001").code == 2
    assert file_one(at, path, shop="example.com").code == 2
    assert at.say("vault", "file", "--shop", SHOP, "--file", str(path)).code == 2
    assert at.say("vault", "list", "--json").json == []


def test_a_folder_is_filed_line_by_line_and_a_failure_stops_no_other(at):
    folder = at.folder / "papers"
    folder.mkdir()
    for name, content in (("1.pdf", PDF), ("2.pdf", PDF + b"2"), ("3.pdf", b"no"), ("4.xml", b"<a/>")):
        (folder / name).write_bytes(content)
    (at.folder / "secret.pdf").write_bytes(PDF)
    map_ = at.folder / "map.csv"
    map_.write_text(
        "order_id,file,issued_at,kind\n"
        "1001,1.pdf,2026-10-01,\n"
        "1002,2.pdf,2026-10-02,credit_note\n"
        "1003,3.pdf,2026-10-02,invoice\n"
        "x,4.xml,2026-10-02,invoice\n"
        "1005,../secret.pdf,2026-10-02,invoice\n"
        "1006,6.pdf,2026-10-02,invoice\n"
        "1007,1.pdf,2026-10-02,receipt\n",
        encoding="utf-8-sig",
    )
    words = ("vault", "file", "--shop", SHOP, "--folder", str(folder), "--map", str(map_))
    output = at.say(*words, "--json")
    assert output.code == 1
    result = {row["line"]: row["why"] for row in output.json["results"]}
    assert [line for line in result if not result[line]] == [2, 3]
    assert len({why for why in result.values() if why}) == 5
    assert output.json["failed"] == 5
    assert {row["kind"] for row in at.say("vault", "list", "--json").json} == {"invoice", "credit_note"}
    again = at.say(*words)
    assert (again.code, "0 sealed, 2 were filed already, 5 failed." in again.out) == (1, True)
    map_.write_text("order,file\n1,2\n")
    assert at.say(*words).code == 2


def test_an_order_without_a_copy_is_attested_and_its_erasure_restarts(at):
    request = make_request(received_at=at.services.clock.now())
    task = make_task(request.id, "vault", state=TaskState.WAITING, last_error="copy_missing")
    with at.services.store.transaction() as tx:
        opened(tx, request, task)
        legal_hold = tx.requests.acquire_lease(request.id)
        tx.requests.release_lease(legal_hold, state=RequestState.WAITING, wake_at=None, complete=None, closed_at=None)
    words = ("vault", "attest", "--yes", "--shop", SHOP, "--order-id", "1009", "--reference", "ledger 2026/17",
             "--reason", "the invoice was written by hand")  # fmt: skip
    output = at.say(*words, "--json")
    assert (output.code, output.json["already_there"]) == (0, False)
    with at.services.store.transaction() as tx:
        [document] = tx.documents.find_documents_by_order_id(SHOP, ["1009"])["1009"]
        word = json.loads(tx.documents.open_document(document.id))
        [woken] = tx.tasks.list_tasks(request.id)
    assert (document.form, document.kind) == (DocumentForm.ATTESTED, DocumentKind.INVOICE)
    assert (word["reference"], set(word)) == ("ledger 2026/17", {"attested_by", "reference", "on"})
    assert woken.wake_at is not None
    [fact] = at.facts("document.sealed")
    assert (fact.detail["form"], fact.detail["reference"]) == ("external_attested", "ledger 2026/17")
    assert at.say(*words, "--json").json["already_there"]
    assert at.say(*words[:6], "--reference", "x" * 65, "--reason", "test").code == 2


@pytest.mark.parametrize("attested_day", ["2026-06-01", "2024-06-01"])
def test_with_external_books_nothing_is_sealed_and_the_attestation_expires(attested_day, database_url, tmp_path):
    rules = SHIPPED.read_text().replace('mode = "bridge" ', 'mode = "external_attested" ')
    rules = rules.replace('attested_by = "" ', f'attested_on = {attested_day}\nattested_by = "the accountant" ')
    (tmp_path / "retention.toml").write_text(rules)
    environ = processes.environment(database_url, "", BRIDGE_RETENTION_FILE=str(tmp_path / "retention.toml"))
    (tmp_path / "a.pdf").write_bytes(PDF)
    with processes.services(environ) as services:
        at = Desk(environ=environ, folder=tmp_path, services=services)
        output = file_one(at, tmp_path / "a.pdf")
        assert (output.code, "external_attested" in output.err) == (1, True)
        check = at.checks()["vault attestation"]
        young = services.clock.now() - datetime.fromisoformat(attested_day).replace(tzinfo=UTC) < timedelta(365)
        assert check["ok"] is (True if young else None)
        assert f"as the accountant attested on {attested_day}" in check["detail"]
        assert "storage region" not in at.checks()


# --- a shop leaves ------------------------------------------------------------------------------------


def test_documents_are_exported_with_their_index_and_then_destroyed(at):
    ids = {at.seal(1001): b'{"number": 1001, "name": "Asha Qwertzuiop"}'}
    ids[at.seal(1002, content=PDF, media_type="application/pdf", form=DocumentForm.AS_ISSUED)] = PDF
    at.seal(1001, shop=OTHER_SHOP)
    out = at.folder / "books.zip"
    words = ("vault", "export", "--yes", "--shop", SHOP, "--out", str(out))
    refused = at.say(*words)
    assert (refused.code, out.exists(), "No erasure" in refused.err) == (1, False, True)
    request_id = at.leave()
    [task] = at.shown(request_id)["tasks"]
    assert (task["state"], task["last_error"], task["detail"]) == (
        "waiting", "vault_not_returned", {"data_keys": 1, "settled_deliveries": 1, "kept_documents": 2},
    )  # fmt: skip
    check = at.checks()[f"{SHOP} leaves"]
    assert (check["ok"], "vault export" in check["detail"]) == (None, True)
    output = at.say(*words, "--json")
    assert (output.code, output.json["documents"], output.json["requests"]) == (0, 2, [request_id])
    assert output.json["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert private(out)
    with zipfile.ZipFile(out) as archive:
        table = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode())))
        read = {row["file"]: archive.read(row["file"]) for row in table}
        assert set(archive.namelist()) == {"index.csv", *read}
    assert {Path(name).stem: content for name, content in read.items()} == ids
    assert [row["sha256"] for row in table] == [hashlib.sha256(read[row["file"]]).hexdigest() for row in table]
    assert {row["form"] for row in table} == {"statutory_minimum", "as_issued"}
    [fact] = at.facts("vault.exported")
    assert fact.detail == {"documents": 2, "sha256": output.json["sha256"]}
    process_request(request_id, services=at.services)
    shown = at.shown(request_id)
    assert (shown["state"], shown["complete"]) == ("done", True)
    assert [row["shop"] for row in at.say("vault", "list", "--json").json] == [OTHER_SHOP]
    assert at.say(*words, "--force").code == 1, "nobody leaves any more"


def test_an_aborted_export_leaves_no_file_and_no_fact(at):
    document = at.seal(1001)
    request_id = at.leave()
    broken(at, document)
    out = at.folder / "books.zip"
    output = at.say("vault", "export", "--yes", "--shop", SHOP, "--out", str(out))
    assert (output.code, document in output.err) == (1, True)
    assert list(at.folder.glob("*.zip*")) == []
    assert at.facts("vault.exported") == []
    process_request(request_id, services=at.services)
    assert at.shown(request_id)["tasks"][0]["last_error"] == "vault_not_returned"


def test_a_waiver_is_recorded_and_the_documents_are_destroyed(at):
    at.seal(1001)
    words = ("vault", "waive", "--yes", "--shop", SHOP, "--reference", "letter 7", "--reason", "they have their books")
    assert at.say(*words).code == 1
    request_id = at.leave()
    output = at.say(*words, "--json")
    assert (output.code, output.json["requests"]) == (0, [request_id])
    [fact] = at.facts("vault.waived")
    assert fact.detail == {"waiver": "letter 7", "reason": "they have their books"}
    process_request(request_id, services=at.services)
    assert at.shown(request_id)["tasks"][0]["detail"]["vault_documents"] == 1
    empty = at.say("vault", "export", "--yes", "--shop", SHOP, "--out", str(at.folder / "x.zip"))
    assert empty.code == 1


def test_a_fiduciary_merchant_gets_no_documents_back(at):
    at.seal(1001)
    at.leave()
    shipped = {"BRIDGE_RETENTION_FILE": str(SHIPPED)}
    out = ("--out", str(at.folder / "x.zip"))
    for words in (("export", *out), ("waive", "--reference", "letter", "--reason", "test")):
        output = at.say("vault", words[0], "--yes", "--shop", SHOP, *words[1:], **shipped)
        assert (output.code, "fiduciary" in output.err) == (1, True)


def test_documents_filed_during_an_export_are_not_lost(at, monkeypatch):
    at.seal(1001)
    request_id = at.leave()
    export_command = import_module("bridge.cli.vault.export")
    zipped = export_command._write_documents_zip

    def meanwhile(*given):
        zipped(*given)
        at.seal(1002)

    monkeypatch.setattr(export_command, "_write_documents_zip", meanwhile)
    out = at.folder / "books.zip"
    output = at.say("vault", "export", "--yes", "--shop", SHOP, "--out", str(out))
    assert (output.code, out.exists(), at.facts("vault.exported")) == (1, False, [])
    process_request(request_id, services=at.services)
    assert at.shown(request_id)["tasks"][0]["last_error"] == "vault_not_returned"


def stopped(at):
    at.seal(1001)
    with at.services.store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, "shpat_new", datetime.now(UTC) + timedelta(days=1), "")
    redact = accepted(at.services.store, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    request_id = dispatch_delivery(redact.id, services=at.services)
    process_request(request_id, services=at.services)
    return request_id


@pytest.mark.parametrize(("verb", "outcome"), [("continue", "vault_not_returned"), ("close", "installed_again")])
def test_the_erasure_of_a_reinstalled_shop_waits_for_a_decision(at, verb, outcome):
    request_id = stopped(at)
    check = at.checks()[f"{SHOP} leaves"]
    assert (check["ok"], "dsr continue" in check["detail"]) == (False, True)
    assert at.say("dsr", verb, request_id).code == 2, "it wants a reason"
    output = at.say("dsr", verb, "--yes", request_id, "--reason", "they asked us", "--json")
    assert (output.code, output.json) == (0, {"id": request_id, "decision": verb})
    process_request(request_id, services=at.services)
    shown = at.shown(request_id)
    assert shown["tasks"][0]["last_error"] == outcome
    assert shown["state"] == ("done" if verb == "close" else "waiting")
    again = at.say("dsr", verb, "--yes", request_id, "--reason", "again")
    assert (again.code, "does not wait for this" in again.err) == (1, True)
    assert len(at.facts("shop_erasure.continued")) == 1


# --- doctor -------------------------------------------------------------------------------------------


def test_doctor_checks_the_storage_region(at):
    """Requirement L-05."""
    unknown, abroad = at.checks()["storage region"], at.checks(BRIDGE_STORAGE_REGION="US")["storage region"]
    assert (unknown["ok"], abroad["ok"]) == (None, None), "in development"
    assert "r.46(8)" in unknown["detail"]
    assert "income_tax_books" in unknown["detail"]
    assert at.checks(BRIDGE_STORAGE_REGION="IN")["storage region"]["ok"] is True
    assert at.say("doctor", "--offline", BRIDGE_STORAGE_REGION="india").code == 1


def test_doctor_fails_a_week_before_the_thirty_days_are_over(at):
    at.seal(1001)
    request_id = at.leave()
    with at.services.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE requests SET webhook_received_at = '2026-01-01 00:00:00+00:00' WHERE id = '{request_id}'")  # fmt: skip  # noqa: S608
    assert at.checks()[f"{SHOP} leaves"]["ok"] is False
