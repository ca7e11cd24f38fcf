"""The command line: `python -m bridge …`. Reads and changes the database; never serves HTTP or runs jobs.

Exit 0: done. Exit 1: a check or an item failed. Exit 2: wrong usage. With `--json`, stdout is one JSON document.
"""

from __future__ import annotations

import sys

import click

from bridge import __version__
from bridge.cli.command import find_commands
from bridge.errors import BridgeError, PersonalTextRefused, SettingsInvalid


@click.group(
    commands=find_commands(__name__, __path__),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bridge")
def commands() -> None:
    """The Shopify compliance bridge.

    It answers Shopify's privacy webhooks with access packages and proven erasures. README.md says how to deploy it.
    """


def main() -> None:
    """Run one command. A BridgeError is printed on stderr; the exit code is 1, and 2 for a text that names a person."""
    try:
        commands(prog_name="python -m bridge")
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The settings are not valid:", *(f"  {fault}" for fault in invalid.faults)]))
    except PersonalTextRefused as refused:
        click.echo(f"Error: {refused}.", err=True)
        sys.exit(2)
    except OSError as fault:  # such as a full disk behind stdout; click ends quietly where nobody reads a pipe any more
        sys.exit(f"{fault.filename or 'stdin or stdout'}: {fault.strerror or type(fault).__name__}")
    except BridgeError as fault:
        sys.exit(f"{type(fault).__name__}: {fault}")
