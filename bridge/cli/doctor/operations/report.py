"""Show the results of all checks: what failed first, each with what to type; the rest folded into few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

MAX_FOLDED_LINES = 14  # with the other lines a healthy host's report has twenty at most
MAX_DETAIL_CHARS = 110
MARKS = {True: ("ok  ", "green"), False: ("FAIL", "red"), None: ("?   ", "yellow")}
Check = Mapping[str, Any]


def print_report(result: Mapping[str, Any], *, show_all: bool, is_release: bool) -> None:
    """Print the checks; with `show_all` each has a line of its own. Colours are for terminals only."""
    checks: Sequence[Check] = result["checks"]
    failed = [check for check in checks if check["ok"] is False]
    unsure = [check for check in checks if check["ok"] is None]
    passed = [check for check in checks if check["ok"] is True]
    for check in failed:
        _print_check(check)
        click.echo(f"      -> {check['fix']}")
    for check in unsure if show_all else _fold_checks(unsure):
        _print_check(check)
    if show_all:
        for check in passed:
            _print_check(check)
    click.echo(_count_results(failed, unsure, passed, show_all=show_all, is_release=is_release))


def _print_check(check: Check) -> None:
    mark, colour = MARKS[check["ok"]]
    click.echo(f"{click.style(mark, fg=colour)}  {check['name']:34} {check['detail']}")


def _fold_checks(checks: Sequence[Check]) -> list[Check]:
    """Return one line for each name, those that say what to type first, and one for what is left out."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(_find_group(check), []).append(check)
    lines = [_fold_group(name, group) for name, group in groups.items()]
    lines.sort(key=lambda line: "`" not in line["detail"])
    if len(lines) > MAX_FOLDED_LINES:
        rest = len(lines) - MAX_FOLDED_LINES + 1
        lines = [*lines[: MAX_FOLDED_LINES - 1], {"ok": None, "name": f"{rest} more", "detail": "`doctor --all`"}]
    return lines


def _find_group(check: Check) -> str:
    """Return under which name a check is counted: that of its subject where the name begins with a shop or an id."""
    name: str = check["name"]
    first, _, rest = name.partition(" ")
    return rest if "." in first and "/" in rest else name


def _fold_group(name: str, group: Sequence[Check]) -> Check:
    detail = group[0]["detail"]
    if len(group) > 1:
        detail = f"{len(group)}, the first: {detail}"
    if len(detail) > MAX_DETAIL_CHARS:
        detail = detail[: MAX_DETAIL_CHARS - 2] + " …"
    return {"ok": None, "name": name, "detail": detail}


def _count_results(
    failed: Sequence[Check], unsure: Sequence[Check], passed: Sequence[Check], *, show_all: bool, is_release: bool
) -> str:
    hidden = "" if show_all else " `doctor --all` shows each."
    counts = f"\n{len(failed)} failed, {len(unsure)} could not tell or are optional, {len(passed)} passed.{hidden}"
    if is_release:
        stopping = sum(check["stops_release"] for check in failed)
        counts += f" {stopping} of them stop a release." if stopping else " Nothing stops a release."
    return counts
