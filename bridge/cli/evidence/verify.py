"""`evidence verify`: check the chain and its signed heads."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import FILE_TYPE
from bridge.cli.printing import show, warn
from bridge.cli.shared.progress import show_progress
from bridge.connectors.timestamp_authority import TimestampVerifier
from bridge.errors import EvidenceBroken

HEADS_HELP = "Signed heads that you kept elsewhere: a file written by `evidence heads --json`, or a head of a bundle."


@json_command(example="evidence verify\nevidence verify --heads heads.json")
@click.option("--heads", "files", multiple=True, type=FILE_TYPE, help=HEADS_HELP)
def verify(files: tuple[Path, ...]) -> None:
    """Check every fact of the chain, every signed head and its timestamp. Exit 1 names the first bad fact.

    Timestamps are verified where BRIDGE_TSA_ROOT_FILE is set. Exit 1 names the days of those that are not signed by an
    authority of it.

    --heads also checks the chain against heads that you kept elsewhere: whoever rewrites the chain can rewrite the
    heads in the database, but not yours.
    """
    given_heads = [head for file in files for head in _read_given_heads(file)]
    with open_command_context() as context, context.store.transaction() as tx, show_progress("Checking the chain"):
        try:
            rows = tx.evidence.verify_chain(given_heads)
        except EvidenceBroken as fault:
            broken = {"ok": False, "first_bad_seq": fault.seq, "why": str(fault)}
            show(broken, lambda _: None)
            exit_with_error(f"BROKEN: {fault}")
        _, head = tx.evidence.read_head()
        signed = tx.signed_heads.list_signed_heads()
        keyring = context.store.keyring
        verifier = TimestampVerifier(context.configuration.settings.tsa_roots)
    timestamped = [each for each in signed if each.anchored_at]
    unverified = verifier.find_unverified_heads(timestamped) if verifier.has_roots else []
    show(
        {
            "ok": not unverified,
            "rows": rows,
            "head": head,
            "head_signature": keyring.sign(head.encode()),
            "public_key": keyring.public_key,
            "signed_heads": len(signed),
            "timestamped_heads": len(timestamped),
            "verified_timestamps": len(timestamped) - len(unverified) if verifier.has_roots else None,
            "bad_timestamps": [each.day.isoformat() for each in unverified],
            "heads_of_other_keys": sum(each.public_key != keyring.public_key for each in signed),
            "heads_given": len(given_heads),
        },
        _print_verified,
    )
    sys.exit(1 if unverified else 0)


def _print_verified(result: Mapping[str, Any]) -> None:
    click.echo(f"The chain is unbroken: {result['rows']} facts, head {result['head']}.")
    click.echo(
        f"Signed heads: {result['signed_heads']}, with a timestamp: {result['timestamped_heads']},"
        f" of another key: {result['heads_of_other_keys']}, given by you: {result['heads_given']}."
    )
    if result["verified_timestamps"] is not None:
        click.echo(f"Timestamps with a verified signature: {result['verified_timestamps']}.")
    elif result["timestamped_heads"]:
        click.echo("The signatures of the timestamps were not verified: BRIDGE_TSA_ROOT_FILE is not set.")
    if result["bad_timestamps"]:
        warn(f"BROKEN: not signed by an authority of BRIDGE_TSA_ROOT_FILE: {', '.join(result['bad_timestamps'])}")


def _read_given_heads(file: Path) -> list[tuple[int, str]]:
    """Return the heads in a file as (sequence number, hash). Raises UsageError."""
    try:
        given = json.loads(file.read_bytes())
        rows = given if isinstance(given, list) else [given]
        return [(int(row["seq"]), str(row["hash"])) for row in rows]
    except OSError as fault:
        raise click.UsageError(f"{file} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        advice = "give a file written by `evidence heads --json`"
        raise click.UsageError(f"{file} holds no signed heads: {advice}") from None
