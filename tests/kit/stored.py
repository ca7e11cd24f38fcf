"""Read what the store holds (a request, its tasks and facts, reviews), and write a package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import func, select


def read_request(store: Any, request_id: str) -> tuple[Any, Any, Any]:
    """Return the request, its tasks and its facts."""
    with store.transaction() as tx:
        return (
            tx.requests.get_request(request_id),
            tx.tasks.list_tasks(request_id),
            tx.evidence.list_facts_of_request(request_id),
        )


def list_fact_details(store: Any, request_id: str = "") -> list[tuple[str, Any]]:
    """Return the facts of a request with their details; without an id those that belong to no request."""
    with store.transaction() as tx:
        return [(event.fact, event.detail) for event in tx.evidence.list_facts_of_request(request_id)]


def list_details_of(store: Any, fact: str) -> list[Any]:
    """Return the details of every fact of this kind, oldest first, after checking the chain."""
    with store.transaction() as tx:
        assert tx.evidence.verify_chain()
        return [event.detail for event in tx.evidence.iterate_facts() if event.fact == fact]


def count_table(store: Any, table: Any, *conditions: Any) -> int:
    """Return how many rows of a table there are."""
    with store.transaction() as tx:
        return int(tx.session.connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


@contextmanager
def write_package(tx: Any, request_id: str) -> Iterator[Any]:
    """Open a stream whose content becomes the request's package when the block ends without a fault."""
    with closing(tx.packages.open_pieces(request_id)) as pieces:
        yield pieces
        tx.packages.save_package(request_id, pieces)


def list_reviews(store: Any, **which: Any) -> list[tuple[str, str]]:
    """Return the kind and the text of each review, of the open ones unless `which` says otherwise."""
    with store.transaction() as tx:
        return [(review.kind, review.what) for review in tx.reviews.list_reviews(**which)]
