"""A shop leaves: by who answers for its books, never while it may be back, and never with a token."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bridge.errors import ConnectorUnavailable, NeedsOperator, PayloadInvalid
from bridge.model import (
    DeliveryState,
    DocumentForm,
    DocumentKind,
    InvoiceCopy,
    Outcome,
    Principal,
    RequestState,
    ShopExitDecision,
    TaskState,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.requests.process import process_request
from bridge.steps.shops.record_handover import record_handover
from bridge.steps.shops.resolve_reinstalled_shop import resolve_reinstalled_shop
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.retention_tables import legal_holds, plans, refund_accounts, reviews
from bridge.store.schema.tables import metadata, tokens
from tests.factories import (
    CANARIES,
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    customer,
    make_services,
    order,
    order_body,
    uninstalled_body,
)

DAY = timedelta(days=1)
STAYS = {
    "destructions",
    "remnants",
    "requests",
    "tasks",
    "evidence",
    "evidence_head",
    "certificates",
    "locks",
    "deliveries",
    "remembered_bodies",
}
STAYS |= {"shop_names"}  # the number and the domains of the shop, by which it is recognised when it comes back


@pytest.fixture(params=["fiduciary", "processor"])
def role(request):
    return request.param


@pytest.fixture
def at(store, clock, queue, platform, role):
    """Services of a bridge in that role."""
    services = make_services(store, clock, queue, platform)
    kept = services.retention
    return replace(services, retention=replace(kept, merchant={**kept.merchant, "operator_role": role}))


only = lambda role: pytest.mark.parametrize("role", [role], indirect=True)  # noqa: E731


def output_file(number=1001, **given):
    result = {
        "kind": DocumentKind.INVOICE,
        "form": DocumentForm.MINIMUM,
        "order_id": str(number),
        "source_id": str(number),
        "issued_at": NOW - 9 * DAY,
        "content": f'{{"number": "{number}", "name": "Asha Qwertzuiop"}}'.encode(),
    }
    return InvoiceCopy(**(result | given))


def trade(at, *, books=True):
    """A customer, an order, an earlier erasure's suppressions; and what the law keeps."""
    with at.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order(parcels=[("Delhivery", "AWB7007007")])])
        tx.index.ingest_sightings(OTHER_SHOP, [order()])
        tx.documents.seal_document(OTHER_SHOP, output_file())
        if not books:
            return
        ids = [tx.documents.seal_document(SHOP, output_file(number)).id for number in (1001, 1002)]
        tx.documents.record_erasable_from(
            ids, erasable_from=date(2035, 4, 1), grounds=["gst_books"], law_sha256="l" * 64
        )
        tx.documents.mark_documents_remaining(SHOP, ["1002"], "req_earlier")
        for table, row in (
            (legal_holds, {"subject": "s", "order_key": "", "reference": "CC/1", "opened_by": "o",
                            "reviewed_by": "", "review_due_at": NOW, "approved_by": "", "released_by": ""}),
            (refund_accounts, {"refund_id": "5", "order_key": "", "subject": "s", "state": "open"}),
        ):  # fmt: skip
            result = {"id": table.name, "shop": SHOP, "request_id": "", "opened_at": NOW} | row
            tx.session.connection.execute(table.insert().values(**result))


