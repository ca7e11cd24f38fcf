"""The operator's hands: `python -m bridge …`. Reads and changes the database; never serves, never works a queue.

Exit 0 done, 1 a check or an item failed, 2 wrong usage. With `--json` one JSON document is on stdout and
nothing else.
"""

from __future__ import annotations

import sys

import click

from bridge import __version__
from bridge.cli import (
    development,
    doctor,
    dsr,
    evidence,
    hold,
    inbox,
    keys,
    law,
    migrate,
    notice,
    processors,
    refund,
    restore_check,
    review,
    send,
    token,
    vault,
)
from bridge.errors import BridgeError, SettingsInvalid


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bridge")
def commands() -> None:
    """The Shopify compliance bridge.

    Privacy webhooks in; access packages and proven erasures out. Deploying and replaying: see README.md.
    """


for command in (
    send.send,
    doctor.doctor,
    inbox.inbox,
    dsr.dsr,
    notice.notice,
    vault.vault,
    refund.refund,
    review.review,
    hold.hold,
    evidence.evidence,
    law.law,
    processors.processors,
    migrate.migrate,
    token.token,
    keys.keys,
    restore_check.restore_check,
    development.demo,
    development.serve,
    development.sandbox,
):
    commands.add_command(command)


def main() -> None:
    """Run one command; a fault is told in words on stderr."""
    try:
        commands(prog_name="python -m bridge")
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The settings are not valid:", *(f"  {fault}" for fault in invalid.faults)]))
    except BridgeError as fault:
        sys.exit(f"{type(fault).__name__}: {fault}")
