"""`dsr …`: privacy requests (data subject requests). One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.dsr import answer, approval, identity, rights
from bridge.cli.shared.command_group import command_group

ANSWERS = find_commands(answer.__name__, answer.__path__)
DECISIONS = find_commands(approval.__name__, approval.__path__, also=ANSWERS)
RIGHTS = find_commands(rights.__name__, rights.__path__, also=DECISIONS)
ROOMS = find_commands(identity.__name__, identity.__path__, also=RIGHTS)


@command_group(find_commands(__name__, __path__, also=ROOMS))
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, and which systems have not answered yet."""
