"""How commands are declared and found: each one takes `--json`, and each file of a folder holds at most one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from bridge.cli.options import refuse_repeated_values
from config.env_parsers import parse_operator_name

JSON_FLAG, OPERATOR_KEY = "bridge.json", "bridge.operator"  # keys in the metadata of the click context


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


class JsonCommand(click.Command):
    """A command that takes `--json` and `--as`. `printing.show` and the command's context obey them."""

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


def json_command(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command that takes `--json`. By default it is named like its function."""
    return click.command(name, cls=JsonCommand, **attributes)


def is_json_wanted() -> bool:
    """Return whether the running command was given `--json`."""
    return bool(click.get_current_context().meta[JSON_FLAG])


def get_stated_operator() -> str:
    """Return the name that the running command was given with `--as`; '' where it was not."""
    context = click.get_current_context(silent=True)
    return str(context.meta.get(OPERATOR_KEY) or "") if context else ""


def find_commands(package: str, path: Iterable[str]) -> CommandFolder:
    """Return the commands and groups that the modules directly in a package define, by name."""
    return CommandFolder(package, path)


class CommandFolder(MutableMapping[str, click.Command]):
    """The commands of a package. A command whose file is called like it is found without importing the others."""

    def __init__(self, package: str, path: Iterable[str]) -> None:
        self._package = package
        self._modules = [found.name for found in iter_modules(path)]
        self._found: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """Return a command. Raises KeyError."""
        if name not in self._found:
            module = name.replace("-", "_")
            self._import_commands([found for found in (module, f"{module}_") if found in self._modules])
        if name not in self._found:
            self._import_commands(self._modules)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all commands."""
        self._import_commands(self._modules)
        return iter(self._found)

    def __len__(self) -> int:
        """Return the number of all commands."""
        return len(list(iter(self)))

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add a command under a name of its own."""
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        """Remove a command."""
        del self._found[name]

    def _import_commands(self, modules: Iterable[str]) -> None:
        for name in modules:
            module = import_module(f"{self._package}.{name}")
            for value in vars(module).values():
                if isinstance(value, click.Command) and value.callback and value.callback.__module__ == module.__name__:
                    self._found[value.name or name] = value
