"""Puts deliveries back into the inbox: those that failed, and rejected ones that today's rules accept. Calls nobody.

Of a rejected delivery only the body was ever signed, so a mandatory one is decided on anew by its body; any other is put
back only where its shop was not configured then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, SealBroken
from bridge.model import Delivery, Fact
from bridge.rules.webhooks.classify import classify_delivery
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx


def replay_deliveries(
    delivery_ids: Sequence[str], *, actor: str, dry_run: bool, tx: Tx, services: Services, reason: str = ""
) -> list[str]:
    """Put back those of the deliveries that can be put back, and record it and why. Return their ids; with `dry_run` only that."""
    queries = tx.operator_queries
    replayable = queries.filter_replayable(delivery_ids)
    others = [delivery_id for delivery_id in delivery_ids if delivery_id not in replayable]
    accepted = [delivery for delivery_id in others if (delivery := _decide_anew(delivery_id, tx, services))]
    if dry_run:
        return [*replayable, *(delivery.id for delivery in accepted)]
    rows = queries.list_deliveries(ids=replayable, limit=len(replayable)) if replayable else ()
    why = {"reason": reason} if reason else {}
    about = {row["id"]: (row["shop"], row["topic"]) for row in rows}
    queries.replay_deliveries(replayable)
    for delivery in accepted:
        tx.inbox.readmit_delivery(delivery)
        about[delivery.id] = (delivery.shop, delivery.topic)
    for delivery_id, (shop, topic) in about.items():
        tx.evidence.append_fact(
            Fact.DELIVERY_REPLAYED, actor=actor, delivery=delivery_id, shop=shop, topic=topic, **why
        )
    return list(about)


def explain_unopenable(delivery_id: str, tx: Tx) -> str:
    """Return why the body of a delivery does not open now, so that it would fail again; '' where it opens."""
    try:
        tx.operator_queries.reveal_delivery(delivery_id)
    except KeyMissing as fault:
        return f"the key {fault} is still not in BRIDGE_KEYS (`keys list`, docs/runbooks/key-missing.md)"
    except SealBroken:
        return "its body was altered and does not open (docs/runbooks/seal-broken.md)"
    return ""


def _decide_anew(delivery_id: str, tx: Tx, services: Services) -> Delivery | None:
    """Return a rejected delivery under the topic and shop of its body where it is a mandatory one that can be acted on."""
    try:
        delivery = tx.inbox.find_rejected_delivery(delivery_id)
    except (KeyMissing, SealBroken):
        return None
    if delivery is None:
        return None
    found = classify_delivery(
        delivery.raw,
        path_topic=delivery.topic,
        topic_header=delivery.topic,
        shop_header=delivery.shop,
        known_shops=services.merchant.shops,
    )
    is_accepted = found.topic in MANDATORY_TOPICS and not found.reason
    return replace(delivery, topic=found.topic, shop=found.shop) if is_accepted else None
