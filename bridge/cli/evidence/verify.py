"""`evidence verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.printing import print_json
from bridge.errors import EvidenceBroken


@click.command()
@click.option(
    "--heads",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Signed heads that you kept elsewhere: a file of `evidence heads --json`, or a head of a bundle.",
)
@JSON_OPTION
def verify(files: tuple[Path, ...], as_json: bool) -> None:
    """Check every row of the chain and every signed head. Exit 1 names the first bad row.

    With --heads, against heads that you kept out of everybody's reach too: whoever made the chain anew could make
    the database's own heads anew as well, but not yours.
    """
    marks = [mark for file in files for mark in _read_given_heads(file)]
    with open_command_context() as at, at.store.transaction() as tx:
        try:
            rows = tx.evidence.verify_chain(marks)
        except EvidenceBroken as fault:
            if as_json:
                print_json({"ok": False, "first_bad_seq": fault.seq, "why": str(fault)})
            else:
                click.echo(f"BROKEN: {fault}", err=True)
            sys.exit(1)
        _, head = tx.evidence.read_head()
        signed = tx.signed_heads.list_signed_heads()
        vault = at.store.keyring
    told = {
        "ok": True,
        "rows": rows,
        "head": head,
        "head_signature": vault.sign(head.encode()),
        "public_key": vault.public_key,
        "signed_heads": len(signed),
        "timestamped_heads": sum(head.anchored_at is not None for head in signed),
        "heads_of_other_keys": sum(head.public_key != vault.public_key for head in signed),
        "heads_given": len(marks),
    }
    if as_json:
        print_json(told)
        return
    click.echo(f"The chain holds: {rows} facts, head {head}.")
    click.echo(
        f"Signed heads: {len(signed)}, with a timestamp: {told['timestamped_heads']}, "
        f"of another key: {told['heads_of_other_keys']}, given by you: {len(marks)}."
    )


def _read_given_heads(file: Path) -> list[tuple[int, str]]:
    """What heads in a file say: (sequence number, hash)."""
    try:
        given = json.loads(file.read_bytes())
        rows = given if isinstance(given, list) else [given]
        return [(int(row["seq"]), str(row["hash"])) for row in rows]
    except OSError as fault:
        raise click.UsageError(f"{file} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise click.UsageError(
            f"{file} holds no signed heads: give what `evidence heads --json` wrote"
        ) from None
