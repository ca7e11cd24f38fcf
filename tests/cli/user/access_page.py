"""The tables of docs/operators.md: `python -m tests.cli.user.access_page` prints them."""

from __future__ import annotations

import sys

from bridge.cli.acts import ACT_BY_COMMAND
from bridge.model import Act, Role
from bridge.rules.operators.access_table import ACT_MEANINGS, is_allowed

COLUMNS = [str(role) for role in Role]


def render_access_tables() -> str:
    """Return the table of acts and roles, and the commands of each act."""
    lines = [f"| act | {' | '.join(COLUMNS)} | commands |", f"|---|{':-:|' * len(COLUMNS)}---|"]
    for act in Act:
        marks = ["yes" if is_allowed(role, act) else "" for role in Role]
        commands = ", ".join(f"`{words}`" for words, of in ACT_BY_COMMAND.items() if of is act)
        lines.append(f"| {ACT_MEANINGS[act]} | {' | '.join(marks)} | {commands} |")
    asked_of_nobody = ", ".join(f"`{words}`" for words, act in ACT_BY_COMMAND.items() if act is None)
    return "\n".join([*lines, "", f"Nobody is asked who runs {asked_of_nobody}."])


if __name__ == "__main__":
    sys.stdout.write(render_access_tables() + "\n")
