"""`make bench`: measure each figure and print it with its budget."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from tests.bench import boot, concurrency, gather, growth, notices, workers
from tests.bench.bench_env import Patience, TooSlowError
from tests.bench.burst import drain
from tests.bench.figures import Figure, table
from tests.bench.growth import drain as growth_drain
from tests.bench.receiver import accept, endurance, slow_crowd, steady
from tests.bench.results import build_parts, is_busy, read_document, write_result
from tests.bench.tables import Results, write_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What measures, and the seconds after which it is given up.
Part = tuple["Callable[..., Iterator[Figure]]", int]
PARTS: dict[str, Part] = {
    "boot": (boot.measure, 60),
    "gather": (gather.measure, 90),
    "crowd": (concurrency.measure, 90),
    "erase": (gather.erase, 60),
    "recovery": (concurrency.recovery, 90),
    "accept": (accept.measure, 200),
    "steady": (steady.measure, 180),
    "slow": (slow_crowd.measure, 240),
    "endurance": (endurance.measure, 300),
    "drain": (drain.measure, 240),
    "memory": (gather.memory, 90),
    "notices": (notices.measure, 700),
    "workers": (workers.measure, 900),
}
# They take longer than all others, or stand beside a bound of their own: measured where they are named.
LONG_PARTS: dict[str, Part] = {"growth": (growth.measure, 7_200), "drain_ratio": (growth_drain.measure, 300)}
ALL_PARTS = PARTS | LONG_PARTS
WHOLE_S, QUICK_S = 3_000, 300


def main() -> None:
    say = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    say.add_argument("--quick", action="store_true", help="fewer and shorter runs: a look, not a measurement")
    say.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(ALL_PARTS)}")
    say.add_argument("--patience", type=float, default=1, help="how many times as long to wait, on a busy machine")
    say.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    say.add_argument(
        "--write-docs", action="store_true", help="write docs/bench.json, and the tables that are made of it"
    )
    given = say.parse_args()
    wanted = given.only.split(",")
    if unknown := [name for name in wanted if name not in ALL_PARTS]:
        say.error(f"no part is called {', '.join(unknown)}")
    if given.quick and given.write_docs:
        say.error("a quick look is no measurement for the docs")
    if beside_others := is_busy():
        sys.stderr.write("others use this machine: the figures are worse than its own, and the docs will say so\n")
    signal.signal(signal.SIGALRM, _over)
    most = sum(LONG_PARTS[name][1] for name in wanted if name in LONG_PARTS)
    Patience.factor = given.patience
    end = time.monotonic() + (most + (QUICK_S if given.quick else WHOLE_S)) * given.patience
    parts = {name: list(_part(name, end, given.patience, quick=given.quick)) for name in wanted}
    figures = [figure for part in parts.values() for figure in part]
    if given.json:
        sys.stdout.write(json.dumps([one.as_json() for one in figures], indent=1) + "\n")
    else:
        sys.stdout.write(table(figures) + "\n")
    _keep(parts, for_docs=given.write_docs, beside_others=beside_others)
    sys.exit(any(one.ok is False for one in figures))


def _keep(parts: dict[str, list[Figure]], *, for_docs: bool, beside_others: bool) -> None:
    """Write the result to a file. No part with a fault gets into the docs."""
    sound = {name: figures for name, figures in parts.items() if not any(one.fault for one in figures)}
    built = build_parts(sound if for_docs else parts, beside_others=beside_others)
    path = write_result(built, for_docs=for_docs)
    if for_docs:
        write_pages(Results(read_document()))
    sys.stderr.write(f"{path}\n")


def _over(*_: object) -> NoReturn:
    raise TooSlowError("given up: its time was over")


def _part(name: str, end: float, patience: float, *, quick: bool) -> Iterator[Figure]:
    """The figures of one part; those that it could not make are one fault."""
    part, limit_s = ALL_PARTS[name]
    left = int(min(limit_s * patience, end - time.monotonic()))
    began = time.monotonic()
    try:
        if left <= 0:
            _over()
        signal.alarm(left)
        yield from part(quick=quick)
    except Exception as fault:  # noqa: BLE001 - one part's failure is a row of the table
        result = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
        sys.stderr.write(f"{name}: {result}\n")
        yield Figure(measure=name, unit="", fault=result[:400])
    finally:
        signal.alarm(0)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()
