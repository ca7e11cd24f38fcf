"""Commands are found by the names of their files, so that one command does not pay for the others."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from bridge.cli import commands


def walk_commands(group, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from walk_commands(command, (*path, name))


def test_each_command_is_found_under_its_own_name():
    found = list(walk_commands(commands))
    assert len(found) > 70
    assert all(command.name == path[-1] for path, command in found)


@pytest.mark.parametrize("name", ["nothing", "dsr_view", "", "command", "../x"])
def test_a_name_of_no_command_is_refused(name):
    assert commands.commands.get(name) is None
    assert commands.commands["dsr"].commands.get(name) is None


def test_a_command_imports_neither_the_others_nor_what_only_services_need():
    script = (
        "import sys, bridge.cli\n"
        "sys.argv = ['bridge', 'dsr', 'list', '--help']\n"
        "try: bridge.cli.main()\n"
        "except SystemExit: print(sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stderr))  # noqa: S307 - our own list of names
    assert "bridge.cli.dsr.list" in loaded
    assert not loaded & {"bridge.cli.dsr.open", "bridge.cli.doctor", "shopify", "requests", "redis", "alembic", "flask"}
