"""`dsr …`: privacy requests (data subject requests). One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.dsr import answer, rights
from bridge.cli.shared.command_group import command_group

OF_RIGHTS = find_commands(rights.__name__, rights.__path__)
OF_ANSWERS = find_commands(answer.__name__, answer.__path__, also=OF_RIGHTS)


@command_group(find_commands(__name__, __path__, also=OF_ANSWERS))
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, and which systems have not answered yet."""
