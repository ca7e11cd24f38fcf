"""`completion`: print what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bridge.cli.command import json_command
from bridge.cli.printing import show
from bridge.cli.shared.failures import CommandFailed

SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "bridge", "_BRIDGE_COMPLETE"  # what Click derives from the program's name


@json_command(
    example="completion bash > ~/.local/share/bash-completion/completions/bridge\n"
    "completion zsh > ~/.zfunc/_bridge\n"
    "completion fish > ~/.config/fish/completions/bridge.fish"
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of a shell. `bridge` must be on PATH: it is bin/bridge of this repository."""
    kind = get_completion_class(shell)
    if kind is None:
        raise CommandFailed(f"Click completes nothing for {shell}.")
    found = kind(click.get_current_context().find_root().command, {}, PROGRAM, VARIABLE)
    script = (found.source_template % found.source_vars()).rstrip()
    show({"shell": shell, "script": script}, script)
