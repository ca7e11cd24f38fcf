"""`send`: sign a sample or a file as Shopify does, and post it to the bridge."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from bridge.cli.command import is_dry_run, json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.printing import show, show_table
from bridge.cli.send.http_post import SAMPLE_TOPICS, load_sample_body, post_webhook
from bridge.model import DeliveryState
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.rules.webhooks.signature import sign_webhook
from bridge.rules.webhooks.topics import is_topic_well_formed
from config.load import Configuration, read_configuration

EXISTING_FILE_TYPE = click.Path(exists=True, dir_okay=False, path_type=Path)
DEMO_SHOP = "minimiss-demo.myshopify.com"
OUTCOME_WAIT_S, OUTCOME_POLL_S = 5, 0.2  # for a worker to take what was sent
OUTCOME_ROWS = 1000
ERASING_TOPICS = tuple(topic for topic in MANDATORY_TOPICS if topic.endswith("/redact"))
LOST_STATES = (DeliveryState.REJECTED, DeliveryState.FAILED, "unknown")


@json_command(
    epilog="Samples: " + ", ".join(SAMPLE_TOPICS),
    example="send customers/data_request\nsend orders/create --file order.json --url https://bridge.example.com",
    irreversible="In production this is a real instruction: what it asks to erase is erased.",
    asks=lambda given: given["topic"] in (None, *ERASING_TOPICS) and read_configuration().settings.is_production,
)
@click.argument("topic", required=False)
@click.option("--all-topics-one-uri", "one_uri", is_flag=True, help="Send the three mandatory samples to /webhooks.")
@click.option("--file", "source", type=EXISTING_FILE_TYPE, help="Send this body instead of a sample.")
@click.option("--url", help="Address of the bridge. [default: http://localhost:$PORT]")
@click.option("--shop", help="The *.myshopify.com domain. [default: the first shop of the merchant file]")
@click.option("--webhook-id", help="Id of the delivery. Sending the same id again is a duplicate.")
def send(
    topic: str | None, one_uri: bool, source: Path | None, url: str | None, shop: str | None, webhook_id: str | None
) -> None:
    """Sign a webhook with the first client secret and post it, as Shopify does.

    Without --file it sends a sample of the topic, about an invented person. With --all-topics-one-uri it sends the three
    mandatory samples to one address, as the usual shopify.app.toml has it, and shows what became of each.
    """
    configuration = read_configuration()
    if one_uri and configuration.settings.is_production and not shop:
        raise click.UsageError("one of the samples erases the shop that it names: say which with --shop")
    shop = shop or next(iter(configuration.merchant.shops), DEMO_SHOP)
    _refuse_wrong_usage(topic, one_uri and not (source or webhook_id), shop)
    if not configuration.settings.shopify_client_secrets:
        exit_with_error("SHOPIFY_CLIENT_SECRETS is not set: the webhook cannot be signed.")
    base = (url or f"http://localhost:{configuration.settings.port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise click.UsageError("--url must start with http:// or https://")
    if not topic and is_dry_run():
        show({"topics": list(MANDATORY_TOPICS), "shop": shop}, f"The three samples are posted to {base}, as {shop}.")
        return
    if not topic:
        _send_mandatory_samples(base, shop, configuration)
        return
    raw = source.read_bytes() if source else load_sample_body(topic, shop)
    if is_dry_run():
        show({"topic": topic, "shop": shop, "bytes": len(raw)}, f"{topic} is posted to {base}, as {shop}.")
        return
    sent = _sign_and_post(f"{base}/webhooks/{topic}", topic, shop, raw, configuration, webhook_id)
    next_step = f"`bridge inbox show {sent['webhook_id']}` shows what became of it."
    show(sent, f"{sent['status']}  {topic}  webhook id {sent['webhook_id']}\n{next_step}")
    if sent["status"] != HTTPStatus.OK:
        raise SystemExit(1)


def _refuse_wrong_usage(topic: str | None, sends_all: bool, shop: str) -> None:
    if sends_all == bool(topic):
        raise click.UsageError("give a topic, or --all-topics-one-uri without --file and --webhook-id")
    if topic and not is_topic_well_formed(topic):
        raise click.UsageError(f"{topic!r} is not a topic; customers/redact is one")
    if not is_shop_domain(shop):
        raise click.UsageError(f"{shop!r} is not a *.myshopify.com domain")


def _sign_and_post(
    url: str, topic: str, shop: str, raw: bytes, configuration: Configuration, webhook_id: str | None = None
) -> dict[str, Any]:
    """Post one body as Shopify would. Return what was sent, and the status of the answer."""
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
    status = post_webhook(url, raw, headers)
    webhook_id = headers["X-Shopify-Webhook-Id"]
    return {"status": status, "topic": topic, "shop": shop, "webhook_id": webhook_id, "bytes": len(raw)}


def _send_mandatory_samples(base: str, shop: str, configuration: Configuration) -> None:
    """Post the three samples to one address, and show each with what the inbox says about it."""
    rows = []
    with open_command_context() as context:
        for topic in MANDATORY_TOPICS:
            raw = load_sample_body(topic, shop)
            sent = _sign_and_post(f"{base}/webhooks", topic, shop, raw, configuration)
            # one after the other: the last one erases the shop, and what the inbox knows of it
            rows.append(sent | _await_outcome(sent, raw, context))
    show_table(rows, ("status", "topic", "state", "reason", "delivery", "request"), empty="")
    if any(row["status"] != HTTPStatus.OK or row["state"] in LOST_STATES for row in rows):
        raise SystemExit(1)


def _await_outcome(sent: Mapping[str, Any], raw: bytes, context: CommandContext) -> dict[str, str]:
    """Return what became of a posted body, once a worker took it or OUTCOME_WAIT_S passed."""
    end = time.monotonic() + OUTCOME_WAIT_S
    while (found := _find_outcome(sent, raw, context))["state"] == DeliveryState.RECEIVED and time.monotonic() < end:
        time.sleep(OUTCOME_POLL_S)
    return found


def _find_outcome(sent: Mapping[str, Any], raw: bytes, context: CommandContext) -> dict[str, str]:
    """Return the state of a posted body in the inbox and its request; `repeated` where the same bytes came before."""
    with context.store.transaction() as tx:
        deliveries = tx.operator_queries.list_deliveries(topic=sent["topic"], limit=OUTCOME_ROWS)
        found = next((each for each in deliveries if each["webhook_id"] == sent["webhook_id"]), None)
        known = tx.remembered_bodies.find_body(context.services.digest("receipt", raw))
    request = known.request_id if known else ""
    if found is None:
        return {"state": "repeated" if known else "unknown", "reason": "", "delivery": "", "request": request}
    return {"state": found["state"], "reason": found["reason"], "delivery": found["id"], "request": request}
