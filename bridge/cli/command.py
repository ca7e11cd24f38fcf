"""How commands are declared and found: each one takes `--json`, and each file of a folder holds at most one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
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
