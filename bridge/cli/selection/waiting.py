"""Waits until what a bulk command started has ended, and says how far it is. The workers do the work, with or without it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import click

from bridge.cli.options import FILTER_WORD
from bridge.cli.shared.dates import DURATION, UNITS

POLL_S = 0.5
INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended
WAIT_HELP = "Wait until all has ended, and exit 1 if something still fails. Ctrl-C stops the waiting, not the work."


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where the rows stand: how many ended, which go on, and why those that failed did."""

    ended: int
    running: Mapping[str, str] = field(default_factory=dict)
    failing: Mapping[str, str] = field(default_factory=dict)


def wait_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add --wait and --timeout; the command gets them as `wait` and `timeout_s`, in seconds."""
    timeout = click.option(
        "--timeout",
        "timeout_s",
        default="10m",
        type=FILTER_WORD,
        show_default=True,
        callback=lambda _, __, text: _parse_seconds(text),
        help="With --wait: stop waiting after so long.",
    )
    return click.option("--wait", is_flag=True, help=WAIT_HELP)(timeout(function))


def _parse_seconds(text: str) -> float:
    """Parse `30m`, `2h` or `3d`. Raises BadParameter."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter("give a time such as 30m, 2h or 3d", param_hint="--timeout")
    return timedelta(**{UNITS[found[2]]: int(found[1])}).total_seconds()


def wait_until_ended(look: Callable[[], Standing], *, timeout_s: float, noun: str) -> None:
    """Wait until all rows ended, or the time is over. Exit with 1 if any fails or goes on, with 130 on Ctrl-C."""
    ends_at, printed = time.monotonic() + timeout_s, ""
    try:
        while True:
            standing = look()
            printed = _print_progress(standing, printed, noun)
            if not standing.running or time.monotonic() >= ends_at:
                break
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        click.echo(f"\nNot waiting any longer. The work goes on: {noun} are worked on by the workers.", err=True)
        sys.exit(INTERRUPTED)
    _exit_if_failing(standing, noun)


def _exit_if_failing(standing: Standing, noun: str) -> None:
    """Print what still fails or has not ended, and exit with 1; do nothing where all is well."""
    for row_id, why in standing.failing.items():
        click.echo(f"  {row_id}  still fails: {why}", err=True)
    for row_id, why in standing.running.items():
        click.echo(f"  {row_id}  has not ended: {why}", err=True)
    if standing.running:
        click.echo(f"{len(standing.running)} {noun} go on. Is a worker running? `doctor` says it.", err=True)
    if standing.failing or standing.running:
        sys.exit(1)


def _print_progress(standing: Standing, printed: str, noun: str) -> str:
    total = standing.ended + len(standing.running)
    words = f"{standing.ended} of {total} {noun} ended, {len(standing.failing)} still fail"
    if words != printed:
        click.echo(words, err=True)
    return words
