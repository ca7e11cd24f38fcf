"""List the topics that the Shopify app subscribes to: what arrives under another one is rejected or missing."""

from __future__ import annotations

from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import UNINSTALLED_TOPIC

SUBSCRIBED_TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/delete",
    "fulfillments/create",
    "fulfillments/update",
    "refunds/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers/merge",
    UNINSTALLED_TOPIC,
)


def list_subscriptions() -> tuple[tuple[str, str], ...]:
    """Return every topic with its key in `shopify.app.toml`: `compliance_topics` for the three mandatory ones."""
    mandatory = (("compliance_topics", topic) for topic in MANDATORY_TOPICS)
    return (*mandatory, *(("topics", topic) for topic in SUBSCRIBED_TOPICS))
