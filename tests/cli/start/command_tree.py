"""The tree of commands, and the page that shows it: `python -m tests.cli.start.command_tree > docs/commands.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from bridge.cli import SECTIONS, commands
from bridge.cli.command import BridgeCommand
from bridge.cli.shared.command_group import CommandGroup
from bridge.cli.shared.dates import FORMS
from bridge.cli.shared.ids import ID_KINDS


def walk_leaves(group: click.Group = commands, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, with the words that name it."""
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from walk_leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def open_context(words: str) -> click.Context:
    """Return the context in which the parser stands at a command."""
    context, command = click.Context(commands, info_name="bridge", **commands.context_settings), commands
    for word in words.split():
        command = command.commands[word]
        context = click.Context(command, info_name=word, parent=context)
    return context


def render_command_page() -> str:
    """Return docs/commands.md."""
    lines = [
        "# Commands",
        "",
        "Every command with its options and examples. Made from the commands themselves: do not edit, run",
        "`python -m tests.cli.start.command_tree > docs/commands.md`.",
        "",
        "`bin/bridge` runs from any folder with the repository's `.venv`, or with the Python on `PATH` where there is none; with",
        "`bin` on `PATH`, `bridge` is enough. `bridge completion bash`, `zsh` or `fish` prints what a shell needs to complete it.",
        "",
        "- **Exit code**: 0 done; 1 a check or an item failed; 2 wrong usage.",
        "- **`--json`** prints one JSON document on stdout. On failure stderr holds one JSON object: `error`, and `hint`, the next step.",
        f"- **WHEN** is a date or time: {FORMS}.",
        "  30m, 2h and 3d are that long ago; of an option about days to come, in that time. What names no zone is of the",
        "  merchant's zone, `[clocks] timezone` of the merchant file. Times are printed in UTC: `2026-11-30 14:00:00Z`.",
        "- **ID** begins with its kind: "
        + ", ".join(f"`{prefix}_` {kind.noun}" for prefix, kind in ID_KINDS.items())
        + ".",
        "- **What cannot be undone** asks first. `--yes` answers for scripts; `--dry-run` shows what would be done.",
        "- Tables have colours on a terminal, unless `NO_COLOR` is set; in a pipe they are plain and nothing is cut.",
        "",
    ]
    for title, names in SECTIONS.items():
        present = [name for name in names if name in commands.summaries]
        lines += [f"## {title}", ""]
        lines += [f"- [`{name}`](#bridge-{name}): {commands.summaries[name]}." for name in present]
        for name in present:
            lines += ["", *_render_command(name)]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _render_command(name: str) -> Iterator[str]:
    command = commands.commands[name]
    if not isinstance(command, CommandGroup):
        yield from _render_leaf(name, command, "###")
        return
    yield from (f"### bridge {name}", "", inspect.cleandoc(command.help or ""), "")
    yield "| command | |"
    yield "|---|---|"
    for leaf in command.list_commands(click.Context(command)):
        yield f"| [`{leaf}`](#bridge-{name}-{leaf}) | {command.summaries[leaf]} |"
    for leaf in command.list_commands(click.Context(command)):
        yield ""
        yield from _render_leaf(f"{name} {leaf}", command.commands[leaf], "####")


def _render_leaf(words: str, command: click.Command, heading: str) -> Iterator[str]:
    assert isinstance(command, BridgeCommand)
    context = open_context(words)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"{heading} bridge {words}", "", f"`bridge {words} {usage}`", "")
    yield from inspect.cleandoc(command.help or "").splitlines()
    options = (each for each in command.params if isinstance(each, click.Option))
    records = [record for option in options if (record := option.get_help_record(context))]
    if records:
        yield from ("", "| option | |", "|---|---|")
        yield from (
            f"| `{names.replace('|', chr(92) + '|')}` | {text.replace('|', chr(92) + '|')} |" for names, text in records
        )
    if command.irreversible:
        yield from ("", f"Asks first: {command.irreversible}")
    yield from ("", "```sh", *(f"bin/bridge {line}" for line in command.examples), "```")
    if command.epilog:
        yield from ("", command.epilog)


if __name__ == "__main__":
    print(render_command_page(), end="")  # noqa: T201 - its output is the page
