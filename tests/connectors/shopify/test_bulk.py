"""Reading very many orders by a bulk operation gives the same orders as reading pages."""

import json
import threading
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count, islice

import pytest
import requests
from graphql import parse, validate

from bridge.connectors.http import HttpClient
from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api import documents, versions
from bridge.connectors.shopify.gathering import bulk, complete_record
from bridge.connectors.shopify.gathering import pages as deep
from bridge.connectors.shopify.gathering.bulk import group_bulk_lines
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable
from bridge.model import Absence, Principal
from bridge.sandbox.schema import load_schema
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import invent_world
from tests.kit.gathering import collect_gaps
from tests.kit.silent_logs import forbid_output

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRST = 12  # orders that come with the customer
HEAVY_ORDERS = 270


@pytest.fixture(autouse=True)
def _clean(heavy_stand_in):
    heavy_stand_in._control_bucket({"maximum": 20_000, "restore_rate": 10_000})
    yield
    heavy_stand_in.reset()


def list_private_words(request):
    heavy_world = request.getfixturevalue("heavy_world")
    return heavy_world.heavy_customer.email, "/_bulk/", ".jsonl", "shpat_"


_silent_logs = forbid_output(list_private_words)


@pytest.fixture
def dial(heavy_stand_in):
    def dial(**given):
        requests.post(f"{heavy_stand_in.base_url}/_sandbox/bulk", json=given, timeout=5).raise_for_status()

    return dial


@pytest.fixture
def operations(heavy_stand_in, heavy_world):
    return heavy_stand_in.shops[heavy_world.shop].bulk_operations.list_operations


@pytest.fixture
def walk(heavy_stand_in, heavy_world, waits):
    """Return a function that gathers all of Heavy's pages, or those after a cursor."""

    def walk(cursor="", *, setting=50, world=heavy_world, server=heavy_stand_in, version="2026-10"):
        platform = Shopify(
            api_version=version,
            base_url=server.url,
            client_id="sandbox-client",
            client_secret="sandbox-secret",
            bulk_orders=setting,
            sleep=waits.append,
        )
        principal = Principal(customer_id=str(world.heavy_customer.id), email=world.heavy_customer.email)
        return platform.gather(principal, shop=world.shop, cursor=cursor)

    return walk


def refs(pages):
    return [(found.kind, found.ref, found.matched_by) for page in pages for found in page.findings]


def orders(pages):
    """Return each order's halves merged into one record."""
    records = defaultdict(dict)
    for page in pages:
        for found in page.findings:
            if found.kind.startswith("order"):
                records[found.ref] |= found.body
    return records


def gather_until_started(pages):
    """Gather until an operation has started; return its page."""
    return next(page for page in pages if json.loads(page.cursor)["bulk"])


def failing(pages):
    """Return the pages before the error, and the error."""
    taken = []
    with pytest.raises((ConnectorUnavailable, ConnectorThrottled)) as caught:
        taken.extend(_each(pages, taken))
    assert "http:" not in str(caught.value)
    return taken, caught.value


def _each(pages, taken):
    for page in pages:
        taken.append(page)
    return []


def test_sixty_orders_with_the_setting_at_fifty_are_the_same_as_by_pages(walk):
    world = invent_world(orders=3, now=NOW, heavy_orders=60)
    with ShopifyStandIn(world) as server:
        by_pages = list(walk(setting=60, world=world, server=server))
        assert server.shops[world.shop].bulk_operations.list_operations() == []
        by_bulk = list(walk(setting=50, world=world, server=server))
        assert len(server.shops[world.shop].bulk_operations.list_operations()) == 1
    assert set(orders(by_bulk)) == {f"gid://shopify/Order/{one.id}" for one in world.list_orders(world.heavy_customer)}
    assert orders(by_bulk) == orders(by_pages)
    assert collect_gaps(by_bulk) == collect_gaps(by_pages) == set()


@pytest.mark.parametrize("version", versions.SUPPORTED_VERSIONS)
def test_every_version_returns_each_order_once_and_completely(walk, version):
    by_pages, by_bulk = list(walk(setting=5_000, version=version)), list(walk(version=version))
    assert orders(by_bulk) == orders(by_pages)
    assert len(refs(by_bulk)) == len(set(refs(by_bulk)))
    assert set(refs(by_bulk)) >= {one for one in refs(by_pages) if one[0] != "order_history"}
    assert max(len(page.findings) for page in by_bulk) == bulk.BULK_PAGE_SIZE


