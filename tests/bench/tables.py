"""The tables of the pages, made from `docs/bench.json`: between `<!-- bench:NAME -->` and `<!-- /bench -->`.

`python -m tests.bench.tables` makes them anew. What stands in braces is the name of a figure. A row of which no figure was
measured (a peer that is not installed) is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT
from tests.bench.figures import BUDGETS
from tests.bench.results import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGES = ("README.md", "docs/performance.md", "docs/deploying.md", "docs/scaling.md")
BLOCK = re.compile(r"(<!-- bench:([a-z-]+) -->\n)(.*?)(<!-- /bench -->)", re.DOTALL)
NAMED = re.compile(r"\{([^{}]+)\}")
MISSING = "not measured"
CROWD = "32 connections"
ALL_PARTS = (
    *("boot", "gather", "crowd", "erase", "recovery", "accept", "steady", "slow", "endurance", "drain", "memory"),
    *("notices", "workers", "burst"),
)
KINDS = ("silent", "half a header", "a header that drips", "half a body", "a body that drips")

TEMPLATES: Mapping[str, str] = {
    "summary": """
| what | measured |
|---|---|
| webhooks a second that one web process on one core stores durably and answers, bodies of 10 kB, Postgres | {accepts, postgres, 32 connections} |
| p99 at 800 a second, each timed from its planned moment | {800 a second, postgres: p99} ms |
| a burst of {burst: a second in the burst} a second over {burst: shops} shops: slowest answer; backlog drained after | {burst: slowest accept} ms; {burst: drained after the burst} s |
| an access package of a customer with 1,000 orders, 100 ms for each call to Shopify | {gather 1,000 orders, 100 ms: time} s |
| access requests a minute, one worker, Postgres | {access requests, 10 orders each, postgres} |
| memory of web + worker + clock, idle | {idle memory: web process} + {idle memory: worker} + {idle memory: clock} MB |
""",
    "accepts": f"""
| | Postgres | SQLite |
|---|---|---|
| accepts a second, {CROWD} | {{accepts, postgres, {CROWD}}} | {{accepts, sqlite, {CROWD}}} |
| p50, {CROWD} | {{accepts, postgres, {CROWD}: p50}} ms | {{accepts, sqlite, {CROWD}: p50}} ms |
| p99, {CROWD} | {{accepts, postgres, {CROWD}: p99}} ms | {{accepts, sqlite, {CROWD}: p99}} ms |
| the bound: accepts a second | {{accepts, postgres, {CROWD}: the bound}} | {{accepts, sqlite, {CROWD}: the bound}} |
| of the bound | {{accepts, postgres, {CROWD}: of the bound}} | {{accepts, sqlite, {CROWD}: of the bound}} |
| p99 of the bound's | {{accepts, postgres, {CROWD}: p99 of the bound's}} | {{accepts, sqlite, {CROWD}: p99 of the bound's}} |
| the Node peer: accepts a second | {{accepts, postgres, {CROWD}: the Node peer}} | |
| of the Node peer | {{accepts, postgres, {CROWD}: of the Node peer}} | |
| p99 of the Node peer's | {{accepts, postgres, {CROWD}: p99 of the Node peer's}} | |
| one connection alone: p50 | {{accepts, postgres, one alone: p50}} ms | {{accepts, sqlite, one alone: p50}} ms |
| one connection alone: p99 | {{accepts, postgres, one alone: p99}} ms | {{accepts, sqlite, one alone: p99}} ms |
""",
    "steady": """
| 800 a second, Postgres | p50 | p99 |
|---|---|---|
| the bridge | {800 a second, postgres: p50} ms | {800 a second, postgres: p99} ms |
| the bound | {800 a second, postgres, bound: p50} ms | {800 a second, postgres, bound: p99} ms |
| the Node peer | {800 a second, postgres, node: p50} ms | {800 a second, postgres, node: p99} ms |
| slowest of the bridge; not answered 200 | {800 a second, postgres: slowest} ms | {800 a second, postgres: not answered 200} |
| the client's own delay | | {800 a second, postgres: p99 of the client's own delay} ms |
""",
    "slow": "\n| 300 connections that send | p99 of another client | of that without them | refused or lost |\n|---|---|---|---|\n"
    + "".join(
        f"| {kind} | {{beside 300 connections, {kind}: p99}} ms | {{beside 300 connections, {kind}: p99 of that without}} "
        f"| {{beside 300 connections, {kind}: refused or lost}} |\n"
        for kind in KINDS
    ),
    "processor": """
