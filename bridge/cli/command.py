"""How commands are declared and found: one file holds at most one, and each takes what all have in common."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable
from textwrap import indent
from typing import Any

import click

from bridge.cli.options import refuse_repeated_values
from bridge.cli.shared.command_group import CommandFolder
from bridge.cli.shared.confirmation import DRY_RUN_FLAG, Asks, add_confirmation, confirm_or_stop
from config.env_parsers import parse_operator_name

JSON_FLAG, OPERATOR_KEY = "bridge.json", "bridge.operator"  # keys in the metadata of the click context
MAX_METAVAR_CHARS, MAX_LINE_CHARS = 30, 74


class OperatorName(click.ParamType[str]):
    """The name of the operator, as evidence keeps it."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Raises BadParameter."""
        try:
            return parse_operator_name(str(value))
        except ValueError as fault:
            self.fail(f"it {fault}", param, ctx)


OPERATOR = OperatorName()


class BridgeCommand(click.Command):
    """A command with examples in its help. One that cannot be undone asks first, or takes `--yes` and `--dry-run`.

    `example` holds lines as they are typed after `bridge`. `irreversible` says what cannot be undone, '' where all can;
    `asks` decides by the values of the parameters whether it is so this time.
    """

    def __init__(
        self, *arguments: Any, example: str = "", irreversible: str = "", asks: Asks | None = None, **attributes: Any
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.examples = tuple(line.strip() for line in example.strip().splitlines())
        self.irreversible, self._asks = irreversible, asks
        if irreversible:
            add_confirmation(self)
        for parameter in self.params:
            _name_long_choice(parameter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless a free text of it repeats an identifier of the person, or nobody says yes."""
        gc.freeze()  # what was imported stays: neither this command nor the end of its process looks at it for garbage
        gc.enable()
        refuse_repeated_values(ctx)
        if self.irreversible and (self._asks is None or self._asks(ctx.params)):
            confirm_or_stop(ctx, self.irreversible)
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, and the epilog."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(indent(fold_command_line(f"bridge {line}"), " " * formatter.current_indent) + "\n")
        super().format_epilog(ctx, formatter)


class JsonCommand(BridgeCommand):
    """A command that takes `--json`. `printing.show` obeys it."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                callback=lambda context, _, flag: context.meta.update({JSON_FLAG: flag}),
                help="Print one JSON document on stdout.",
            )
        )
        self.params.append(
            click.Option(
                ["--as"],
                type=OPERATOR,
                expose_value=False,
                metavar="NAME",
                callback=lambda context, _, name: context.meta.update({OPERATOR_KEY: name}),
                help="Who does this, as evidence names you. [default: BRIDGE_OPERATOR, or the account]",
            )
        )


def fold_command_line(line: str) -> str:
    """Return a line that can be typed in several, each with room for an indent at 80 columns."""
    lines, current = [], ""
    for part in re.split(r" (?=--|[<>] )", line):
        if current and len(f"{current} {part}") > MAX_LINE_CHARS:
            lines.append(f"{current} \\")
            current = f"  {part}"
        else:
            current = f"{current} {part}".lstrip() if not current.startswith("  ") else f"{current} {part}"
    return "\n".join([*lines, current])


def _name_long_choice(parameter: click.Parameter) -> None:
    """Let the help of an option with many choices list them in its text: the column of the options is not wrapped."""
    if isinstance(parameter, click.Option) and isinstance(parameter.type, click.Choice) and not parameter.metavar:
        choices = [str(each) for each in parameter.type.choices]
        if len("|".join(choices)) > MAX_METAVAR_CHARS:
            parameter.metavar = max(parameter.opts, key=len).lstrip("-").replace("-", "_").upper()
            parameter.help = f"{parameter.help or ''} One of: {', '.join(choices)}.".strip()


def json_command(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command that takes `--json`. By default it is named like its function."""
    return click.command(name, cls=JsonCommand, **attributes)


def story_command(**attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command that runs a program until it ends and has no document to print."""
    return click.command(cls=BridgeCommand, **attributes)


def is_json_wanted() -> bool:
    """Return whether the running command was given `--json`."""
    return bool(click.get_current_context().meta.get(JSON_FLAG))


def get_stated_operator() -> str:
    """Return the name that the running command was given with `--as`; '' where it was not."""
    context = click.get_current_context(silent=True)
    return str(context.meta.get(OPERATOR_KEY) or "") if context else ""


def is_dry_run() -> bool:
    """Return whether the running command was given the `--dry-run` of all commands that cannot be undone."""
    return bool(click.get_current_context().meta.get(DRY_RUN_FLAG))


def find_commands(package: str, path: Iterable[str], also: CommandFolder | None = None) -> CommandFolder:
    """Return the commands and groups that the modules directly in a package define, by name."""
    return CommandFolder(package, path, also)
