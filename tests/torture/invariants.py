"""What must hold after everything: each function returns the sentences that are not true, each with ids and no names."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select

from bridge.errors import EvidenceBroken
from bridge.model import Fact, PrivacyRequest, TaskState
from bridge.sandbox.mail import Mailbox, get_letter_text
from bridge.sandbox.merchant_files import GRIEVANCE_OFFICER_EMAIL
from bridge.sandbox.world.models import Person
from bridge.store.schema.index_tables import customers, orders, parcels
from bridge.store.schema.tables import deliveries
from tests.e2e.conftest import Town
from tests.torture.webhook_load import Post, WebhookLoad

Clocks = dict[str, tuple[datetime, datetime, datetime]]
SENT_WITHIN_S = 30.0
ONCE_PER_REQUEST = (Fact.REQUEST_OPENED, Fact.PRINCIPAL_ERASED, Fact.PRINCIPAL_SUPPRESSED)


def read_clocks(town: Town) -> Clocks:
    """Return when each request was received, must be acknowledged and must be answered."""
    return {each.id: (each.received_at, each.acknowledge_due_at, each.due_at) for each in town.requests()}


def find_moved_clocks(before: Clocks, now: Clocks, town: Town) -> list[str]:
    """No request is gone, none is due later than at first, and earlier only where an earlier receipt of it was recorded."""
    gone = [f"request {each} is gone" for each in before if each not in now]
    moved = [each for each in before if each in now and now[each] != before[each]]
    joined: set[tuple[str, str]] = set()
    if moved:
        with town.services.store.read() as tx:
            facts = [event for event in tx.evidence.iterate_facts() if event.fact == Fact.REQUEST_JOINED]
        joined = {(event.request_id, str(event.detail["due_at"])) for event in facts}
    return gone + [
        f"the clock of request {each} moved from {before[each][2]} to {now[each][2]}"
        for each in moved
        if now[each][2] > before[each][2] or (each, now[each][2].isoformat()) not in joined
    ]


def find_lost_deliveries(accepted: Iterable[Post], town: Town) -> list[str]:
    """An accepted delivery is stored, under its own id or that of one with the same bytes, and has come to its end."""
    ids: dict[tuple[str, bytes], set[str]] = defaultdict(set)
    for post in accepted:
        ids[post.topic, post.raw].add(post.webhook_id)
    rows = _read(town, deliveries)
    stored = {row.webhook_id for row in rows}
    lost = [
        f"{topic} {sorted(same)} was answered 200 and is not stored"
        for (topic, _), same in ids.items()
        if not same & stored
    ]
    return lost + [f"delivery {row.id} is {row.state}: {row.last_error}" for row in rows if row.state != "done"]


def find_unanswered_requests(load: WebhookLoad, town: Town) -> list[str]:
    """Each person who asked has a request, none more than deliveries, and each request is closed."""
    faults = [
        f"{each.kind} request {each.id} is {each.state} and not closed"
        for each in town.requests()
        if not each.closed_at
    ]
    posted = Counter((post.topic, post.person.id) for post in load.accepted)
    for topic, kind, people in (
        ("customers/data_request", "access", load.wants_copy),
        ("customers/redact", "erasure", load.wants_erasure),
    ):
        for person in people:
            found, allowed = len(town.asked(kind, person)), posted[topic, person.id]
            if not 1 <= found <= allowed:
                faults.append(f"{allowed} deliveries of {topic} made {found} requests of one person")
    return faults + [f"access request {each.id} is incomplete" for each in town.requests("access") if not each.complete]


def find_repeated_deeds(town: Town) -> list[str]:
    """What can be done once only was done once, and once more for each replay by an operator: by the facts."""
    replays: Counter[str] = Counter()
    per_request: Counter[tuple[str, str]] = Counter()
    documents: Counter[str] = Counter()
    with town.services.store.read() as tx:
        for event in tx.evidence.iterate_facts():
            if event.fact == Fact.REQUEST_REPLAYED:
                replays[event.request_id] += 1
            if event.fact in ONCE_PER_REQUEST:
                per_request[event.fact, event.request_id] += 1
            if event.fact == Fact.DOCUMENT_SEALED:
                documents.update(event.detail.get("documents", []))
    faults = [
        f"{fact} {times} times for request {request}"
        for (fact, request), times in per_request.items()
        if times > 1 + replays[request] or (fact == Fact.REQUEST_OPENED and times > 1)
    ]
    return faults + [f"document {each} was sealed {times} times" for each, times in documents.items() if times > 1]


def _list_arrived_letters(mailbox: Mailbox) -> dict[str, set[str]]:
    """Return the texts of the letters to processors, without their links, by Message-ID."""
    arrived: dict[str, set[str]] = defaultdict(set)
    for letter in list(mailbox.letters):
        if letter["To"] != GRIEVANCE_OFFICER_EMAIL:
            arrived[str(letter["Message-ID"])].add(hide_link(get_letter_text(letter)))
    return arrived


def find_repeated_letters(mailbox: Mailbox, town: Town) -> list[str]:
    """Each letter is recorded once, and one that arrived twice is the same one: its reader knows it by its Message-ID.

    One that is on its way at this moment is recorded and there within SENT_WITHIN_S.
    """
    end = time.monotonic() + SENT_WITHIN_S
    while True:
        arrived = _list_arrived_letters(mailbox)
        with town.services.store.read() as tx:
            sent = [
                event for event in tx.evidence.iterate_facts() if event.fact in (Fact.NOTICE_SENT, Fact.NOTICE_REMINDED)
            ]
        per_request = Counter((str(event.detail["message_id"]), event.request_id) for event in sent)
        recorded = {message_id for message_id, _ in per_request}
        if arrived.keys() == recorded or time.monotonic() > end:
            break
        time.sleep(0.5)
    return [
        *(
            f"letter {each[0]} was recorded {times} times for one request"
            for each, times in per_request.items()
            if times > 1
        ),
        *(f"letter {each} is recorded and did not arrive" for each in recorded - arrived.keys()),
        *(f"letter {each} arrived and is not recorded" for each in arrived.keys() - recorded),
        *(f"letter {each} has {len(texts)} texts" for each, texts in arrived.items() if len(texts) > 1),
    ]


def hide_link(text: str) -> str:
    """Return a letter's text without its link, which is a new one at each attempt: of an unsent letter it is deleted."""
    return "\n".join(line for line in text.splitlines() if "/notices/" not in line)


