"""Groups of commands, one command a file. To list them, or to complete their names, imports none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click
from click.shell_completion import CompletionItem

from bridge.cli.shared.summaries import read_summaries

OTHER_COMMANDS = "Commands"


class CommandFolder(MutableMapping[str, click.Command]):
    """The commands of a package. A command whose file is called like it is found without importing the others."""

    def __init__(self, package: str, path: Iterable[str], also: CommandFolder | None = None) -> None:
        folder = Path(next(iter(path)))
        self.modules: dict[str, tuple[str, Path]] = dict(also.modules) if also else {}
        for found in iter_modules([str(folder)]):
            file = folder / found.name / "__init__.py" if found.ispkg else folder / f"{found.name}.py"
            self.modules[found.name] = (f"{package}.{found.name}", file)
        self._found: dict[str, click.Command] = {}

    @cached_property
    def summaries(self) -> dict[str, str]:
        """Return the first sentence of each command's help by its name."""
        read = (read_summaries(file) for _, file in self.modules.values())
        return dict(sorted(item for summaries in read for item in summaries.items()))

    def __getitem__(self, name: str) -> click.Command:
        """Return a command. Raises KeyError."""
        if name not in self._found:
            module = name.replace("-", "_")
            self._import_commands([found for found in (module, f"{module}_") if found in self.modules])
        if name not in self._found:
            self._import_commands(self.modules)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all commands."""
        return iter(self.summaries)

    def __len__(self) -> int:
        """Return the number of all commands."""
        return len(self.summaries)

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add a command under a name of its own."""
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        """Remove a command."""
        del self._found[name]

    def _import_commands(self, modules: Iterable[str]) -> None:
        for name in modules:
            module = import_module(self.modules[name][0])
            for value in vars(module).values():
                if isinstance(value, click.Command) and value.callback and value.callback.__module__ == module.__name__:
                    self._found[value.name or name] = value


class CommandGroup(click.Group):
    """A group whose help shows every summary whole, under the headings that `sections` gives by the commands' names."""

    def __init__(self, *arguments: Any, sections: Mapping[str, Iterable[str]] | None = None, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.sections = {title: tuple(names) for title, names in (sections or {}).items()}

    @property
    def summaries(self) -> Mapping[str, str]:
        """Return the first sentence of each command's help by its name."""
        return self.commands.summaries if isinstance(self.commands, CommandFolder) else {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as Click calls it
        """Return the names of the commands, in the order of the help."""
        return [name for names in self._arrange().values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands with their summaries."""
        width = max(map(len, self.summaries), default=0)
        for title, names in self._arrange().items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), self.summaries[name]) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what may follow at a shell."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self.summaries[name]) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def _arrange(self) -> dict[str, list[str]]:
        """Return the names of all commands by their heading; those that no section names stand under the last one."""
        arranged = {title: [name for name in names if name in self.summaries] for title, names in self.sections.items()}
        named = {name for names in arranged.values() for name in names}
        arranged[OTHER_COMMANDS] = [name for name in self.summaries if name not in named]
        return {title: names for title, names in arranged.items() if names}


def command_group(
    folder: CommandFolder, name: str | None = None, **attributes: Any
) -> Callable[[Callable[..., Any]], click.Group]:
    """Declare a group of the commands in a folder. By default it is named like its function."""
    return click.group(name, cls=CommandGroup, commands=folder, **attributes)
