"""`shopify-app`: print the configuration of the Shopify app: the scopes and topics that the code needs."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.printing import show
from bridge.connectors.shopify.api.scopes import list_app_scopes
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.subscriptions import REQUIRED_TOPICS
from config.settings import read_environment
from config.shopify_versions import SUPPORTED_VERSIONS
from config.toml_editor import format_value

EXAMPLE_URL = "https://bridge.example.com"


@json_command("shopify-app", example="shopify-app --url https://bridge.example.com > shopify.app.toml")
@click.option("--url", help="Public https address of the bridge. [default: PUBLIC_URL]")
@click.option("--client-id", help="Client id of the app. [default: SHOPIFY_CLIENT_ID]")
def shopify_app(url: str | None, client_id: str | None) -> None:
    """Print `shopify.app.toml`: the scopes and webhooks that the bridge needs.

    Save it in a folder of its own, and run `shopify app deploy` there.
    """
    environ = read_environment()  # not all settings: the app is made before they are complete
    address = url or environ.get("PUBLIC_URL", "") or EXAMPLE_URL
    version = environ.get("SHOPIFY_API_VERSION", "") or SUPPORTED_VERSIONS[-1]
    text = build_app_toml(address.rstrip("/"), client_id or environ.get("SHOPIFY_CLIENT_ID", ""), version)
    show({"toml": text}, text.rstrip("\n"))


def build_app_toml(url: str, client_id: str, version: str = SUPPORTED_VERSIONS[-1]) -> str:
    """Return the configuration of an app whose bridge is at `url`."""
    lines = [
        'name = "Compliance bridge"',
        f"client_id = {format_value(client_id)}",
        f"application_url = {format_value(url)}",
        "embedded = false",
        "",
        "[auth]",
        f"redirect_urls = [{format_value(url)}]",
        "",
        "[access_scopes]",
        f"scopes = {format_value(','.join(list_app_scopes()))}",
        "",
        "[webhooks]",
        f"api_version = {format_value(version)}",
    ]
    mandatory = [("compliance_topics", topic) for topic in MANDATORY_TOPICS]
    for kind, topic in (*mandatory, *(("topics", topic) for topic in REQUIRED_TOPICS)):
        lines += [
            "",
            "[[webhooks.subscriptions]]",
            f'{kind} = ["{topic}"]',
            f"uri = {format_value(f'{url}/webhooks/{topic}')}",
        ]
    return "\n".join(lines) + "\n"
