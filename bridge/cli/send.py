"""`send`: sign a sample or a file as Shopify would, and post it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge.cli.context import JSON_OPTION, exit_with_error
from bridge.cli.http_post import SAMPLE_TOPICS, load_sample_body, post_webhook
from bridge.cli.printing import print_json
from bridge.rules.webhooks.signature import sign_webhook
from bridge.rules.webhooks.topics import is_shop_domain, is_topic_well_formed
from config.load import read_configuration

DEMO_SHOP = "minimiss-demo.myshopify.com"


@click.command(epilog="Samples: " + ", ".join(SAMPLE_TOPICS))
@click.argument("topic")
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Body to send."
)
@click.option("--url", help="Where the bridge listens. [default: http://localhost:$PORT]")
@click.option("--shop", help="The *.myshopify.com domain. [default: the first of the merchant's file]")
@click.option("--webhook-id", help="Send as this delivery; the same id twice is a repetition.")
@JSON_OPTION
def send(
    topic: str, source: Path | None, url: str | None, shop: str | None, webhook_id: str | None, as_json: bool
) -> None:
    """Sign a webhook with the first client secret and post it, as Shopify would.

    Without --file a sample of the topic about an invented person is sent.
    """
    start = read_configuration()
    shop = shop or next(iter(start.merchant.shops), DEMO_SHOP)
    if not is_topic_well_formed(topic):
        raise click.UsageError(f"{topic!r} is no topic; one is customers/redact")
    if not is_shop_domain(shop):
        raise click.UsageError(f"{shop!r} is no *.myshopify.com domain")
    if not start.settings.shopify_client_secrets:
        exit_with_error("SHOPIFY_CLIENT_SECRETS is not set: there is nothing to sign with.")
    raw = source.read_bytes() if source else load_sample_body(topic, shop)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Hmac-Sha256": sign_webhook(raw, start.settings.shopify_client_secrets[0].reveal_bytes()),
        "X-Shopify-API-Version": start.settings.shopify_api_version,
        "X-Shopify-Webhook-Id": webhook_id or str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    base = (url or f"http://localhost:{start.settings.port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise click.UsageError("--url must start with http:// or https://")
    status = post_webhook(f"{base}/webhooks/{topic}", raw, headers)
    if as_json:
        print_json(
            {
                "status": status,
                "topic": topic,
                "shop": shop,
                "webhook_id": headers["X-Shopify-Webhook-Id"],
                "bytes": len(raw),
            }
        )
    else:
        click.echo(f"{status}  {topic}  webhook id {headers['X-Shopify-Webhook-Id']}")
    if status != 200:
        raise SystemExit(1)
