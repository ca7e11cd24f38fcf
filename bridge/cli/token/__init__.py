"""`token …`: Admin tokens of apps that a merchant installed by OAuth. No command ever prints a token.

The merchant's own app asks Shopify for its tokens. An app installed by OAuth comes with a token for an hour and
a refresh token: the bridge stores both sealed and refreshes them in time.
"""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def token() -> None:
    """Admin tokens of apps that were installed by OAuth. They are never shown."""
