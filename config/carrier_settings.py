"""Define the settings of the carriers and of the services between: addresses, accounts, credentials.

They are a part of `Settings`, which alone reads the environment.
"""

# ruff: noqa: RUF009 - a setting is a frozen field that `_var` makes, never a shared value
from __future__ import annotations

from dataclasses import dataclass

from config import env_parsers
from config.env_parsers import Secret, make_empty_secret
from config.env_parsers import define_setting as _var


@dataclass(frozen=True, kw_only=True)
class CarrierSettings:
    """The settings of each connector; with its credentials unset a connector asks nothing and reports that."""

    delhivery_base_url: str = _var(
        "DELHIVERY_BASE_URL",
        "https://track.delhivery.com",
        env_parsers.make_url_parser("https", "http"),
        meaning="Delhivery's API host",
    )
    delhivery_token: Secret = _var(
        "DELHIVERY_TOKEN", make_empty_secret, Secret, meaning="API token of the client account"
    )
    delhivery_documents: str = _var(
        "DELHIVERY_DOCUMENTS",
        "list",
        env_parsers.make_choice_parser("list", "ask"),
        meaning="signatures and pictures: list what may exist, or ask which exist; they are never fetched",
    )
    bluedart_base_url: str = _var(
        "BLUEDART_BASE_URL",
        "https://apigateway.bluedart.com/in/transportation",
        env_parsers.make_url_parser("https", "http"),
        meaning="Blue Dart's API gateway",
    )
    bluedart_login_path: str = _var(
        "BLUEDART_LOGIN_PATH", "/token/v1/login", meaning="path of the login; the manual also names a v2"
    )
    bluedart_client_id: str = _var("BLUEDART_CLIENT_ID", "", meaning="gateway client id")
    bluedart_client_secret: Secret = _var("BLUEDART_CLIENT_SECRET", make_empty_secret, Secret, meaning="gateway secret")
    bluedart_login_id: str = _var("BLUEDART_LOGIN_ID", "", meaning="login id of the account")
    bluedart_licence_key: Secret = _var(
        "BLUEDART_LICENCE_KEY", make_empty_secret, Secret, meaning="shipping licence key"
    )
    bluedart_tracking_key: Secret = _var(
        "BLUEDART_TRACKING_KEY", make_empty_secret, Secret, meaning="tracking licence key: not the shipping one"
    )
    bluedart_tracking_path: str = _var(
        "BLUEDART_TRACKING_PATH",
        "/tracking/v1/shipment",
        meaning="path of tracking; for some accounts it is /tracking/v1",
    )
    bluedart_tracking_verno: str = _var(
        "BLUEDART_TRACKING_VERNO", "1", meaning="parameter verno of tracking: 1 or 1.3; empty: not sent"
    )
    bluedart_tracking_format: str = _var(
        "BLUEDART_TRACKING_FORMAT",
        "xml",
        env_parsers.make_choice_parser("xml", "json"),
        meaning="format of tracking answers; json only where the account offers it",
    )
    bluedart_known_waybill: str = _var(
        "BLUEDART_KNOWN_WAYBILL",
        "",
        meaning="a delivered waybill of this account, by which `doctor` tells a wrong licence key from an unknown waybill",
    )
    shiprocket_base_url: str = _var(
        "SHIPROCKET_BASE_URL",
        "https://apiv2.shiprocket.in/v1/external",
        env_parsers.make_url_parser("https", "http"),
        meaning="Shiprocket's API",
    )
    shiprocket_email: str = _var("SHIPROCKET_EMAIL", "", meaning="e-mail of the API user (not of the account)")
    shiprocket_password: Secret = _var(
        "SHIPROCKET_PASSWORD", make_empty_secret, Secret, meaning="password of the API user"
    )
    aftership_base_url: str = _var(
        "AFTERSHIP_BASE_URL",
        "https://api.aftership.com/tracking/2025-07",
        env_parsers.make_url_parser("https", "http"),
        meaning="AfterShip's tracking API with its dated version",
    )
    aftership_api_key: Secret = _var(
        "AFTERSHIP_API_KEY", make_empty_secret, Secret, meaning="as-api-key of the organisation"
    )
