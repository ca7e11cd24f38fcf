"""`evidence export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.evidence.heads import listed
from bridge.cli.printing import emit
from bridge.model import Fact


@click.command()
@click.option(
    "--out",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; the signed heads go beside it, with `.heads.json` at the end.",
)
@AS_JSON
def export(target: Path, as_json: bool) -> None:
    """Write the whole chain as JSON lines, and its signed heads beside it. This is recorded as evidence."""
    beside = target.with_name(target.name + ".heads.json")
    with desk() as at, at.store.transaction() as tx:
        tx.evidence.append(Fact.EVIDENCE_EXPORTED, shop="", actor=operator(), what="chain")
        rows = 0
        with target.open("w", encoding="utf-8") as out:
            for event in tx.evidence.all():
                out.write(json.dumps(asdict(event) | {"at": event.at.isoformat()}) + "\n")
                rows += 1
        heads = listed(tx.heads.all())
        beside.write_text(json.dumps(heads, indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit({"file": str(target), "rows": rows, "heads_file": str(beside), "heads": len(heads)})
    else:
        click.echo(f"Wrote {rows} facts to {target} and {len(heads)} signed heads to {beside}.")
