"""The command line: `python -m bridge …`. Reads and changes the database; never serves HTTP or runs jobs.

Exit 0: done. Exit 1: a check or an item failed. Exit 2: wrong usage. With `--json`, stdout is one JSON document.
"""

from __future__ import annotations

import sys

import click

from bridge import __version__
from bridge.cli.demo import demo
from bridge.cli.doctor import doctor
from bridge.cli.dsr import dsr
from bridge.cli.evidence import evidence
from bridge.cli.hold import hold
from bridge.cli.inbox import inbox
from bridge.cli.keys import keys
from bridge.cli.law import law
from bridge.cli.migrate import migrate
from bridge.cli.notice import notice
from bridge.cli.processors import processors
from bridge.cli.refund import refund
from bridge.cli.restore_check import restore_check
from bridge.cli.review import review
from bridge.cli.sandbox import sandbox
from bridge.cli.send import send
from bridge.cli.serve import serve
from bridge.cli.token import token
from bridge.cli.vault import vault
from bridge.errors import BridgeError, SettingsInvalid


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bridge")
def commands() -> None:
    """The Shopify compliance bridge.

    It answers Shopify's privacy webhooks with access packages and proven erasures. README.md says how to deploy it.
    """


for command in (
    send,
    doctor,
    inbox,
    dsr,
    notice,
    vault,
    refund,
    review,
    hold,
    evidence,
    law,
    processors,
    migrate,
    token,
    keys,
    restore_check,
    demo,
    serve,
    sandbox,
):
    commands.add_command(command)


def main() -> None:
    """Run one command. A BridgeError is printed on stderr, and the exit code is 1."""
    try:
        commands(prog_name="python -m bridge")
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The settings are not valid:", *(f"  {fault}" for fault in invalid.faults)]))
    except BridgeError as fault:
        sys.exit(f"{type(fault).__name__}: {fault}")
