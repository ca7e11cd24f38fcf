"""`evidence verify | export`: the whole chain."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.desk import AS_JSON, desk, operator
from bridge.cli.printing import emit
from bridge.errors import EvidenceBroken
from bridge.model import Fact


@click.group()
def evidence() -> None:
    """The append-only, hash-chained record of what was done."""


@evidence.command()
@AS_JSON
def verify(as_json: bool) -> None:
    """Check every row of the chain. Exit 1 names the first bad row."""
    with desk() as at, at.store.transaction() as tx:
        _, head = tx.evidence.head()
        try:
            rows = tx.evidence.verify()
        except EvidenceBroken as fault:
            if as_json:
                emit({"ok": False, "first_bad_seq": fault.seq, "why": str(fault)})
            else:
                click.echo(f"BROKEN: {fault}", err=True)
            sys.exit(1)
    told = {
        "ok": True,
        "rows": rows,
        "head": head,
        "head_signature": at.store.vault.sign(head.encode()),
        "public_key": at.store.vault.public_key,
    }
    if as_json:
        emit(told)
    else:
        click.echo(f"The chain holds: {rows} facts, head {head}.")


@evidence.command()
@click.option("--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path))
@AS_JSON
def export(target: Path, as_json: bool) -> None:
    """Write the whole chain as JSON lines. This is recorded as evidence."""
    with desk() as at, at.store.transaction() as tx:
        tx.evidence.append(Fact.EVIDENCE_EXPORTED, shop="", actor=operator())
        rows = 0
        with target.open("w", encoding="utf-8") as out:
            for event in tx.evidence.all():
                out.write(json.dumps(asdict(event) | {"at": event.at.isoformat()}) + "\n")
                rows += 1
    if as_json:
        emit({"file": str(target), "rows": rows})
    else:
        click.echo(f"Wrote {rows} facts to {target}.")
