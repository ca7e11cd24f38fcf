"""Findings and packages: stored sealed, read back as they were, destroyed on request."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, cast, select

from bridge.errors import KeyMissing
from bridge.model import DeliveryState, GatherProgress, Outcome, RequestKind, TaskState
from bridge.store.access.packages import PIECE_BYTES
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import metadata, packages
from tests.factories import (
    ASHA,
    CANARIES,
    NOW,
    SHOP,
    make_delivery,
    make_finding,
    make_request,
    make_task,
    opened,
    order,
)
from tests.fakes import page
from tests.kit.stored import write_package


@pytest.fixture
def request_(store):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    return request


def test_findings_are_read_by_system_in_the_order_of_storing(store, request_):
    shopify, carrier = make_task(request_.id), make_task(request_.id, "delhivery")
    one, two, three = (make_finding(str(number), note="ä ✓") for number in (1, 2, 3))
    with store.transaction() as tx:
        tx.findings.add_findings(shopify, page(one))
        tx.findings.add_findings(carrier, page(two))
        tx.findings.add_findings(shopify, page(three, two))
        tx.findings.add_findings(shopify, page())
    with store.transaction() as tx:
        assert list(tx.findings.read_findings(request_.id)) == [
            ("delhivery", two),
            ("shopify", one),
            ("shopify", three),
            ("shopify", two),
        ]
        tx.findings.delete_findings(request_.id, "delhivery")
        assert {system for system, _ in tx.findings.read_findings(request_.id)} == {"shopify"}
        tx.findings.delete_findings(request_.id)
        assert list(tx.findings.read_findings(request_.id)) == []


def test_findings_are_unreadable_without_the_data_subjects_key(store, request_):
    with store.transaction() as tx:
        tx.findings.add_findings(make_task(request_.id), page(make_finding()))
        tx.session.connection.execute(data_keys.delete())
    with pytest.raises(KeyMissing), store.transaction() as tx:
        list(tx.findings.read_findings(request_.id))


def test_a_package_is_sealed_in_pieces_and_read_back_complete(store, request_):
    content = (bytes(range(251)) * PIECE_BYTES)[: 2 * PIECE_BYTES + 17]
    with store.transaction() as tx, write_package(tx, request_.id) as out:
        assert out.writable()
        for start in range(0, len(content), 100_000):
            out.write(content[start : start + 100_000])
    with store.transaction() as tx:
        pieces = list(tx.packages.read_package(request_.id))
        sealed = b"".join(tx.session.connection.scalars(select(packages.c.body)))
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, PIECE_BYTES, 17]
    assert b"".join(pieces) == content
    assert content[:64] not in sealed


def test_a_package_that_ends_with_a_piece_has_no_empty_one(store, request_):
    with store.transaction() as tx, write_package(tx, request_.id) as out:
        out.write(bytes(PIECE_BYTES))
    with store.transaction() as tx:
        assert [len(piece) for piece in tx.packages.read_package(request_.id)] == [PIECE_BYTES]


def test_a_zip_can_be_written_straight_into_a_package(store, request_):
    with store.transaction() as tx, write_package(tx, request_.id) as out, zipfile.ZipFile(out, "w") as made:
        made.writestr("letter.html", "Dear Asha")
    with store.transaction() as tx:
        whole = io.BytesIO(b"".join(tx.packages.read_package(request_.id)))
    with zipfile.ZipFile(whole) as read:
        assert read.read("letter.html") == b"Dear Asha"


def test_a_package_replaces_the_one_before_and_a_failure_leaves_that_one(store, request_):
    with store.transaction() as tx, write_package(tx, request_.id) as out:
        out.write(b"first")
    with pytest.raises(OSError, match="gone"), store.transaction() as tx, write_package(tx, request_.id):
        raise OSError("gone")
    with store.transaction() as tx:
        assert list(tx.packages.read_package(request_.id)) == [b"first"]
    with store.transaction() as tx, write_package(tx, request_.id) as out:
        out.write(b"second")
    with store.transaction() as tx:
        assert list(tx.packages.read_package(request_.id)) == [b"second"]
        tx.packages.delete_package(request_.id)
        assert list(tx.packages.read_package(request_.id)) == []


def test_the_newest_certificate_is_kept(store, request_):
    with store.transaction() as tx:
        assert tx.packages.find_certificate(request_.id) is None
        tx.packages.save_certificate(request_.id, {"status": "in_progress"})
        tx.packages.save_certificate(request_.id, {"status": "fulfilled"})
        assert tx.packages.find_certificate(request_.id) == {"status": "fulfilled"}


def canary_everywhere(store):
    """Store data of Asha in every table that holds personal data."""
    request = make_request(kind=RequestKind.ACCESS)
    task = make_task(request.id, progress=GatherProgress(cursor="after asha@qwertzuiop.example"), last_error="timeout")
    store.accept_delivery(make_delivery(raw=b'{"email": "asha@qwertzuiop.example", "at": "7 Nowhere Lane"}'))
    store.accept_delivery(make_delivery(raw=b'"9811122233"', state=DeliveryState.REJECTED, reason="not_an_object"))
    with store.transaction() as tx:
        opened(tx, request, task)
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB7007007")])])
        tx.findings.add_findings(task, page(make_finding(waybill="AWB7007007")))
        tx.tasks.save_task(replace(task, state=TaskState.DONE, outcome=Outcome.FOUND))
        with write_package(tx, request.id) as out:
            out.write(b"Asha Qwertzuiop, 7 Nowhere Lane, 9811122233")
        tx.tokens.save_tokens(SHOP, "shpat_qwertzuiop", NOW + timedelta(hours=1), "")


def test_no_personal_value_is_stored_in_the_clear(store, database_url):
    canary_everywhere(store)
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        raw = b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    else:
        with store.engine.connect() as connection:
            stored = [list(connection.execute(select(table))) for table in metadata.sorted_tables]
            body = connection.scalar(select(cast(packages.c.body, LargeBinary)))
        raw = repr(stored).encode() + bytes(body)
    assert b"access" in raw, "the search must be able to find"
    for canary in CANARIES:
        assert canary.lower().encode() not in raw.lower()


def test_the_search_for_values_in_the_clear_can_find_them(store):
    canary_everywhere(store)
    with store.transaction() as tx:
        [parcel] = tx.index.list_parcels(SHOP, ASHA)
        assert parcel.number == "AWB7007007"
        assert tx.tokens.read_tokens(SHOP) == ("shpat_qwertzuiop", NOW + timedelta(hours=1), "")
        assert tx.tokens.read_tokens("another.myshopify.com") is None