def leaves(at, *, uninstalled=True, hours=48):
    """app/uninstalled, then shop/redact; then a worker. Returns the request's id."""
    if uninstalled:
        accepted(at.store, "app/uninstalled", uninstalled_body())
    at.clock.at += timedelta(hours=hours)
    redact = accepted(at.store, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    request_id = dispatch_delivery(redact.id, services=at)
    process_request(request_id, services=at)
    return request_id


def wake(at, request_id):
    """What the clock does."""
    at.clock.at += timedelta(seconds=30)
    enqueued = []
    at.store.enqueue_due(lambda job, row, _: enqueued.append((job, row)) or True, max_jobs=99)
    assert ("process", request_id) in enqueued
    assert process_request(request_id, services=at)


def read_shop_erasure(at, request_id):
    with at.store.transaction() as tx:
        [task] = tx.tasks.list_tasks(request_id)
        return tx.requests.get_request(request_id), task, tx.packages.find_certificate(request_id)


def list_facts(at, request_id, *which):
    with at.store.transaction() as tx:
        return [each for each in tx.evidence.list_facts_of_request(request_id) if not which or each.fact in which]


def count_rows_of_shop(at, shop=SHOP):
    """How many rows of the shop each table has, where it has any."""
    found = {}
    with at.store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            mine = select(table) if "shop" not in table.c else select(table).where(table.c.shop == shop)
            if count := len(connection.execute(mine).all()):
                found[table.name] = count
    return found


@only("fiduciary")
def test_t24_fiduciary_keeps_what_statutory_holds_keep_and_erases_all_else(at, platform):
    """Requirement C-08."""
    trade(at)
    request_id = leaves(at)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.complete) == (RequestState.DONE, True)
    assert (task.state, task.outcome, task.last_error) == (TaskState.DONE, Outcome.ERASED, "")
    assert {
        name: encode_detail(task.progress)[name] for name in encode_detail(task.progress) if name.startswith("kept_")
    } == {
        "kept_documents": 2,
        "kept_grounds": ["gst_books"],
        "kept_until": "2035-04-01",
        "kept_claims": 1,
        "kept_refund_accounts": 1,
    }
    assert task.records == sum(encode_detail(task.progress)[table] for table in ("customers", "orders", "parcels"))
    left = count_rows_of_shop(at)
    held = {name: left.pop(name) for name in ("vault_documents", "legal_claims", "refund_accounts")}
    assert held == {"vault_documents": 2, "legal_claims": 1, "refund_accounts": 1}
    assert set(left) <= STAYS
    with at.store.transaction() as tx:
        kept = tx.documents.find_documents_by_order_id(SHOP, ["1001", "1002"])
        assert [kept[number][0].request_id for number in ("1001", "1002")] == [request_id, "req_earlier"]
        assert tx.documents.open_document(kept["1001"][0].id) == output_file().content
        assert list(tx.index.list_orders(OTHER_SHOP, Principal(order_ids=("1001",)))) == ["1001"]
    stays = {row["category"]: row for row in certificate["kept"]}
    assert (stays["invoice_document"]["count"], stays["invoice_document"]["until"]) == (2, "2035-03-31")
    assert "gst_books" in [ground["ground"] for ground in stays["invoice_document"]["grounds"]]
    assert all(ground["law"] for ground in stays["invoice_document"]["grounds"])
    assert (stays["legal_claim"]["count"], stays["cod_refund_bank"]["count"]) == (1, 1)
    assert not any(row["table"].startswith("kept") for row in certificate["erased"])
    [fact] = list_facts(at, request_id, "shop.erased")
    assert fact.detail["kept"] == {"kept_documents": 2, "kept_claims": 1, "kept_refund_accounts": 1}
    assert platform.asked == platform.erasure_asked == []


@only("processor")
def test_t24_processor_returns_the_documents_then_destroys_all(at):
    """Requirement C-08."""
    trade(at)
    request_id = leaves(at)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.closed_at, request.complete) == (RequestState.WAITING, None, None)
    assert (task.state, task.last_error) == (TaskState.WAITING, "vault_not_returned")
    assert task.expected_by == request.webhook_received_at + 30 * DAY
    assert (encode_detail(task.progress)["kept_documents"], encode_detail(task.progress)["orders"], certificate) == (
        2,
        1,
        None,
    )
    assert set(count_rows_of_shop(at)) <= STAYS | {"vault_documents"}, "all else is gone at once"
    process_request(request_id, services=at)  # looked at again, it waits on and says nothing twice
    assert read_shop_erasure(at, request_id)[1] == task
    assert [fact.fact for fact in list_facts(at, request_id)] == [
        "request.opened",
        "shop.erased",
        "task.waiting",
        "remnants.overwritten",
    ]
    with at.store.transaction() as tx:
        count, fingerprint = tx.shop_exits.fingerprint_documents(SHOP)
        result = record_handover(
            SHOP, ShopExitDecision.EXPORTED, reference=fingerprint, digest="d" * 64, actor="operator:test", tx=tx,
            documents=count,
        )  # fmt: skip
    assert list(result) == [request_id]
    wake(at, request_id)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.complete) == (RequestState.DONE, True)
    assert (task.state, task.outcome, task.expected_by) == (TaskState.DONE, Outcome.ERASED, None)
    assert (encode_detail(task.progress)["vault_documents"], encode_detail(task.progress)["orders"]) == (2, 1)
    assert "kept_documents" not in encode_detail(task.progress)
    assert set(count_rows_of_shop(at)) <= STAYS | {"shop_endings"}
    [destroyed] = list_facts(at, request_id, "document.destroyed")
    assert (destroyed.detail["documents"], destroyed.detail["reason"]) == (2, "returned")
    assert certificate["outcome"] == "erased"
    assert {row["category"] for row in certificate["kept"]} == {"request_evidence"}
    assert count_rows_of_shop(at, OTHER_SHOP)["vault_documents"] == 1


