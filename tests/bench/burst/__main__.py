"""`make bench-burst`: play the season once, print what it came to, and end with 1 where something must not be."""

from __future__ import annotations

import argparse
import json
import sys

from bridge.sandbox.processes import ROOT
from tests.bench.burst.curve import draw_curve
from tests.bench.burst.season import Season
from tests.bench.burst.simulate import list_figures, simulate
from tests.bench.figures import table
from tests.bench.results import build_parts, is_busy, read_document, write_result
from tests.bench.tables import Results, write_pages

PICTURE = ROOT / "docs" / "pictures" / "burst.svg"


def main() -> None:
    say = argparse.ArgumentParser(prog="python -m tests.bench.burst", description=__doc__)
    say.add_argument("--shops", type=int, default=1_000)
    say.add_argument(
        "--seconds", type=float, default=45, help="of traffic; then it waits for the backlog, 90 s at most"
    )
    say.add_argument("--per-second", type=float, default=40, help="webhooks of all shops before and after the burst")
    say.add_argument("--burst-seconds", type=float, default=10, help="with ten times as many")
    say.add_argument("--workers", type=int, default=1)
    say.add_argument("--seed", type=int, default=1, help="another one is another season")
    say.add_argument("--write-docs", action="store_true", help="write docs/bench.json, the tables and the picture")
    given = say.parse_args()
    season = Season(
        shops=given.shops,
        seconds=given.seconds,
        per_s=given.per_second,
        burst_s=min(given.burst_seconds, given.seconds),
    )
    beside_others = is_busy()
    outcome = simulate(season, workers=given.workers, seed=given.seed)
    figures = list_figures(outcome)
    sys.stdout.write(table(figures) + "\n")
    for look in outcome.looks[::4]:
        at = look.at - outcome.answers["began"]
        sys.stdout.write(f"{at:6.1f} s  {look.webhooks:6,} webhooks and {look.requests:4,} requests wait\n")
    sys.stdout.write(f"answers: {json.dumps(outcome.answers['statuses'])}\n")
    sys.stdout.write("".join(f"NOT AS IT MUST BE: {fault}\n" for fault in outcome.faults) or "as it must be\n")
    for_docs = given.write_docs and not outcome.faults
    path = write_result(build_parts({"burst": figures}, beside_others=beside_others), for_docs=for_docs)
    picture = PICTURE if for_docs else path.with_suffix(".svg")
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(draw_curve(outcome), encoding="utf-8")
    if for_docs:
        write_pages(Results(read_document()))
    sys.stdout.write(f"{path}\n{picture}\n")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
