"""`evidence export`: write the chain and its signed heads to files."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.evidence.heads import signed_head_rows
from bridge.cli.files.output_files import FORCE_OPTION, OUTPUT_FILE, STDOUT, open_output
from bridge.cli.printing import show
from bridge.cli.shared.progress import show_progress
from bridge.model import Fact

OUT_HELP = (
    "File to write, or - for stdout. The signed heads go to a second file of this name with `.heads.json` appended; "
    "beside stdout they go nowhere, and `evidence heads --json` prints them."
)


@json_command(example="evidence export --out facts.jsonl\nevidence export --out -")
@click.option("--out", "target", required=True, type=OUTPUT_FILE, help=OUT_HELP)
@FORCE_OPTION
def export(target: Path, force: bool) -> None:
    """Write the chain as JSON lines, and its signed heads to a second file. This is recorded as evidence."""
    heads_file = None if target == STDOUT else target.with_name(target.name + ".heads.json")
    with open_command_context() as context, ExitStack() as outputs:
        out = outputs.enter_context(open_output(target, force=force))
        heads_out = outputs.enter_context(open_output(heads_file, force=force)) if heads_file else None
        with context.store.transaction() as tx:
            exported = tx.evidence.append_fact(Fact.EVIDENCE_EXPORTED, shop="", actor=context.operator, what="chain")
        with context.store.read() as tx, show_progress("Writing facts") as update:  # whoever reads stdout may be slow
            for fact in takewhile(lambda fact: fact.seq <= exported.seq, tx.evidence.iterate_facts()):
                out.write((json.dumps(asdict(fact) | {"at": fact.at.isoformat()}) + "\n").encode())
                update(fact.seq)
            heads = signed_head_rows(tx.signed_heads.list_signed_heads())
        if heads_out:
            heads_out.write((json.dumps(heads, indent=2) + "\n").encode())
    shown = {"file": str(target), "rows": exported.seq, "heads_file": str(heads_file or ""), "heads": len(heads)}
    beside = f" and {len(heads)} signed heads to {heads_file}" if heads_file else ""
    show(shown, f"Wrote {exported.seq} facts to {target}{beside}.", err=target == STDOUT)