@pytest.mark.parametrize("sign", ["token", "delivery", "delivery_without_uninstall"])
def test_t24_installed_again_stops_and_asks_in_either_role(at, sign, platform):
    """Requirement C-08."""
    trade(at)
    if sign != "delivery_without_uninstall":
        accepted(at.store, "app/uninstalled", uninstalled_body())
        with at.store.transaction() as tx:
            tx.inbox.finish_delivery(tx.inbox.acquire_lease_batch(SHOP, ["app/"], 1, 10_000)[0][0], DeliveryState.DONE)
    at.clock.at += timedelta(hours=30)
    if sign == "token":
        with at.store.transaction() as tx:
            tx.tokens.save_tokens(SHOP, "shpat_new", at.clock.at + 2 * DAY, "")
    else:
        accepted(at.store, "orders/updated", {"id": 1003, "name": "#1003"})
    before = count_rows_of_shop(at)
    request_id = leaves(at, uninstalled=False, hours=18)
    request, task, _ = read_shop_erasure(at, request_id)
    assert (request.state, request.closed_at) == (RequestState.WAITING, None)
    assert (task.state, task.last_error, task.outcome) == (TaskState.WAITING, "installed_again", None)
    after = count_rows_of_shop(at)
    untouched = ("customers", "orders", "parcels", "vault_documents", "legal_claims", "tokens")
    assert [after.get(table, 0) for table in untouched] == [
        before.get(table, 0) + (table == "orders" and sign != "token") for table in untouched
    ]
    with at.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="installed_again")
        assert (review.request_id, review.shop) == (request_id, SHOP)
        tx.request_changes.restart_request(request_id)
    at.clock.at += 40 * DAY  # the token is long dead: still only a person lets it go on
    assert process_request(request_id, services=at)
    assert read_shop_erasure(at, request_id)[1].last_error == "installed_again"
    names = [fact.fact for fact in list_facts(at, request_id)]
    assert names == ["request.opened", "review.opened", "task.waiting"]
    assert platform.asked == []


def stopped(at):
    trade(at)
    accepted(at.store, "app/uninstalled", uninstalled_body())
    at.clock.at += timedelta(hours=30)
    accepted(at.store, "orders/updated", {"id": 1003, "name": "#1003"})
    return leaves(at, uninstalled=False, hours=18)


@only("fiduciary")
def test_continued_it_erases_in_spite_of_the_signs(at):
    request_id = stopped(at)
    resolve_reinstalled_shop(
        request_id, ShopExitDecision.CONTINUE, actor="operator:test", reason="a test shop", services=at
    )
    wake(at, request_id)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.complete) == (RequestState.DONE, True)
    assert (task.outcome, encode_detail(task.progress)["orders"]) == (Outcome.ERASED, 2)
    assert "stopped_at" not in encode_detail(task.progress)
    assert certificate["outcome"] == "erased"
    [output] = list_facts(at, request_id, "shop_erasure.continued")
    assert (output.actor, output.detail) == ("operator:test", {"decision": "continue", "reason": "a test shop"})
    with at.store.transaction() as tx:
        assert tx.reviews.list_reviews(kind="installed_again") == []


