"""How commands are declared and found: each one takes `--json`, and each file of a folder holds at most one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from bridge.cli.options import refuse_repeated_values

JSON_FLAG = "bridge.json"  # key in the metadata of the click context


class JsonCommand(click.Command):
    """A command that takes `--json`. `printing.show` obeys it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless a free text of it repeats an identifier of the person."""
        refuse_repeated_values(ctx)
        return super().invoke(ctx)

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


def json_command(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command that takes `--json`. By default it is named like its function."""
    return click.command(name, cls=JsonCommand, **attributes)


def is_json_wanted() -> bool:
    """Return whether the running command was given `--json`."""
    return bool(click.get_current_context().meta[JSON_FLAG])


def find_commands(package: str, path: Iterable[str]) -> list[click.Command]:
    """Return the commands and groups that the modules directly in a package define."""
    modules = [import_module(found.name) for found in iter_modules(path, f"{package}.")]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, click.Command) and value.callback and value.callback.__module__ == module.__name__
    ]
