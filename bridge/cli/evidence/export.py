"""`evidence export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.evidence.heads import signed_head_rows
from bridge.cli.printing import print_json
from bridge.model import Fact


@click.command()
@click.option(
    "--out",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; the signed heads go beside it, with `.heads.json` at the end.",
)
@JSON_OPTION
def export(target: Path, as_json: bool) -> None:
    """Write the whole chain as JSON lines, and its signed heads beside it. This is recorded as evidence."""
    beside = target.with_name(target.name + ".heads.json")
    with open_command_context() as at, at.store.transaction() as tx:
        tx.evidence.append_fact(Fact.EVIDENCE_EXPORTED, shop="", actor=get_operator(), what="chain")
        rows = 0
        with target.open("w", encoding="utf-8") as out:
            for event in tx.evidence.iterate_facts():
                out.write(json.dumps(asdict(event) | {"at": event.at.isoformat()}) + "\n")
                rows += 1
        heads = signed_head_rows(tx.signed_heads.list_signed_heads())
        beside.write_text(json.dumps(heads, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json({"file": str(target), "rows": rows, "heads_file": str(beside), "heads": len(heads)})
    else:
        click.echo(f"Wrote {rows} facts to {target} and {len(heads)} signed heads to {beside}.")
