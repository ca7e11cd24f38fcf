"""The command line: `bridge …`. Reads and changes the database; never serves HTTP or runs jobs.

Exit 0: done. Exit 1: a check or an item failed. Exit 2: wrong usage. With `--json`, stdout is one JSON document.
"""

from __future__ import annotations

import gc
import sys

import click

from bridge import __version__
from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group
from bridge.cli.shared.failures import run_and_exit

SECTIONS = {  # who needs what
    "Requests": ("dsr", "letter", "mail", "inbox", "notice", "review"),
    "Privacy officer": (
        "consent",
        "nomination",
        "incident",
        "disclosure",
        "hold",
        "vault",
        "refund",
        "evidence",
        "law",
        "processors",
    ),
    "Operations": (
        "status",
        "doctor",
        "init",
        "shopify-app",
        "migrate",
        "backfill",
        "reconcile",
        "restore-check",
        "shop",
        "user",
        "completion",
    ),
    "Keys": ("keys", "token"),
    "Development": ("demo", "serve", "sandbox", "send"),
}


@command_group(
    find_commands(__name__, __path__), sections=SECTIONS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="bridge")
def commands() -> None:
    """The Shopify compliance bridge.

    It answers Shopify's privacy webhooks with access packages and proven erasures. README.md says how to deploy it.
    """


def main() -> None:
    """Run one command. The exit code is 1 where it failed, and 2 for wrong usage; stderr says why."""
    gc.disable()  # imports make many objects and leave none to collect; `BridgeCommand.invoke` enables it again
    try:
        run_and_exit(lambda: commands.main(prog_name="bridge", standalone_mode=False), as_json="--json" in sys.argv[1:])
    finally:
        gc.enable()
