"""Define the settings of the carriers and of the services between: addresses, accounts, credentials.

They are a part of `Settings`, which alone reads the environment.
"""

# ruff: noqa: RUF009 - a setting is a frozen field that `setting` makes, never a shared value
from __future__ import annotations

from dataclasses import dataclass

from config.env_parsers import Secret, choice_setting, parse_http_url, secret_setting, setting


@dataclass(frozen=True, kw_only=True)
class CarrierSettings:
    """The settings of each connector; with its credentials unset a connector asks nothing and reports that."""

    delhivery_base_url: str = setting(
        "DELHIVERY_BASE_URL", "Delhivery's API host", "https://track.delhivery.com", parse_http_url
    )
    delhivery_token: Secret = secret_setting("DELHIVERY_TOKEN", "API token of the client account")
    delhivery_documents: str = choice_setting(
        "DELHIVERY_DOCUMENTS",
        "signatures and pictures: list what may exist, or ask which exist; they are never fetched",
        "list",
        ("list", "ask"),
    )
    bluedart_base_url: str = setting(
        "BLUEDART_BASE_URL",
        "Blue Dart's API gateway",
        "https://apigateway.bluedart.com/in/transportation",
        parse_http_url,
    )
    bluedart_login_path: str = setting(
        "BLUEDART_LOGIN_PATH", "path of the login; the manual also names a v2", "/token/v1/login"
    )
    bluedart_client_id: str = setting("BLUEDART_CLIENT_ID", "gateway client id")
    bluedart_client_secret: Secret = secret_setting("BLUEDART_CLIENT_SECRET", "gateway secret")
    bluedart_login_id: str = setting("BLUEDART_LOGIN_ID", "login id of the account")
    bluedart_licence_key: Secret = secret_setting("BLUEDART_LICENCE_KEY", "shipping licence key")
    bluedart_tracking_key: Secret = secret_setting(
        "BLUEDART_TRACKING_KEY", "tracking licence key: not the shipping one"
    )
    bluedart_tracking_path: str = setting(
        "BLUEDART_TRACKING_PATH", "path of tracking; for some accounts it is /tracking/v1", "/tracking/v1/shipment"
    )
    bluedart_tracking_verno: str = setting(
        "BLUEDART_TRACKING_VERNO", "parameter verno of tracking: 1 or 1.3; empty: not sent", "1"
    )
    bluedart_tracking_format: str = choice_setting(
        "BLUEDART_TRACKING_FORMAT",
        "format of tracking answers; json only where the account offers it",
        "xml",
        ("xml", "json"),
    )
    bluedart_known_waybill: str = setting(
        "BLUEDART_KNOWN_WAYBILL",
        "a delivered waybill of this account, by which `doctor` tells a wrong licence key from an unknown waybill",
    )
    shiprocket_base_url: str = setting(
        "SHIPROCKET_BASE_URL", "Shiprocket's API", "https://apiv2.shiprocket.in/v1/external", parse_http_url
    )
    shiprocket_email: str = setting("SHIPROCKET_EMAIL", "e-mail of the API user (not of the account)")
    shiprocket_password: Secret = secret_setting("SHIPROCKET_PASSWORD", "password of the API user")
    aftership_base_url: str = setting(
        "AFTERSHIP_BASE_URL",
        "AfterShip's tracking API with its dated version",
        "https://api.aftership.com/tracking/2025-07",
        parse_http_url,
    )
    aftership_api_key: Secret = secret_setting("AFTERSHIP_API_KEY", "as-api-key of the organisation")
