"""Asks the platform whether a shop still has the app: the one sign that no replayed webhook can forge."""

from __future__ import annotations

from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services


def ask_whether_installed(shop: str, services: Services) -> bool | None:
    """Return whether the platform accepts a token of the shop; None where it cannot be asked.

    Raises ConnectorUnavailable and ConnectorThrottled. Never call it inside a transaction.
    """
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return None
    try:
        return platform.is_app_installed(shop)
    except (ConnectorRefused, CredentialRejected):
        return None