@pytest.mark.parametrize("version", versions.SUPPORTED_VERSIONS)
@pytest.mark.parametrize("name", ["bulk_orders", "bulk_start", "bulk_state"])
def test_bulk_documents_are_valid_in_every_version(name, version):
    assert validate(load_schema(version), parse(documents.build_document(name, version))) == []


def test_every_cursor_resumes_and_starts_no_second_operation(walk, operations):
    pages = list(walk())
    for at, page in enumerate(pages[:-1]):
        before = len(operations())
        rest = list(walk(page.cursor))
        assert refs(rest) == refs(pages[at + 1 :])
        started = not json.loads(page.cursor)["bulk"] and json.loads(page.cursor)["stage"] == "bulk"
        assert len(operations()) == before + started


def test_histories_beyond_shopifys_pagination_are_a_gap(walk, monkeypatch):
    monkeypatch.setattr(deep, "MAX_PAGED_ORDERS", 200)
    taken = list(walk())
    assert collect_gaps(taken) == {(Absence.UNREACHED, "order histories", "list_too_long")}
    assert len(orders(taken)) == 270


def test_an_order_with_many_parcels_has_the_events_of_each(walk, monkeypatch):
    """Pages request events with the first half; a bulk operation cannot nest them."""
    monkeypatch.setattr(complete_record, "FIRST_LIMITS", replace(complete_record.FIRST_LIMITS, parcels=1))
    world = invent_world(orders=3, now=NOW, heavy_orders=20)
    with ShopifyStandIn(world) as server:
        taken = list(walk(setting=15, world=world, server=server))
    histories = [one.body for page in taken for one in page.findings if one.kind == "order_history"]
    parcels = [parcel for body in histories for parcel in body["fulfillments"]]
    assert len(histories) == 20 - FIRST
    assert parcels
    assert not [parcel for parcel in parcels if not {"status", "events"} <= set(parcel)]


def test_pages_read_the_orders_of_a_refused_operation(walk, monkeypatch, operations):
    monkeypatch.setattr(bulk, "build_bulk_query", lambda *_: "{ shop { name } }")
    assert len(orders(walk())) == 270
    assert operations() == []


def test_the_address_of_the_file_is_in_no_cursor(walk):
    assert not [page for page in walk() if ".jsonl" in page.cursor or "http" in page.cursor]


def test_a_failed_operation_is_restarted_once(walk, dial, operations):
    dial(fail="INTERNAL_SERVER_ERROR")
    pages = walk()
    first = list(islice(pages, 1))
    gather_until_started(pages)
    dial()
    rest = [*first, *pages]
    assert len(operations()) == 2
    assert len(orders(rest)) == 270
    assert collect_gaps(rest) == set()


@pytest.mark.parametrize("kept", [0, 200])
def test_pages_read_the_orders_of_an_operation_that_failed_twice(walk, dial, operations, kept):
    dial(fail="TIMEOUT", kept=kept)
    pages = list(walk())
    assert len(operations()) == 2
    assert len(orders(pages)) == 270
    assert collect_gaps(pages) == set()
    kinds = refs(pages)
    assert len(kinds) == len(set(kinds))
    assert {one["agreements"] is not None for one in orders(pages).values()} == {True}


def test_pages_read_the_orders_where_the_operation_never_ends(walk, dial, operations):
    dial(polls=10_000)
    taken, cursor = [], ""
    for _ in range(bulk.MAX_BULK_WAITS):
        found, fault = failing(walk(cursor))
        assert isinstance(fault, ConnectorThrottled)
        taken, cursor = [*taken, *found], found[-1].cursor
    taken += walk(cursor)
    assert len(operations()) == 1
    assert len(orders(taken)) == 270
    assert collect_gaps(taken) == set()


def test_pages_read_the_orders_of_a_denied_operation_and_report_the_field(walk, heavy_stand_in, operations):
    fault = {"kind": "deny_field", "group": "phone"}
    requests.post(f"{heavy_stand_in.base_url}/_sandbox/faults", json=fault, timeout=5).raise_for_status()
    pages = list(walk())
    assert [one["errorCode"] for one in operations()] == ["ACCESS_DENIED"]
    assert len(orders(pages)) == 270
    assert collect_gaps(pages) == collect_gaps(list(walk(setting=5_000))) != set()


