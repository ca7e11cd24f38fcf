"""`python -m tests.torture`: kill and disturb complete installations, then check that nothing was lost or done twice."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests import servers
from tests.torture.run import Report, torture


def main() -> None:
    """Run on the databases that were chosen; end with 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="processes to kill or end, on each database")
    parser.add_argument("--people", type=int, default=60, help="people whose webhooks are posted meanwhile")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run that printed it")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    faults = 0
    for name in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        say(f"Seed {seed}, database {name}")
        server = servers.Postgres().start() if name == "postgres" else None
        try:
            with tempfile.TemporaryDirectory(prefix="bridge-torture-") as folder:
                report = torture(
                    Path(folder), server, seed=seed, kills=options.kills, people=options.people,
                    say=say,
                )  # fmt: skip
        finally:
            if server:
                server.stop()
        say(describe_report(report))
        faults += len(report.faults)
    sys.exit(1 if faults else 0)


def say(line: str) -> None:
    """Show a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def describe_report(report: Report) -> str:
    """Return the report as lines for a terminal."""
    deeds = ", ".join(f"{name} {times}" for name, times in sorted(report.disturbances.items()))
    lines = [
        f"{report.database}, seed {report.seed}: {report.kills} processes killed or ended in {report.seconds:.0f} s",
        f"  {deeds}",
        f"  {report.accepted} webhooks answered 200, posted again {report.refused} times",
        f"  {report.requests} requests, {report.letters} letters",
        *(f"  NOT TRUE: {fault}" for fault in report.faults),
    ]
    return "\n".join([*lines, "  Every invariant holds." if not report.faults else f"  {len(report.faults)} faults."])


if __name__ == "__main__":
    main()