| processor time of a webhook, µs | event loop | other threads (server, commits) |
|---|---|---|
| the bridge, Postgres | {processor, postgres, ours: event loop} | {processor, postgres, ours: other threads} |
| the bridge, SQLite | {processor, sqlite, ours: event loop} | {processor, sqlite, ours: other threads} |
| the bound, Postgres | {processor, postgres, bound: event loop} | {processor, postgres, bound: other threads} |
| the Node peer, Postgres | {processor, postgres, node: event loop} | {processor, postgres, node: other threads} |
""",
    "burst": """
| {burst: shops} shops, {burst: webhooks sent} webhooks, {burst: seconds of the burst} s of {burst: a second in the burst} a second instead of {burst: a second before and after} | |
|---|---|
| slowest accept | {burst: slowest accept} ms |
| p50 / p99 of accepts | {burst: accept: p50} / {burst: accept: p99} ms |
| not answered 200 | {burst: not answered 200} |
| most that waited for the worker | {burst: largest backlog} |
| drained after the end of the burst | {burst: drained after the burst} s |
| privacy requests among them | {burst: privacy requests} |
| most memory (PSS): web / worker / clock | {burst: memory at most: web} / {burst: memory at most: worker} / {burst: memory at most: clock} MB |
""",
    "measured": """
| what | measured | budget |
|---|---|---|
| Shopify calls for a customer with 1,000 orders | {gather 1,000 orders, 100 ms: calls} | [gather 1,000 orders, 100 ms: calls] |
| the same from webhook to sealed package, 100 ms for each call, one worker | {gather 1,000 orders, 100 ms: time} s | [gather 1,000 orders, 100 ms: time] s |
| 100 orders, 100 ms for each call | {gather 100 orders, 100 ms: calls} calls, {gather 100 orders, 100 ms: time} s | |
| 10 orders, 100 ms for each call | {gather 10 orders, 100 ms: calls} calls, {gather 10 orders, 100 ms: time} s | |
| a customer with 5,000 orders | {5,000 orders: calls} calls, {5,000 orders: time} s, peak {5,000 orders: peak of the work-horse} MB | [5,000 orders: peak of the work-horse] MB |
| access requests a minute, 10 orders each, one worker, SQLite / Postgres | {access requests, 10 orders each, sqlite} / {access requests, 10 orders each, postgres} | [access requests, 10 orders each, postgres] |
| erasure of a customer with 100 orders | {erase 100 orders: time} s | [erase 100 orders: time] s |
| kill -9 of the worker in mid-gather, until the request is closed | {kill -9 in mid-gather: time to closed} s, {kill -9 in mid-gather: pages asked again} pages asked again | [kill -9 in mid-gather: time to closed] s |
| webhooks a second accepted by one web process, 32 connections, 10 kB each, SQLite / Postgres ([more](performance.md)) | {accepts, sqlite, 32 connections} / {accepts, postgres, 32 connections} | |
| the same: p99 | {accepts, sqlite, 32 connections: p99} / {accepts, postgres, 32 connections: p99} ms | |
| boot of web until healthy | {boot of web to healthy} s | [boot of web to healthy] s |
| boot of web, worker and clock at once | {boot of web, worker and clock at once} s | |
| idle memory (PSS): server of web / each web process / worker / clock | {idle memory: web master} / {idle memory: web process} / {idle memory: worker} / {idle memory: clock} MB | [idle memory: web process] MB |
| the same as RSS, which counts shared pages for each | {idle memory: web master, RSS} / {idle memory: web process, RSS} / {idle memory: worker, RSS} / {idle memory: clock, RSS} MB | |
| memory (RSS) of the web process after 10,000 and after 100,000 webhooks more | {web process after 10,000 webhooks} / {web process after 110,000 webhooks} MB | |
| runtime packages | {runtime packages} | [runtime packages] |
| 500 people with 10,000 parcels and as many sealed invoices erased: two carriers told by letter, answered over the page, SQLite | {10,000 parcels of 500 people: instructed and answered} s, {10,000 parcels of 500 people: letters} letters, {10,000 parcels of 500 people: calls to carriers} calls to carriers | |
""",
    "one-set": """
