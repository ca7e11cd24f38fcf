"""`evidence sign-head`: sign the head of the chain now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.evidence.heads import signed_head_rows
from bridge.cli.printing import show
from bridge.cli.shared.dates import format_time
from bridge.steps.evidence.sign_head import sign_head_now


@json_command("sign-head", example="evidence sign-head --json")
def sign_head() -> None:
    """Sign the head of the chain now, for an auditor to keep. This is recorded as evidence.

    With --json it prints a file for `evidence verify --heads`. The hash is what `check.sh --head` of a bundle takes.
    Exit 1: there is no fact yet.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        zone = ZoneInfo(context.configuration.retention.timezone)
        signed = sign_head_now(tx, zone=zone, actor=context.operator)
        fingerprint = context.store.keyring.public_key_fingerprint
    if signed is None:
        exit_with_error("There is no fact yet: nothing to sign.")
    [row] = signed_head_rows([signed])
    show(row | {"key_sha256": fingerprint}, _print_head)


def _print_head(head: Mapping[str, Any]) -> None:
    click.echo(f"Signed row {head['seq']} at {format_time(datetime.fromisoformat(head['signed_at']))}.")
    for name in ("hash", "signature", "key_sha256"):
        click.echo(f"{name}: {head[name]}")
