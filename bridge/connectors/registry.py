"""Builds the connectors of carriers and tracking services from the settings. Sends nothing, reads no environment.

A carrier without credentials stays registered: a package then lists its parcels as "not configured", which is not
the same as "nothing found". An aggregator or tracking service is registered only once one of its settings is set:
few shops have one, and the packages of the others need not name it.
"""

from __future__ import annotations

from bridge.connectors.aftership.client import AfterShip
from bridge.connectors.bluedart.client import BlueDart
from bridge.connectors.carrier import create_carrier_http
from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.shiprocket.client import Shiprocket
from bridge.ports import CallLimits, Connector
from config.settings import Settings


def build_connectors(settings: Settings, limits: CallLimits | None = None) -> dict[str, Connector]:
    """Return every connector by the id of its system. `limits` are what all workers share."""
    connectors: list[Connector] = [_build_bluedart(settings, limits), _build_delhivery(settings, limits)]
    if settings.shiprocket_email or settings.shiprocket_password:
        connectors.append(_build_shiprocket(settings, limits))
    if settings.aftership_api_key:
        connectors.append(_build_aftership(settings, limits))
    return {connector.system: connector for connector in connectors}


def _build_delhivery(settings: Settings, limits: CallLimits | None) -> Delhivery:
    return Delhivery(
        http=create_carrier_http(Delhivery.system, limits),
        base_url=settings.delhivery_base_url,
        token=settings.delhivery_token.reveal(),
        ask_documents=settings.delhivery_documents == "ask",
    )


def _build_bluedart(settings: Settings, limits: CallLimits | None) -> BlueDart:
    return BlueDart(
        http=create_carrier_http(BlueDart.system, limits),
        base_url=settings.bluedart_base_url,
        client_id=settings.bluedart_client_id,
        client_secret=settings.bluedart_client_secret.reveal(),
        login_id=settings.bluedart_login_id,
        licence_key=settings.bluedart_licence_key.reveal(),
        tracking_key=settings.bluedart_tracking_key.reveal(),
        login_path=settings.bluedart_login_path,
        tracking_path=settings.bluedart_tracking_path,
        verno=settings.bluedart_tracking_verno,
        answer_format=settings.bluedart_tracking_format,
        known_waybill=settings.bluedart_known_waybill,
    )


def _build_shiprocket(settings: Settings, limits: CallLimits | None) -> Shiprocket:
    return Shiprocket(
        http=create_carrier_http(Shiprocket.system, limits),
        base_url=settings.shiprocket_base_url,
        email=settings.shiprocket_email,
        password=settings.shiprocket_password.reveal(),
    )


def _build_aftership(settings: Settings, limits: CallLimits | None) -> AfterShip:
    return AfterShip(
        http=create_carrier_http(AfterShip.system, limits),
        base_url=settings.aftership_base_url,
        api_key=settings.aftership_api_key.reveal(),
    )
