"""Which carriers the bridge can ask, made from the settings. Asks nothing and reads no environment.

A carrier without credentials stays in the register: its parcels then show as "not configured" in a package,
which is not the same as "nothing found".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.connectors.bluedart import BlueDart
from bridge.connectors.delhivery import Delhivery

if TYPE_CHECKING:
    from bridge.ports import Connector
    from config.settings import Settings


def carriers(settings: Settings) -> dict[str, Connector]:
    """Build every carrier's connector, by the carrier's id."""
    delhivery = Delhivery(
        base_url=settings.delhivery_base_url,
        token=settings.delhivery_token.reveal(),
    )
    bluedart = BlueDart(
        base_url=settings.bluedart_base_url,
        client_id=settings.bluedart_client_id,
        client_secret=settings.bluedart_client_secret.reveal(),
        login_id=settings.bluedart_login_id,
        licence_key=settings.bluedart_licence_key.reveal(),
        tracking_key=settings.bluedart_tracking_key.reveal(),
        tracking_path=settings.bluedart_tracking_path,
        verno=settings.bluedart_tracking_verno,
    )
    return {one.system: one for one in (bluedart, delhivery)}
