"""Lists the webhook subscriptions of an app that were made by API.

Shopify does not list those of `shopify.app.toml`, nor the three mandatory topics.
https://shopify.dev/docs/api/admin-graphql/latest/queries/webhookSubscriptions
"""

from __future__ import annotations

from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import list_nodes
from bridge.connectors.shopify.gathering.paging import iterate_list
from bridge.model import WebhookSubscription


def read_subscriptions(client: ShopifyClient, shop: str) -> list[WebhookSubscription]:
    """Return the subscriptions. Raises CredentialRejected if they are denied, else as `run_document`."""

    def fetch_page(after: str | None) -> Any:
        return (
            client.run_document(shop, "webhook_subscriptions", after=after)
            .require_access()
            .data.get("webhookSubscriptions")
        )

    return [
        WebhookSubscription(
            topic=_format_topic(str(node.get("topic") or "")),
            uri=str(node.get("uri") or ""),
            api_version=str((node.get("apiVersion") or {}).get("handle") or ""),
        )
        for page in iterate_list(fetch_page)
        for node in list_nodes(page)
    ]


def _format_topic(name: str) -> str:
    """Return a topic as webhooks name it: `orders/create` for ORDERS_CREATE."""
    resource, _, event = name.lower().partition("_")
    return f"{resource}/{event}"