def test_an_expired_file_is_requested_again_once(walk, dial, operations):
    dial(lives_s=-1)
    pages = walk()
    taken = [gather_until_started(pages), next(pages)]
    assert json.loads(taken[-1].cursor)["tries"] == 1
    dial(lives_s=60)
    assert len(orders(pages)) == 270 - FIRST
    assert len(operations()) == 2
    dial(lives_s=-1)
    assert len(orders(walk())) == 270


def test_a_new_file_resumes_after_the_orders_of_the_expired_one(walk, dial):
    pages = list(walk())
    at = next(at for at, page in enumerate(pages) if json.loads(page.cursor)["lines"])
    dial(lives_s=-1)
    rest = walk(pages[at].cursor)
    again = [next(rest)]
    dial(lives_s=60)
    again += rest
    assert sorted(refs([*pages[: at + 1], *again])) == sorted(refs(pages))


def test_a_running_operation_is_polled_again_later(walk, dial, waits, operations):
    dial(polls=8)
    taken, fault = failing(walk())
    assert isinstance(fault, ConnectorThrottled)
    assert fault.retry_after_s == bulk.BULK_RETRY_AFTER_S
    assert waits == list(bulk.BULK_POLL_PAUSES_S)
    assert sum(waits) <= 25
    assert json.loads(taken[-1].cursor)["bulk"] == operations()[0]["id"]
    rest = list(walk(taken[-1].cursor))
    assert len(operations()) == 1
    assert len(orders([*taken, *rest])) == 270


def test_an_operation_waits_while_others_run(walk, heavy_stand_in, heavy_world):
    for _ in range(5):
        heavy_stand_in.shops[heavy_world.shop].bulk_operations.start("others", [], 0, denied=False)
    taken, fault = failing(walk())
    assert isinstance(fault, ConnectorThrottled)
    assert json.loads(taken[-1].cursor)["stage"] == "bulk"


def line(**row):
    return json.dumps(row).encode()


def test_one_order_is_in_memory_at_a_time():
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield line(id=number)
            yield line(id=f"line {number}", __typename="LineItem", __parentId=number)

    rows = group_bulk_lines(endless(), 0)
    for number, (node, done) in enumerate(islice(rows, 1_000)):
        assert len(taken) == number + 2
        assert node["lineItems"] == [{"id": f"line {number}"}]
        assert done == 2 * number + 2


@pytest.mark.parametrize(
    "lines",
    [
        [b"{half"],
        [b"[]"],
        [line(id=1), line(__parentId=2, __typename="LineItem")],
        [line(id=1), line(__parentId=1, __typename="Secret")],
        [line(__parentId=1, __typename="LineItem")],
    ],
)
def test_a_malformed_file_is_an_outage_and_never_quoted(lines):
    with pytest.raises(ConnectorUnavailable) as caught:
        list(group_bulk_lines(lines, 0))
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_is_never_requested_over_plain_http_for_a_shop_behind_tls():
    with pytest.raises(ConnectorRefused):
        Shopify(api_version="2026-10")._client.stream_lines("http://elsewhere.example/secret", bulk.BULK_FILE_RULES)


@pytest.fixture
def files():
    """Serve a large first part of a file, and the second part on an event; keep the request headers."""
    more, seen = threading.Event(), []

    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("Location", "/secret")
            self.send_header("Content-Length", "300000")
            self.end_headers()
            self.wfile.write(b"first\n" * 25_000)
            if self.path == "/complete":
                more.wait(5)
                self.wfile.write(b"later\n" * 25_000)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", more, seen
    more.set()
    server.shutdown()
    thread.join(30)
    server.server_close()


def test_lines_are_streamed_and_no_credential_is_sent(files):
    url, more, seen = files
    lines = HttpClient("system").stream_lines(f"{url}/complete")
    assert next(lines) == b"first"
    more.set()
    assert sum(1 for _ in lines) == 49_999
    assert {name.lower() for name in seen[0]} == {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/moved", "/cut"])
def test_a_redirect_is_not_followed_and_a_truncated_file_is_noticed(files, path):
    url, _, seen = files
    with pytest.raises((ConnectorRefused, ConnectorUnavailable)) as caught:
        list(HttpClient("system").stream_lines(url + path))
    assert len(seen) == 1
    assert url not in str(caught.value)
