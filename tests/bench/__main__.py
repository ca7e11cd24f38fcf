"""`make bench`: measure each figure and print it with its budget."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from tests.bench import accept, boot, concurrency, gather, growth, notices
from tests.bench.bench_env import TooSlowError
from tests.bench.figures import Figure, table
from tests.bench.growth import drain as growth_drain

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
    "accept": (accept.measure, 100),
    "memory": (gather.memory, 90),
    "notices": (notices.measure, 420),
}
# They take longer than all others: measured where they are named.
LONG_PARTS: dict[str, Part] = {"growth": (growth.measure, 7_200), "drain": (growth_drain.measure, 300)}
ALL_PARTS = PARTS | LONG_PARTS
WHOLE_S, QUICK_S = 780, 150


def main() -> None:
    say = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    say.add_argument("--quick", action="store_true", help="fewer and shorter runs: a look, not a measurement")
    say.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(ALL_PARTS)}")
    say.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    given = say.parse_args()
    wanted = given.only.split(",")
    if unknown := [name for name in wanted if name not in ALL_PARTS]:
        say.error(f"no part is called {', '.join(unknown)}")
    signal.signal(signal.SIGALRM, _over)
    most = sum(LONG_PARTS[name][1] for name in wanted if name in LONG_PARTS)
    end = time.monotonic() + most + (QUICK_S if given.quick else WHOLE_S)
    figures = [figure for name in wanted for figure in _part(name, end, quick=given.quick)]
    if given.json:
        sys.stdout.write(json.dumps([one.as_json() for one in figures], indent=1) + "\n")
    else:
        sys.stdout.write(table(figures) + "\n")
    sys.exit(any(one.ok is False for one in figures))


def _over(*_: object) -> NoReturn:
    raise TooSlowError("given up: its time was over")


def _part(name: str, end: float, *, quick: bool) -> Iterator[Figure]:
    """The figures of one part; those that it could not make are one fault."""
    part, limit_s = ALL_PARTS[name]
    left = int(min(limit_s, end - time.monotonic()))
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