def test_closed_it_erases_nothing_and_says_so(at):
    request_id = stopped(at)
    before = count_rows_of_shop(at)
    resolve_reinstalled_shop(
        request_id, ShopExitDecision.CLOSE, actor="operator:test", reason="they are back", services=at
    )
    wake(at, request_id)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.complete, bool(request.closed_at)) == (RequestState.DONE, False, True)
    assert (task.state, task.outcome) == (TaskState.DONE, Outcome.RETAINED)
    assert (certificate["outcome"], certificate["status"]) == ("not_erased", "not_fulfilled")
    assert certificate["reason"] == "installed_again"
    assert certificate["erased"] == []
    assert {name: count_rows_of_shop(at).get(name) for name in ("orders", "customers", "vault_documents")} == {
        name: before[name] for name in ("orders", "customers", "vault_documents")
    }
    with pytest.raises(PayloadInvalid, match="nothing_to_decide"):
        resolve_reinstalled_shop(request_id, ShopExitDecision.CONTINUE, actor="operator:test", reason="x", services=at)
    second = leaves(at)  # it leaves for good: another request, and no word of the first counts
    assert second != request_id
    assert read_shop_erasure(at, second)[1].last_error == "installed_again", (
        "the same bytes came before: a person must say so"
    )
    resolve_reinstalled_shop(
        second, ShopExitDecision.CONTINUE, actor="operator:test", reason="it left for good", services=at
    )
    wake(at, second)
    assert encode_detail(read_shop_erasure(at, second)[1].progress)["orders"] == 2


def test_a_worker_that_comes_late_does_not_undo_a_close(at):
    request_id = stopped(at)
    with at.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
        legal_hold, [stale] = tx.requests.acquire_lease(request_id), tx.tasks.list_tasks(request_id)
        request = tx.requests.get_request(request_id)
    resolve_reinstalled_shop(
        request_id, ShopExitDecision.CLOSE, actor="operator:test", reason="they are back", services=at
    )
    from bridge.steps.erasure.erase_person import execute_erasure  # noqa: PLC0415 - the verb as the worker calls it

    execute_erasure(request, stale, legal_hold, services=at)
    assert read_shop_erasure(at, request_id)[1].outcome is Outcome.RETAINED


@only("fiduciary")
def test_another_uninstall_lets_it_go_on_by_itself(at):
    request_id = stopped(at)
    at.clock.at += DAY
    second = leaves(at)
    assert second == request_id, "it joins"
    at.clock.at += timedelta(seconds=30)
    assert read_shop_erasure(at, request_id)[1].outcome is Outcome.ERASED
    with at.store.transaction() as tx:
        assert tx.reviews.list_reviews(kind="installed_again") == []
    [closed] = list_facts(at, request_id, "review.closed")
    assert closed.detail["reason"] == "uninstalled_again"


@pytest.mark.parametrize("hours", [0, 3])
def test_what_shopify_sends_again_after_the_uninstall_is_no_sign_of_life(at, hours):
    trade(at, books=False)
    accepted(at.store, "app/uninstalled", uninstalled_body())
    at.clock.at += timedelta(hours=hours)
    accepted(at.store, "orders/updated", {"id": 1003, "name": "#1003"})
    request_id = leaves(at, uninstalled=False, hours=48 - hours)
    assert read_shop_erasure(at, request_id)[1].outcome is Outcome.ERASED


def test_a_token_whose_time_is_over_is_no_sign_of_life(at):
    with at.store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, "shpat_old", NOW + DAY, "refresh")
    request_id = leaves(at, uninstalled=False)
    assert read_shop_erasure(at, request_id)[1].outcome is Outcome.ERASED
    with at.store.engine.connect() as connection:
        assert connection.execute(select(tokens)).all() == []


@only("processor")
def test_a_waiver_destroys_what_waits_and_an_older_export_does_not(at):
    trade(at)
    with pytest.raises(PayloadInvalid, match="nobody_leaves"), at.store.transaction() as tx:
        record_handover(SHOP, ShopExitDecision.WAIVED, reference="letter", actor="operator:test", tx=tx)
    request_id = leaves(at)
    with at.store.transaction() as tx:
        record_handover(SHOP, ShopExitDecision.EXPORTED, reference="of other documents", actor="operator:test", tx=tx)
    wake(at, request_id)
    assert read_shop_erasure(at, request_id)[1].last_error == "vault_not_returned", "that export lacks documents"
    with at.store.transaction() as tx:
        record_handover(SHOP, ShopExitDecision.WAIVED, reference="letter of 2 Dec", actor="operator:test", tx=tx)
    wake(at, request_id)
    assert read_shop_erasure(at, request_id)[1].outcome is Outcome.ERASED
    [destroyed] = list_facts(at, request_id, "document.destroyed")
    assert destroyed.detail["reason"] == "waived"


