"""The demo's chapter on tax law: what an erasure must withhold, until when, and how it is destroyed afterwards.

The years pass on a copy of the database under a fixed clock. The demo's own database is not changed.
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
from bridge.ports.null_queue import NullQueue
from bridge.sandbox.demo.console import chapter, count, fact, join_words, must
from bridge.sandbox.demo.demo_env import DemoEnvironment
from bridge.services import Services
from bridge.steps.retention.expire_documents import expire_documents
from config.load import read_configuration

DESTROYING_ACTIONS = ("erase", "anonymise")


def run_tax_chapter(demo: DemoEnvironment) -> None:
    """Show the sealed copies of Bikram's invoices, their law and last day, and their destruction afterwards."""
    bikram = demo.world.bikram
    chapter(5, f"Tax law withholds the invoices of {bikram.name} for a time")
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    demo.run_command("hold", "sweep", "--yes")
    plan = demo.run_command("dsr", "plan", request["id"])["plan"]
    (demo.results / "bikram-plan.json").write_text(json.dumps(plan, indent=2))
    certificate = demo.write_evidence(request["id"], "bikram")["certificate"]
    sealed = [row for row in certificate["kept"] if row["action"] == "seal"]
    for row in sealed:
        fact(
            f"{count(row['count'], 'sealed document')} ({row['what']}) must be kept until {row['until']} "
            f"under {list_laws(row)}."
        )
    actions = sorted({line["action"] for line in plan["lines"]})
    must(
        all(line["law"] and line["holds"] for line in plan["lines"] if line["action"] not in DESTROYING_ACTIONS),
        f"The erasure plan has {len(plan['lines'])} lines ({', '.join(actions).replace('_', ' ')}). "
        "Each line that keeps data names its law, or says that no law does and why it stays.",
    )
    last_day = max(date.fromisoformat(line["until"]) for line in sealed)
    _advance_to_expiry(demo, request["id"], last_day)


def list_laws(kept_row: Any) -> str:
    """Return the laws of a row of the certificate's `kept`, each without what follows its first semicolon."""
    return join_words([ground["law"].partition(";")[0].partition(" (")[0] for ground in kept_row["grounds"]])


def _advance_to_expiry(demo: DemoEnvironment, request_id: str, last_day: date) -> None:
    next_day = last_day + timedelta(days=1)
    rows = demo.run_command("hold", "sweep", "--dry-run", "--as-of", next_day.isoformat())["documents"]
    due = sum(row["documents"] for row in rows)
    must(
        due,
        f"A dry run counts {due} documents of both shops that will be due for destruction by {next_day}. "
        "It changes nothing.",
    )
    with _open_services_on(demo, last_day) as services:
        expire_documents(services=services)
        before = _count_documents(services, request_id)
    must(
        before,
        f"The clock is set to {last_day}. {count(before, 'document')} of {demo.world.bikram.first} are still sealed.",
    )
    with _open_services_on(demo, next_day) as services:
        while expire_documents(services=services).has_more:
            pass
        after = _count_documents(services, request_id)
        with services.store.transaction() as tx:
            facts = tx.evidence.verify_chain()
            destructions = [
                event for event in tx.evidence.list_facts_of_request(request_id) if event.fact == "document.destroyed"
            ]
    must(
        not after and destructions,
        f"The clock is set to {next_day}. The bridge destroyed them without a request. "
        f"The evidence, a chain of {facts} facts, records it.",
    )


@contextmanager
def _open_services_on(demo: DemoEnvironment, day: date) -> Iterator[Services]:
    """Yield services on a copy of the database, at noon of the day in the time zone of the tax books."""
    configuration = read_configuration(demo.environ)
    noon = datetime.combine(day, time(12), ZoneInfo(configuration.retention.timezone)).astimezone(UTC)
    path = demo.folder / "later.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(demo.folder / "bridge.db")) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    settings = replace(configuration.settings, database_url=f"sqlite:///{path}", ledger_url="")
    store = make_store(settings)
    store.now = lambda: noon
    services = make_services(replace(configuration, settings=settings), NullQueue(), store)
    with closing(store):
        yield replace(services, clock=_FixedClock(noon))


class _FixedClock:
    """A `ports.Clock` that always gives the same time."""

    def __init__(self, fixed_time: datetime) -> None:
        self._fixed_time = fixed_time

    def now(self) -> datetime:
        """Return the fixed time."""
        return self._fixed_time


def _count_documents(services: Services, request_id: str) -> int:
    with services.store.transaction() as tx:
        return len(tx.documents.list_documents_of_request(request_id))
