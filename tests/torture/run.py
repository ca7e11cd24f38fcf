"""One run: disturb under load, calm down, let everything end, check."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import BridgeError
from tests import servers
from tests.e2e import processes
from tests.e2e.conftest import Town
from tests.torture import invariants
from tests.torture.disturbances import Disturber
from tests.torture.installation import Installation, install
from tests.torture.invariants import Clocks
from tests.torture.webhook_load import WebhookLoad

SETTLE_WITHIN_S = 180.0
FIRST_PERSON = 3  # those before have fixed roles in the invented world
HOUR_S = 3600.0
LETTERS_AFTER_S = 16 * 24 * HOUR_S

Say = Callable[[str], object]


@dataclass(kw_only=True)
class Report:
    """What was done and what was not right. `faults` is empty where every invariant holds."""

    seed: int
    database: str
    kills: int = 0
    disturbances: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    refused: int = 0
    requests: int = 0
    letters: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def torture(folder: Path, postgres: servers.Postgres | None, *, seed: int, kills: int, people: int, say: Say) -> Report:
    """Disturb a new installation until so many processes were killed or ended, and return what came of it."""
    report = Report(seed=seed, database="postgres" if postgres else "sqlite")
    began = time.monotonic()
    with install(folder, postgres) as installation:
        town = installation.town
        load = WebhookLoad(town, town.world.people[FIRST_PERSON : FIRST_PERSON + people], seed=seed)
        disturber = Disturber(installation, seed=seed)
        load.start()
        clocks: Clocks = {}
        report.faults += _disturb(disturber, clocks, town, kills=kills - kills // 5, say=say)
        load.finish(SETTLE_WITHIN_S)
        _settle(installation, say)
        rows = invariants.count_index_rows(load.wants_erasure, town)
        load.post_late_webhooks()
        _settle(installation, say)
        report.faults += [
            *invariants.find_lost_deliveries(load.accepted, town),
            *invariants.find_unanswered_requests(load, town),
            *invariants.find_recreated_people(rows, load, town),
        ]
        say("Weeks pass: what waited for the end of a contract becomes due, and letters go")
        installation.move_clock(installation.clock_offset_s + LETTERS_AFTER_S)
        report.faults += _disturb(disturber, clocks, town, kills=kills, say=say)
        _settle(installation, say)
        report.faults += [
            *_compare_clocks(clocks, town),
            *invariants.find_repeated_deeds(town),
            *invariants.find_repeated_letters(installation.mailbox, town),
            *invariants.find_broken_evidence(town),
            *invariants.find_words_in_clear([*load.wants_copy, *load.wants_erasure], town),
        ]
        report.kills, report.disturbances = disturber.kills, disturber.counts
        report.accepted, report.refused = len(load.accepted), load.refused
        report.requests, report.letters = len(town.requests()), len(installation.mailbox.letters)
    report.seconds = time.monotonic() - began
    return report


def _disturb(disturber: Disturber, clocks: Clocks, town: Town, *, kills: int, say: Say) -> list[str]:
    """Disturb until so many processes were killed or ended in all; return which clocks moved."""
    faults = []
    while disturber.kills < kills:
        say(f"{disturber.number:5}  {disturber.disturb()}, {disturber.kills} of {kills} killed or ended")
        faults += _compare_clocks(clocks, town)
    disturber.calm_down()
    return faults


def _compare_clocks(clocks: Clocks, town: Town) -> list[str]:
    """Compare each request's clocks with those of the last look."""
    try:
        now = invariants.read_clocks(town)
        moved = invariants.find_moved_clocks(clocks, now, town)
    except BridgeError:  # the database is down at this moment: the next look compares
        return []
    clocks.update(now)
    return moved


def _settle(installation: Installation, say: Say) -> None:
    """Wait until nothing is left to do; as operators do, replay what ended incomplete or failed, and let hours pass for retries."""
    town, deadline = installation.town, time.monotonic() + SETTLE_WITHIN_S
    while True:
        installation.keep_running()
        with town.services.store.read() as tx:
            waiting = tx.operator_queries.list_deliveries(state="received", limit=1)
        unsettled = invariants.list_unsettled(town)
        if not waiting and not unsettled:
            return
        if time.monotonic() > deadline:
            say(f"not settled: {[(each.id, each.state, each.last_error) for each in unsettled]}")
            return
        time.sleep(3.0)
        for request in unsettled:
            if request.closed_at or invariants.has_failed_task(request, town):
                processes.say(town.environ, "dsr", "replay", request.id)
        installation.move_clock(installation.clock_offset_s + HOUR_S)