@only("processor")
def test_documents_are_not_destroyed_unasked_however_late_it_is(at):
    trade(at)
    request_id = leaves(at)
    at.clock.at += 60 * DAY
    with at.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    assert process_request(request_id, services=at)
    request, task, _ = read_shop_erasure(at, request_id)
    assert (task.last_error, count_rows_of_shop(at)["vault_documents"]) == ("vault_not_returned", 2)
    assert request.due_at < at.clock.at
    with at.store.transaction() as tx:
        assert tx.operator_queries.count_by_state()["late"]["requests"] == 1


@only("processor")
def test_a_shop_that_comes_back_while_its_documents_wait_is_asked_about_too(at):
    trade(at)
    request_id = leaves(at)
    at.clock.at += 5 * DAY
    accepted(at.store, "orders/create", {"id": 2001, "name": "#2001"})
    with at.store.transaction() as tx:
        record_handover(SHOP, ShopExitDecision.WAIVED, reference="letter", actor="operator:test", tx=tx)
    wake(at, request_id)
    assert read_shop_erasure(at, request_id)[1].last_error == "installed_again"
    assert count_rows_of_shop(at)["vault_documents"] == 2


@only("processor")
def test_a_document_that_is_still_there_stops_the_erasure_whole(at, monkeypatch):
    trade(at)
    request_id = leaves(at)
    with at.store.transaction() as tx:
        record_handover(SHOP, ShopExitDecision.WAIVED, reference="letter", actor="operator:test", tx=tx)

    def silent(*_):
        raise NeedsOperator("2 documents that were destroyed are still there")

    monkeypatch.setattr("bridge.store.retention.documents.DocumentRows.delete_documents", silent)
    at.clock.at += timedelta(seconds=30)
    with pytest.raises(NeedsOperator, match="2 documents"):
        process_request(request_id, services=at)
    assert read_shop_erasure(at, request_id)[1].state is TaskState.WAITING
    assert list_facts(at, request_id, "document.destroyed") == []


@pytest.mark.parametrize("uninstalled", [True, False])
def test_a_reviewers_shop_that_holds_nothing_closes_itself(at, uninstalled):
    """Shopify's reviewers install, try, and leave; whatever the role, whoever the merchant."""
    at = replace(at, merchant=replace(at.merchant, shops=("somebody-else.myshopify.com",)))
    if uninstalled:
        accepted(at.store, "app/uninstalled", uninstalled_body())
    request_id = leaves(at, uninstalled=False)
    request, task, certificate = read_shop_erasure(at, request_id)
    assert (request.state, request.complete) == (RequestState.DONE, True)
    assert (task.outcome, task.records) == (Outcome.ABSENT, 0)
    assert certificate["outcome"] == "nothing_held"
    with at.store.engine.connect() as connection:
        assert connection.execute(select(reviews)).all() == []


@only("fiduciary")
def test_a_shop_of_which_only_the_books_are_left_says_retained(at):
    with at.store.transaction() as tx:
        tx.documents.seal_document(SHOP, output_file())
    request, task, certificate = read_shop_erasure(at, leaves(at))
    assert (request.complete, task.outcome, task.records) == (True, Outcome.RETAINED, 0)
    assert (certificate["outcome"], certificate["status"]) == ("retained", "fulfilled")
    [kept] = [row for row in certificate["kept"] if row["category"] == "invoice_document"]
    assert kept["release_needs"], "nobody said yet of which form the firm is"


@only("processor")
def test_plans_and_reviews_of_a_processors_shop_go_too(at):
    trade(at, books=False)
    redact = accepted(at.store, "customers/redact", {"shop_domain": SHOP, "customer": {"id": 7001}})
    other = dispatch_delivery(redact.id, services=at)
    with at.store.transaction() as tx:
        tx.plans.save_plan(other, {"lines": []})
        tx.reviews.open_review(SHOP, "seal_missing", "an order", order_id="1001")
        tx.reviews.open_review(OTHER_SHOP, "seal_missing", "an order", order_id="1001")
    leaves(at)
    with at.store.engine.connect() as connection:
        assert connection.execute(select(plans)).all() == []
        assert [row.shop for row in connection.execute(select(reviews))] == [OTHER_SHOP]


