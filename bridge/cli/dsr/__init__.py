"""`dsr …`: privacy requests (data subject requests). One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.dsr import answer, approval
from bridge.cli.shared.command_group import command_group

_DECISIONS = find_commands(approval.__name__, approval.__path__)


@command_group(find_commands(__name__, __path__, also=find_commands(answer.__name__, answer.__path__, also=_DECISIONS)))
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, and which systems have not answered yet."""
