"""`evidence export`: write the chain and its signed heads to files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.evidence.heads import signed_head_rows
from bridge.cli.options import FILE_TYPE
from bridge.cli.output_files import FORCE_OPTION, open_private_file
from bridge.cli.printing import show
from bridge.cli.shared.progress import show_progress
from bridge.model import Fact

OUT_HELP = "File to write. The signed heads go to a second file of this name with `.heads.json` appended."


@json_command(example="evidence export --out facts.jsonl")
@click.option("--out", "target", required=True, type=FILE_TYPE, help=OUT_HELP)
@FORCE_OPTION
def export(target: Path, force: bool) -> None:
    """Write the chain as JSON lines, and its signed heads to a second file. This is recorded as evidence."""
    heads_file = target.with_name(target.name + ".heads.json")
    with open_command_context() as context, context.store.transaction() as tx:
        tx.evidence.append_fact(Fact.EVIDENCE_EXPORTED, shop="", actor=context.operator, what="chain")
        count = 0
        with (
            open_private_file(target, force=force) as out,
            open_private_file(heads_file, force=force) as heads_out,
            show_progress("Writing facts") as update,
        ):
            for fact in tx.evidence.iterate_facts():
                out.write((json.dumps(asdict(fact) | {"at": fact.at.isoformat()}) + "\n").encode())
                count += 1
                update(count)
            heads = signed_head_rows(tx.signed_heads.list_signed_heads())
            heads_out.write((json.dumps(heads, indent=2) + "\n").encode())
    shown = {"file": str(target), "rows": count, "heads_file": str(heads_file), "heads": len(heads)}
    show(shown, f"Wrote {count} facts to {target} and {len(heads)} signed heads to {heads_file}.")