def test_no_fact_names_anybody(at):
    trade(at)
    request_id = leaves(at)
    output = str([fact.detail for fact in list_facts(at, request_id)])
    assert list_facts(at, request_id)
    assert [word for word in CANARIES if word.lower() in output.lower()] == []


def comes_back(at, platform, *, installed=True):
    """A shop that left is installed again, and has an order and a token."""
    at.clock.at += 9 * DAY
    platform.installed = {SHOP} if installed else set()
    accepted(at.store, "orders/create", order_body(2001, at=at.clock.at))
    with at.store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, "shpat_new", at.clock.at - DAY, "refresh")


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("decision", [ShopExitDecision.CONTINUE, ShopExitDecision.CLOSE])
@only("fiduciary")
def test_a_repeated_redact_waits_for_a_person_however_often_it_comes(at, platform, times, decision):
    trade(at, books=False)
    first = leaves(at)
    comes_back(at, platform, installed=False)
    for _ in range(times):
        request_id = leaves(at, uninstalled=False)
        at.clock.at += 5 * DAY
    assert request_id != first
    task = read_shop_erasure(at, request_id)[1]
    assert (task.state, task.last_error) == (TaskState.WAITING, "installed_again")
    assert (count_rows_of_shop(at)["orders"], count_rows_of_shop(at)["tokens"]) == (1, 1)
    with at.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="installed_again", request_id=request_id)
    assert review.what.startswith("this very webhook came before")
    resolve_reinstalled_shop(request_id, decision, actor="operator:test", reason="looked", services=at)
    wake(at, request_id)
    assert read_shop_erasure(at, request_id)[0].state is RequestState.DONE
    assert ("orders" in count_rows_of_shop(at)) is (decision is ShopExitDecision.CLOSE)


@only("fiduciary")
def test_a_shop_whose_token_the_platform_accepts_waits_for_a_person(at, platform):
    trade(at, books=False)
    platform.installed = {SHOP}
    request_id = leaves(at, uninstalled=False)
    assert read_shop_erasure(at, request_id)[1].last_error == "installed_again"
    assert count_rows_of_shop(at)["orders"] == 1
    assert platform.installed_asked == [SHOP]


@pytest.mark.parametrize(("has_token", "error"), [(True, "installed_again"), (False, "")])
@only("fiduciary")
def test_a_platform_that_does_not_answer_delays_and_then_what_is_known_decides(at, platform, has_token, error):
    trade(at, books=False)
    if has_token:
        with at.store.transaction() as tx:
            tx.tokens.save_tokens(SHOP, "shpat", at.clock.at + 90 * DAY, "")
    platform.installed_faults = [ConnectorUnavailable("shopify: timeout") for _ in range(9)]
    request_id = leaves(at, uninstalled=False)
    task = read_shop_erasure(at, request_id)[1]
    assert (task.state, task.last_error, count_rows_of_shop(at)["orders"]) == (TaskState.RETRY, "shopify: timeout", 1)
    for _ in range(at.settings.connector_attempts):
        at.clock.at += timedelta(hours=3)
        process_request(request_id, services=at)
    task = read_shop_erasure(at, request_id)[1]
    assert (task.last_error, "orders" in count_rows_of_shop(at)) == (error, has_token)


@only("fiduciary")
def test_an_order_at_the_address_of_an_uninstall_makes_no_shop_leave(at):
    trade(at, books=False)
    at.clock.at += 30 * DAY
    accepted(at.store, "orders/updated", order_body(1001, at=at.clock.at))
    at.clock.at += timedelta(hours=5)
    accepted(at.store, "app/uninstalled", {"shop_id": 1, "shop_domain": SHOP})
    request_id = leaves(at, uninstalled=False, hours=1)
    assert read_shop_erasure(at, request_id)[1].last_error == "installed_again"
    assert count_rows_of_shop(at)["orders"] == 1
