"""The season against the real processes: Postgres, Redis, web, workers, clock, and the stand-in of Shopify for all shops."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from bridge.sandbox.merchant_files import write_merchant_files
from tests.bench.bench_env import Scene, Shops, TooSlowError, postgres
from tests.bench.burst.backlog import EVERY_S, REQUESTS, STEADY_S, WEBHOOKS, BacklogWatch, Look, find_drained_s
from tests.bench.burst.season import YESTERDAY, Schedule, Season
from tests.bench.figures import Figure
from tests.bench.receiver.open_loop import run_schedule
from tests.bench.shops import invent_shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Postgres

SLOWEST_MS = 1_000
DRAIN_PATIENCE_S = 90.0
LOST = "SELECT count(*) FROM deliveries WHERE state IN ('failed', 'rejected')"


@dataclass(kw_only=True)
class Outcome:
    """What a season came to."""

    season: Season
    sent: int
    answers: dict[str, Any]
    looks: list[Look]
    drained_s: float | None
    kept: int
    unique: int
    lost: int
    failed_requests: int
    requests: int
    peaks_mb: dict[str, float]
    faults: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Write down what must not be."""
        slowest = self.answers["max_ms"] or 0
        checks = {
            f"the slowest accept took {slowest:.0f} ms": slowest >= SLOWEST_MS,
            f"{self.answers['other']} not answered 200": self.answers["other"] > 0,
            f"{self.kept} kept of {self.unique}": self.kept != self.unique,
            f"{self.lost} webhooks failed or rejected": self.lost > 0,
            f"{self.failed_requests} requests failed": self.failed_requests > 0,
            "the backlog was not drained": self.drained_s is None,
        }
        self.faults = [fault for fault, is_so in checks.items() if is_so]


def simulate(season: Season, *, workers: int = 1, seed: int = 1) -> Outcome:
    """Play the season once, and wait for the end of its backlog, not for ever."""
    schedule = Schedule(season, seed)
    schedule.build()
    with postgres() as server, Shops(*season.sizes) as shops, open_scene(season, server, shops) as scene:
        register_shops(scene, season)
        scene.bridge.start(workers=workers)
        with BacklogWatch(scene) as watch:
            answers = run_schedule(scene.bridge.port, schedule.timed, limit_s=season.seconds + 60)
            with suppress(TooSlowError):  # the outcome says so
                scene.until("the backlog", partial(_is_done, scene), patience_s=DRAIN_PATIENCE_S)
                time.sleep(STEADY_S + 2 * EVERY_S)
        outcome = Outcome(
            season=season,
            sent=len(schedule.timed),
            answers=answers,
            looks=watch.looks,
            drained_s=find_drained_s(watch.looks, burst_ended=answers["began"] + season.burst_ends, calm=season.per_s),
            kept=scene.number("SELECT count(*) FROM deliveries"),
            unique=schedule.unique,
            lost=scene.number(LOST),
            requests=scene.number("SELECT count(*) FROM requests"),
            failed_requests=scene.number("SELECT count(*) FROM requests WHERE state = 'failed'"),
            peaks_mb=watch.peaks_mb,
        )
    outcome.judge()
    return outcome


def open_scene(season: Season, server: Postgres, shops: Shops) -> Scene:
    names = [invent_shop(*size).shop for size in season.sizes]

    def more(folder: Path) -> dict[str, str]:
        files = write_merchant_files(folder, shops=names, notice_terms={})
        return {**files, "WEB_CONCURRENCY": "1"}

    return Scene(shops=shops, postgres=server, more=more)


def register_shops(scene: Scene, season: Season) -> None:
    """Make the shops known, as they are some days after each installed the app: nobody installs a thousand in a burst."""
    plain = scene.database.replace("postgresql+psycopg://", "postgresql://", 1)
    worlds = [invent_shop(*size) for size in season.sizes]
    rows = [(world.shop, str(world.shop_id), world.shop, YESTERDAY, YESTERDAY, YESTERDAY) for world in worlds]
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        names = "domain, number, key, first_seen_at, last_seen_at, asked_at"
        cursor.executemany(f"INSERT INTO shop_names ({names}) VALUES (%s, %s, %s, %s, %s, %s)", rows)  # noqa: S608


def _is_done(scene: Scene) -> bool:
    return scene.number(WEBHOOKS) + scene.number(REQUESTS) == 0


def list_figures(outcome: Outcome) -> list[Figure]:
    """The outcome as figures, for the file and the tables."""
    season, answers = outcome.season, outcome.answers
    burst = [look.webhooks + look.requests for look in outcome.looks]
    values = {
        ("shops", ""): season.shops,
        ("webhooks sent", ""): outcome.sent,
        ("a second before and after", "/s"): season.per_s,
        ("a second in the burst", "/s"): season.per_s * season.factor,
        ("seconds of the burst", "s"): season.burst_s,
        ("privacy requests", ""): outcome.requests,
        ("slowest accept", "ms"): answers["max_ms"],
        ("accept: p50", "ms"): answers["p50_ms"],
        ("accept: p99", "ms"): answers["p99_ms"],
        ("not answered 200", ""): answers["other"],
        ("largest backlog", ""): max(burst, default=0),
        ("drained after the burst", "s"): outcome.drained_s,
        ("client's own delay: p99", "ms"): answers["late_p99_ms"],
        **{(f"memory at most: {kind}", "MB PSS"): mb for kind, mb in outcome.peaks_mb.items()},
    }
    fault = "; ".join(outcome.faults)
    return [
        Figure(measure=f"burst: {name}", unit=unit, runs=[] if value is None else [value], fault=fault)
        for (name, unit), value in values.items()
    ]
