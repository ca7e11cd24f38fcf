"""Rotation: every sealed column is known, every old key is replaced, no other change is overwritten."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, select, update

from bridge.errors import KeyMissing, StoreUnavailable
from bridge.model import (
    AffectedPersons,
    DisclosureParticulars,
    DocumentForm,
    DocumentKind,
    GatherProgress,
    IdentityCheck,
    IdentityDoubt,
    IncomingMail,
    InvoiceCopy,
    Language,
    MailKind,
    MailState,
    NominationParticulars,
    PageSubmission,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    Role,
    TaskAction,
)
from bridge.store import Keyring, SqlStore
from bridge.store.key_rotation import rotate_keys
from bridge.store.key_usage import count_key_usage
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.retention_tables import refund_accounts
from bridge.store.schema.tables import deliveries, evidence, findings, metadata, tasks, tokens
from bridge.store.sealed_columns import SEALED_COLUMNS, KeyScope
from tests.factories import (
    ASHA,
    NOW,
    SHOP,
    accepted,
    customer,
    make_entry,
    make_finding,
    make_reconciliation,
    make_request,
    make_task,
    opened,
    order,
)
from tests.fakes import page
from tests.kit.stored import write_package

OLD, NEW = ("k1", b"1" * 32), ("k2", b"2" * 32)
COPY = InvoiceCopy(
    kind=DocumentKind.INVOICE,
    form=DocumentForm.AS_ISSUED,
    order_id="1001",
    source_id="1001",
    issued_at=NOW,
    content=b"Asha's invoice",
)

NOMINEE = NominationParticulars(name="Ravi Qwertzuiop", contact="ravi@qwertzuiop.example")
DISCLOSURE = DisclosureParticulars(authority="Example Police", law="notice 1", categories=("address",), country="IN")
CONTACT = RequestDetails(contact=ReplyContact(address=ASHA.email))
MAIL = IncomingMail(
    message_id="<1@a.example>", references=(), sender=ASHA.email, subject="", text="Hello", arrived_at=NOW, size=9
)
PROOF = {"answered": "link"}
SUBMISSION = PageSubmission(
    id="", shop=SHOP, kind=RequestKind.ACCESS, email=ASHA.email, language=Language.HINDI, created_at=NOW
)


def make_check(request_id):
    """Make a doubt that nobody has ended."""
    return IdentityCheck(
        request_id=request_id,
        shop=SHOP,
        doubt=IdentityDoubt.UNUSUAL_REQUEST,
        times_asked=1,
        asked_at=NOW,
        remind_at=NOW + timedelta(days=15),
    )


@pytest.fixture
def make_store(database_url, clock):
    """Return a function that makes stores over one database with other keyrings."""
    made = []

    def rebuild(*keys):
        made.append(SqlStore(database_url, keyring=Keyring(keys, b"p" * 32, b"s" * 32), now=clock.now))
        return made[-1]

    yield rebuild
    for store in made:
        store.close()


def seal_every_column(store, bodies=1):
    """Put one value of every sealed column into the database."""
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order(1001, parcels=[("Delhivery", "AWB1")])])
        request = make_request(subject=tx.person_lookup.find_subject(SHOP, ASHA))
        task = make_task(request.id, progress=GatherProgress(cursor="page 2"))
        opened(tx, request, task)
        tx.findings.add_findings(task, page(make_finding()))
        with write_package(tx, request.id) as out:
            out.write(b"Asha")
        tx.tokens.save_tokens(SHOP, "shpat_1", NOW + timedelta(days=1), "shprt_1")
        tx.notice_items.add_items(
            [make_entry(task_id=make_task(request.id, "delhivery", TaskAction.NOTIFY_PROCESSOR).id)]
        )
        tx.reconciliations.open_reconciliation(make_reconciliation())
        tx.request_details.save_details(request.id, SHOP, CONTACT)
        tx.users.add_user("asha.k", Role.ADMIN, "three words of mine")
        _, token = tx.page_submissions.add_submission(SUBMISSION)
        tx.identity_checks.save_check(make_check(request.id))
        tx.identity_checks.save_proof(make_check(request.id), PROOF)
        tx.nominations.add_nomination(SHOP, request.subject, request.id, NOMINEE)
        tx.disclosures.add_disclosure(
            SHOP, DISCLOSURE, tx.disclosures.derive_keys(SHOP, ASHA), given_at=NOW, disclosable_at=None
        )
        tx.incident_persons.save_persons(request.id, SHOP, AffectedPersons(persons=((SHOP, request.subject),)))
        mail = tx.mails.add_mail(MAIL, shop=SHOP, kind=MailKind.MESSAGE, state=MailState.OPEN)
        assert tx.mails.open_content(mail).text == MAIL.text
        document = tx.documents.seal_document(SHOP, COPY)
        vault, connection = store.keyring, tx.session.connection
        wrap = {"id": "rfd_1", "shop": SHOP}
        connection.execute(
            insert(refund_accounts).values(
                **wrap, refund_id="1", order_key="", subject="", state="open", opened_at=NOW, request_id="",
                wrapped=vault.seal(b"r" * 32, "refund_accounts|rfd_1|wrapped|" + SHOP),
                doc=vault.seal(b"IBAN", "x", key_id="rfd_00000000000000000000000001", key=b"r" * 32),
                reference=vault.seal(b"ref", "refund_accounts|rfd_1|reference|" + SHOP),
            )
        )  # fmt: skip
    for _ in range(bodies):
        accepted(store, "orders/create", {"id": 7, "name": _})
    return request, document, token


def key_usage(store):
    with store.transaction() as tx:
        return count_key_usage(tx.session)


def test_every_sealed_or_secret_column_is_registered_once():
    wanted = {str(c) for t in metadata.sorted_tables for c in t.columns if c.info["data"] in {"sealed", "secret"}}
    assert sorted(sealed.name for sealed in SEALED_COLUMNS) == sorted(wanted), (
        "add it to bridge/store/sealed_columns.py"
    )
    assert {str(c) for t in metadata.sorted_tables for c in t.columns if c.info["data"] == "secret"} <= {
        sealed.name for sealed in SEALED_COLUMNS if sealed.key_scope is KeyScope.KEYRING
    }


def test_rotation_reseals_every_value_under_the_active_key_and_all_still_open(make_store):
    before = make_store(OLD)
    request, document, token = seal_every_column(before)
    found = key_usage(before)
    locked = {column for column, count in found.counts_by_key["k1"].items() if count}
    assert locked >= {sealed.name for sealed in SEALED_COLUMNS if sealed.key_scope is KeyScope.KEYRING}
    both = make_store(NEW, OLD)
    progress = []
    done = rotate_keys(both, actor="operator:test", on_progress=lambda column, count: progress.append((column, count)))
    assert done.is_complete
    assert set(done.resealed_counts) == locked == {column for column, _ in progress}
    after = key_usage(both)
    assert (after.outdated_count, after.counts_by_key["k1"], after.missing_keys) == (0, {}, {})
    assert after.counts_by_key["k2"] == found.counts_by_key["k1"]
    alone = make_store(NEW)
    with alone.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == ASHA
        assert [one.progress.cursor for one in tx.tasks.list_tasks(request.id)] == ["page 2"]
        assert [body.ref for _, body in tx.findings.read_findings(request.id)] == ["1001"]
        assert b"".join(tx.packages.read_package(request.id)) == b"Asha"
        assert tx.tokens.read_tokens(SHOP)[::2] == ("shpat_1", "shprt_1")
        assert tx.request_details.get_details(request.id, request.kind) == CONTACT
        assert tx.identity_checks.read_proof(request.id) == PROOF
        assert tx.page_submissions.find_submission(token).email == ASHA.email
        assert [one.nominee for one in tx.nominations.list_nominations_of_person(SHOP, ASHA)] == [NOMINEE]
        assert [one.particulars for one in tx.disclosures.list_disclosures(limit=9)] == [DISCLOSURE]
        assert tx.incident_persons.get_persons(request.id).persons == ((SHOP, request.subject),)
        assert [tx.mails.open_content(mail).text for mail in tx.mails.list_mails()] == ["Hello"]
        assert tx.documents.open_document(document.id) == COPY.content
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]
        assert tx.notice_items.list_items()[0].reference
        [fact] = tx.session.connection.execute(select(evidence).where(evidence.c.fact == "keys.rotated")).all()
    progress = json.loads(fact.detail)
    assert (progress["key"], progress["whole"], progress["renewed"]) == ("k2", True, done.resealed_counts)
    assert fact.actor == "operator:test"
    rebuild = rotate_keys(both, actor="operator:test")
    assert (rebuild.is_complete, rebuild.resealed_counts) == (True, {})
    with both.transaction() as tx:
        facts = [one.fact for one in tx.evidence.iterate_facts()]
    assert facts.count("keys.rotated") == 1, "twice is once"


def test_small_batches_reach_every_row(make_store):
    seal_every_column(make_store(OLD), bodies=7)
    assert rotate_keys(make_store(NEW, OLD), actor="x", batch_rows=2).resealed_counts["deliveries.body"] == 7


def test_a_large_value_is_a_batch_of_its_own(make_store, monkeypatch):
    monkeypatch.setattr("bridge.store.key_rotation.BATCH_BYTES", 10)
    seal_every_column(make_store(OLD), bodies=3)
    assert rotate_keys(make_store(NEW, OLD), actor="x").is_complete


def test_a_rotation_that_crashed_continues(make_store):
    seal_every_column(make_store(OLD), bodies=5)
    both = make_store(NEW, OLD)

    def die(column, _):
        if column == "deliveries.body":
            raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        rotate_keys(both, actor="x", batch_rows=2, on_progress=die)
    halfway = key_usage(both)
    assert halfway.counts_by_key["k1"]["deliveries.body"] == 4
    assert halfway.counts_by_key["k2"]["deliveries.body"] == 1, "a series begins with its least"
    done = rotate_keys(both, actor="x", batch_rows=2)
    assert (done.is_complete, done.resealed_counts["deliveries.body"]) == (True, 4)


def test_a_run_that_crashed_before_its_fact_is_recorded_by_the_next(make_store, monkeypatch):
    seal_every_column(make_store(OLD))
    both = make_store(NEW, OLD)
    with monkeypatch.context() as patch:
        patch.setattr("bridge.store.evidence.chain.EvidenceRows.append_fact", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rotate_keys(both, actor="x")
    assert rotate_keys(both, actor="x").resealed_counts == {}
    with both.transaction() as tx:
        assert [one.fact for one in tx.evidence.iterate_facts()].count("keys.rotated") == 1


def test_a_value_that_changed_meanwhile_is_not_overwritten(make_store):
    """Another transaction replaces a token between reading and writing of a batch: the new token stays."""
    before = make_store(OLD)
    seal_every_column(before)
    both = make_store(NEW, OLD)
    replacement = both.keyring.seal(b"shpat_2", f"tokens|{SHOP}|token")

    @event.listens_for(both.engine, "before_cursor_execute")
    def _meanwhile(connection, cursor, statement, parameters, context, many):
        if statement.startswith("UPDATE tokens SET token") and not context.execution_options.get("theirs"):
            connection.execution_options(replacement=True)
            renewed = update(tokens).where(tokens.c.shop == SHOP).values(token=replacement)
            connection.execute(renewed, execution_options={"theirs": True})

    done = rotate_keys(both, actor="x")
    event.remove(both.engine, "before_cursor_execute", _meanwhile)
    assert "tokens.token" not in {column for column, count in done.resealed_counts.items() if count}
    with make_store(NEW).transaction() as tx:
        assert tx.tokens.read_tokens(SHOP)[0] == "shpat_2"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_locked_row_is_skipped_without_waiting(make_store):
    before = make_store(OLD)
    seal_every_column(before)
    both = make_store(NEW, OLD)
    with before.engine.begin() as holder:
        holder.execute(select(deliveries.c.id).with_for_update())
        done = rotate_keys(both, actor="x")
    assert not done.is_complete
    assert done.key_usage.counts_by_key["k1"] == {"deliveries.body": 1}
    assert rotate_keys(both, actor="x").is_complete


def test_unreadable_values_are_listed_and_unchanged_and_a_missing_key_is_an_alarm(make_store):
    before = make_store(OLD, ("k0", b"0" * 32))
    seal_every_column(before)
    lost = Keyring([("k9", b"9" * 32)], b"p" * 32, b"s" * 32).seal(b"x", "anything")
    with before.engine.begin() as connection:
        connection.execute(update(tasks).values(cursor=lost))
        connection.execute(update(findings).values(body=lost))
        connection.execute(update(deliveries).values(body=before.keyring.seal(b"moved", "elsewhere")))
    both = make_store(NEW, OLD)
    assert {key: dict(rows) for key, rows in key_usage(both).missing_keys.items()} == {
        "k9": {"tasks.cursor": 1, "findings.body": 1}
    }
    done = rotate_keys(both, actor="x")
    assert not done.is_complete
    assert [place.split("|")[0] for place in done.unreadable] == ["deliveries.body deliveries"]
    with both.engine.connect() as connection:
        assert connection.scalar(select(tasks.c.cursor)) == lost
    assert done.resealed_counts["data_keys.wrapped"]


def test_after_a_rotation_a_backup_cannot_open_erased_data_and_the_database_still_works(make_store, tmp_path, request):
    """Seal, back up, erase, rotate, drop the old key: the key in the backup opens nothing; other data subjects stay."""
    before = make_store(OLD)
    bhavna = {"customer": {"id": 7002, "email": "bhavna@example.com"}, "email": "bhavna@example.com", "phone": ""}
    with before.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001, parcels=[("Delhivery", "AWB1")]), order(1003, **bhavna)])
        subject = tx.person_lookup.find_subject(SHOP, ASHA)
        wrapped = dict(tx.session.connection.execute(select(data_keys.c.subject, data_keys.c.wrapped)).all())
    backup = _copy(before, tmp_path, request)
    with before.transaction() as tx:
        tx.person_eraser.erase_person(SHOP, ASHA, request_id="req_1")
    assert rotate_keys(make_store(NEW, OLD), actor="x").is_complete
    old, alone = (SqlStore(backup, keyring=Keyring([NEW], b"p" * 32, b"s" * 32), now=before.now), make_store(NEW))
    with pytest.raises(KeyMissing, match="k1"), old.transaction() as tx:
        tx.index.list_orders(SHOP, ASHA)
    old.close()
    with alone.transaction() as tx:
        assert tx.index.list_orders(SHOP, ASHA) == {}
        assert list(tx.index.list_orders(SHOP, Principal(customer_id="7002"))) == ["1003"]
        remaining = dict(tx.session.connection.execute(select(data_keys.c.subject, data_keys.c.wrapped)).all())
    assert subject in wrapped
    assert subject not in remaining
    assert set(remaining) < set(wrapped)
    assert not set(remaining.values()) & set(wrapped.values())


def _copy(store, tmp_path, request):
    """Copy the database as it is now. Returns the copy's URL."""
    if store.engine.dialect.name == "sqlite":
        source, target = sqlite3.connect(store.engine.url.database), sqlite3.connect(tmp_path / "backup.db")
        source.backup(target)
        source.close()
        target.close()
        return f"sqlite:///{tmp_path}/backup.db"
    store.engine.dispose()  # nobody may be connected to what is copied
    return request.getfixturevalue("postgres").create_database("backup_epoch", store.engine.url.database)