| one web process, one worker, one clock | measured |
|---|---|
| webhooks accepted a second, {CROWD} | {accepts, postgres, 32 connections} |
| webhooks indexed a second, all of one shop | {drain, one shop} |
| webhooks indexed a second, three of each of 1,000 shops | {drain, 1,000 shops} |
| access requests a minute, 10 orders each | {access requests, 10 orders each, postgres} |
| memory (PSS) in the burst: web / worker / clock | {burst: memory at most: web} / {burst: memory at most: worker} / {burst: memory at most: clock} MB |
| memory of a worker with a customer of 5,000 orders | {5,000 orders: peak of the work-horse} MB |
""".replace("{CROWD}", CROWD),
}
LIMIT = re.compile(r"\[([^\][]+)\](?!\()")


class Results:
    """The figures by name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.parts = document["parts"]
        figures = (figure for part in self.parts.values() for figure in part["figures"])
        self.values: dict[str, float | None] = {figure["measure"]: figure["value"] for figure in figures}

    def show(self, measure: str) -> str:
        value = self.values.get(measure)
        return MISSING if value is None else show_number(value)


def show_number(value: float) -> str:
    """As many digits as a measurement deserves."""
    digits = 0 if abs(value) >= 20 or value == int(value) else 1 if abs(value) >= 3 else 2
    return f"{value:,.{digits}f}"


def make_block(name: str, results: Results) -> str:
    """The lines of a block. Raises KeyError for one that nobody knows."""
    if name == "machine":
        return "\n".join(["", *_describe_runs(results), ""]) + "\n"
    filled = (_fill(line, results) for line in TEMPLATES[name].strip().splitlines())
    lines = [line for line in filled if line is not None]
    is_empty = sum(not set(line) <= set("|- ") for line in lines) <= 1  # a head without rows
    return "\n".join(["", *(["Not measured yet."] if is_empty else lines), ""]) + "\n"


def _fill(line: str, results: Results) -> str | None:
    """A line with its figures and budgets; None where it has figures and none was measured."""
    names = NAMED.findall(line)
    if names and all(results.show(name) == MISSING for name in names):
        return None
    line = LIMIT.sub(lambda found: _show_budget(found[1]) or found[0], line)
    return NAMED.sub(lambda found: results.show(found[1]), line)


def _show_budget(measure: str) -> str:
    if measure not in BUDGETS:
        return ""
    how, limit = BUDGETS[measure]
    return f"{ {'<=': '≤', '>=': '≥'}[how] } {limit:g}"


def _describe_runs(results: Results) -> Iterator[str]:
    """When, where and with what: one line for each machine, day and set of versions."""
    runs: dict[str, list[str]] = {}
    for name, part in results.parts.items():
        machine, versions = part["machine"], part["versions"]
        about = (
            f"{part['date']}, {machine['cores']} shared cores of {machine['processor']}, {machine['memory_gb']} GB, {machine['system']}; "
            + ", ".join(f"{library} {number}" for library, number in versions.items())
        )
        if part["beside_others"]:
            about += "; while others used the machine: its own figures are better"
        runs.setdefault(about, []).append(name)
    for about, parts in runs.items():
        named = "Measured" if len(runs) == 1 else f"Measured ({', '.join(sorted(parts))})"
        yield f"{named}: {about}."
    if missing := sorted({*ALL_PARTS} - results.parts.keys()):
        yield f"Not measured yet: {', '.join(missing)}."


def render_page(text: str, results: Results) -> str:
    """The page with its blocks made anew."""
    return BLOCK.sub(lambda found: found[1] + make_block(found[2], results) + found[4], text)


def write_pages(results: Results) -> None:
    for page in PAGES:
        path = ROOT / page
        path.write_text(render_page(path.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Results(read_document()))