def find_broken_evidence(town: Town) -> list[str]:
    try:
        with town.services.store.read() as tx:
            tx.evidence.verify_chain()
    except EvidenceBroken as fault:
        return [f"the chain of evidence is broken: {fault}"]
    return []


def find_words_in_clear(people: Iterable[Person], town: Town) -> list[str]:
    """No file, log or key in Redis holds a name or an address in the clear."""
    words = [word for person in people for word in (person.email, person.last, str(person.address["address1"]))]
    return [f"a personal value stands in {place}" for place in town.traces(words)]


def count_index_rows(people: Sequence[Person], town: Town) -> Counter[str]:
    """Return how many rows of the index are about these people, by table."""
    keyring, shop = town.services.store.keyring, town.world.shop
    customer_keys = {keyring.pseudonym(shop, "customer", str(person.id)) for person in people}
    order_keys = {
        keyring.pseudonym(shop, "order", str(order.id)) for person in people for order in town.world.list_orders(person)
    }
    counts = Counter({"customers": sum(row.customer_key in customer_keys for row in _read(town, customers))})
    for table in (orders, parcels):
        counts[table.name] = sum(row.order_key in order_keys for row in _read(town, table))
    return counts


def find_recreated_people(before: Counter[str], load: WebhookLoad, town: Town) -> list[str]:
    now = count_index_rows(load.wants_erasure, town)
    return [
        f"late webhooks made {now[name] - before[name]} {name} of erased people"
        for name in now
        if now[name] > before[name]
    ]


def list_unsettled(town: Town) -> list[PrivacyRequest]:
    """Return the requests that are not closed, and the access requests that are not complete."""
    return [each for each in town.requests() if not each.closed_at or (each.kind == "access" and not each.complete)]


def has_failed_task(request: PrivacyRequest, town: Town) -> bool:
    """Return whether a task of the request ended in a failure that a person looks at."""
    with town.services.store.read() as tx:
        return any(task.state is TaskState.FAILED for task in tx.tasks.list_tasks(request.id))


def _read(town: Town, table: Table) -> list[Row[Any]]:
    with town.services.store.engine.connect() as connection:
        return list(connection.execute(select(table)))
