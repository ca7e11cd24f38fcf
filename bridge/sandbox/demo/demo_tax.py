"""The demo's chapter about the tax books: what an erasure must leave, until when, and how it goes by itself.

The years pass on a copy of the database and under a clock that stands: nothing waits, and the story's own
database stays as it is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.bootstrap import make_services, make_store
from bridge.ports import Services
from bridge.ports.null_queue import NullQueue
from bridge.sandbox.demo.console import chapter, fact, must
from bridge.sandbox.demo.demo_env import DemoEnvironment
from bridge.steps.retention.expire_documents import expire_documents
from config.load import read_configuration


def run_tax_chapter(demo: DemoEnvironment) -> None:
    """Sealed copies of Bikram's invoices: their law, their day, and what happens on it."""
    chapter(5, f"What tax law keeps of {demo.world.bikram.name}, and how it ends")
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    demo.run_command("hold", "sweep")
    planned = demo.run_command("dsr", "plan", request["id"])["plan"]
    (demo.results / "bikram-plan.json").write_text(json.dumps(planned, indent=2))
    certificate = demo.write_evidence(request["id"], "bikram")["certificate"]
    sealed = [row for row in certificate["kept"] if row["action"] == "seal"]
    for row in sealed:
        laws = " and ".join(ground["law"].partition(";")[0] for ground in row["grounds"])
        fact(f"sealed until {row['until']}: {row['count']} of {row['what']}, under {laws}")
    actions = sorted({line["action"] for line in planned["lines"]})
    must(
        all(line["law"] for line in planned["lines"] if line["action"] in ("seal", "keep_as_evidence")),
        f"its plan has {len(planned['lines'])} lines ({', '.join(actions)}); nothing survives without a law",
    )
    last = max(date.fromisoformat(line["until"]) for line in sealed)
    _advance_to_expiry(demo, request["id"], last)


def _advance_to_expiry(demo: DemoEnvironment, request_id: str, last_day: date) -> None:
    free = last_day + timedelta(days=1)
    rows = demo.run_command("hold", "sweep", "--dry-run", "--as-of", free.isoformat())["documents"]
    going = sum(row["documents"] for row in rows)
    must(
        going,
        f"asked today what would have gone by {free}: {going} documents of both shops; nothing is changed",
    )
    with _open_services_on(demo, last_day) as services:
        expire_documents(services=services)
        before = _count_documents(services, request_id)
    must(before, f"on {last_day}, under a clock that stands there: his {before} documents are still sealed")
    with _open_services_on(demo, free) as services:
        while expire_documents(services=services).has_more:
            pass
        after = _count_documents(services, request_id)
        with services.store.transaction() as tx:
            rows = tx.evidence.verify_chain()
            told = [
                event
                for event in tx.evidence.list_facts_of_request(request_id)
                if event.fact == "document.destroyed"
            ]
    must(
        not after and told,
        f"the day after they are gone, nobody asked again; the chain of {rows} facts says so",
    )


@contextmanager
def _open_services_on(demo: DemoEnvironment, day: date) -> Iterator[Services]:
    """A bridge on a copy of the database, at noon of that day where the books are kept."""
    start = read_configuration(demo.environ)
    moment = datetime.combine(day, time(12), ZoneInfo(start.retention.timezone)).astimezone(UTC)
    path = demo.folder / "later.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(demo.folder / "bridge.db")) as now, closing(sqlite3.connect(path)) as later:
        now.backup(later)
    settings = replace(start.settings, database_url=f"sqlite:///{path}", ledger_url="")
    store = make_store(settings)
    store.now = lambda: moment
    services = make_services(replace(start, settings=settings), NullQueue(), store)
    with closing(store):
        yield replace(services, clock=_FixedClock(moment))


class _FixedClock:
    """`ports.Clock` that stands."""

    def __init__(self, fixed_time: datetime) -> None:
        self._fixed_time = fixed_time

    def now(self) -> datetime:
        """See ports.Clock."""
        return self._fixed_time


def _count_documents(services: Services, request_id: str) -> int:
    with services.store.transaction() as tx:
        found: Any = tx.documents.list_documents_of_request(request_id)
    return len(found)
