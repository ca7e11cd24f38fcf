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
from bridge.cli.null_queue import NoBell
from bridge.ports import Services
from bridge.sandbox.demo.console import chapter, fact, must
from bridge.sandbox.demo.demo_env import Stage
from bridge.steps.retention.expire_documents import release
from config.load import load_all


def the_books_stay(stage: Stage) -> None:
    """Sealed copies of Bikram's invoices: their law, their day, and what happens on it."""
    chapter(5, f"What tax law keeps of {stage.world.bikram.name}, and how it ends")
    request = stage.request("erasure", stage.world.shop)
    stage.command("hold", "sweep")
    planned = stage.command("dsr", "plan", request["id"])["plan"]
    (stage.results / "bikram-plan.json").write_text(json.dumps(planned, indent=2))
    certificate = stage.evidence(request["id"], "bikram")["certificate"]
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
    _years_pass(stage, request["id"], last)


def _years_pass(stage: Stage, request_id: str, last: date) -> None:
    free = last + timedelta(days=1)
    rows = stage.command("hold", "sweep", "--dry-run", "--as-of", free.isoformat())["documents"]
    going = sum(row["documents"] for row in rows)
    must(
        going,
        f"asked today what would have gone by {free}: {going} documents of both shops; nothing is changed",
    )
    with _at(stage, last) as services:
        release(services=services)
        before = _documents(services, request_id)
    must(before, f"on {last}, under a clock that stands there: his {before} documents are still sealed")
    with _at(stage, free) as services:
        while release(services=services).more:
            pass
        after = _documents(services, request_id)
        with services.store.transaction() as tx:
            rows = tx.evidence.verify()
            told = [event for event in tx.evidence.of(request_id) if event.fact == "document.destroyed"]
    must(
        not after and told,
        f"the day after they are gone, nobody asked again; the chain of {rows} facts says so",
    )


@contextmanager
def _at(stage: Stage, day: date) -> Iterator[Services]:
    """A bridge on a copy of the database, at noon of that day where the books are kept."""
    start = load_all(stage.environ)
    moment = datetime.combine(day, time(12), ZoneInfo(start.retention.timezone)).astimezone(UTC)
    path = stage.folder / "later.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(stage.folder / "bridge.db")) as now, closing(sqlite3.connect(path)) as later:
        now.backup(later)
    settings = replace(start.settings, database_url=f"sqlite:///{path}", ledger_url="")
    store = make_store(settings)
    store.now = lambda: moment
    services = make_services(replace(start, settings=settings), NoBell(), store)
    with closing(store):
        yield replace(services, clock=_Standing(moment))


class _Standing:
    """`ports.Clock` that stands."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """See ports.Clock."""
        return self._at


def _documents(services: Services, request_id: str) -> int:
    with services.store.transaction() as tx:
        found: Any = tx.documents.of_request(request_id)
    return len(found)
