"""`send`: sign a sample or a file as Shopify does, and post it to the bridge."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error
from bridge.cli.http_post import SAMPLE_TOPICS, load_sample_body, post_webhook
from bridge.cli.printing import show
from bridge.rules.webhooks.signature import sign_webhook
from bridge.rules.webhooks.topics import is_shop_domain, is_topic_well_formed
from config.load import read_configuration

EXISTING_FILE_TYPE = click.Path(exists=True, dir_okay=False, path_type=Path)
DEMO_SHOP = "minimiss-demo.myshopify.com"


@json_command(epilog="Samples: " + ", ".join(SAMPLE_TOPICS))
@click.argument("topic")
@click.option("--file", "source", type=EXISTING_FILE_TYPE, help="Send this body instead of a sample.")
@click.option("--url", help="Address of the bridge. [default: http://localhost:$PORT]")
@click.option("--shop", help="The *.myshopify.com domain. [default: the first shop of the merchant file]")
@click.option("--webhook-id", help="Id of the delivery. Sending the same id again is a duplicate.")
def send(topic: str, source: Path | None, url: str | None, shop: str | None, webhook_id: str | None) -> None:
    """Sign a webhook with the first client secret and post it, as Shopify does.

    Without --file it sends a sample of the topic, about an invented person.
    """
    configuration = read_configuration()
    shop = shop or next(iter(configuration.merchant.shops), DEMO_SHOP)
    if not is_topic_well_formed(topic):
        raise click.UsageError(f"{topic!r} is not a topic; customers/redact is one")
    if not is_shop_domain(shop):
        raise click.UsageError(f"{shop!r} is not a *.myshopify.com domain")
    if not configuration.settings.shopify_client_secrets:
        exit_with_error("SHOPIFY_CLIENT_SECRETS is not set: the webhook cannot be signed.")
    raw = source.read_bytes() if source else load_sample_body(topic, shop)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Hmac-Sha256": sign_webhook(raw, configuration.settings.shopify_client_secrets[0].reveal_bytes()),
        "X-Shopify-API-Version": configuration.settings.shopify_api_version,
        "X-Shopify-Webhook-Id": webhook_id or str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    base = (url or f"http://localhost:{configuration.settings.port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise click.UsageError("--url must start with http:// or https://")
    status = post_webhook(f"{base}/webhooks/{topic}", raw, headers)
    webhook_id = headers["X-Shopify-Webhook-Id"]
    show(
        {"status": status, "topic": topic, "shop": shop, "webhook_id": webhook_id, "bytes": len(raw)},
        f"{status}  {topic}  webhook id {webhook_id}",
    )
    if status != 200:
        raise SystemExit(1)
