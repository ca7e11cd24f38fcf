"""Believes `app/uninstalled` or not: it destroys the shop's tokens, and lets `shop/redact` erase the shop.

Only the body is signed, and an old one can be posted again after the app was installed anew. So it must name the shop by
domain and number, and the platform is asked: while it accepts a token of the shop, nobody has uninstalled the app.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.errors import (
    ConnectorThrottled,
    ConnectorUnavailable,
    LeaseLost,
    PayloadInvalid,
    Retryable,
    TimeLimitExceeded,
)
from bridge.logs import describe_exception
from bridge.model import Delivery, DeliveryState, Fact, Lease
from bridge.rules.index.identity import read_record_id
from bridge.rules.webhooks import payload, topics
from bridge.services import Services
from bridge.steps.shops.ask_installed import ask_whether_installed
from bridge.steps.shops.identify_shops import learn_signed_name, record_renames
from bridge.steps.webhooks.retry_or_deadletter import retry_or_deadletter_leased
from bridge.telemetry import report_exception

if TYPE_CHECKING:
    from bridge.store import Tx

STILL_INSTALLED, BODY_REPEATED, ANOTHER_SHOP = "still_installed", "body_repeated", "shop_differs"


def lease_uninstalls(shop: str, tx: Tx) -> list[tuple[Lease, Delivery]]:
    """Lease the shop's uninstall that is due, if any: one, since the platform is asked about each."""
    return tx.inbox.acquire_lease_batch(shop, [topics.UNINSTALLED_TOPIC], 1, 0)


def record_uninstalls(leased: Sequence[tuple[Lease, Delivery]], *, services: Services) -> int:
    """Work on leased uninstalls. Return how many were leased. Raises StoreUnavailable, TimeLimitExceeded."""
    for lease, delivery in leased:
        try:
            _record_uninstall(lease, delivery, services)
        except LeaseLost:
            continue  # another worker has it
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception as fault:  # noqa: BLE001 - it must not stop the index of its shop
            report_exception(fault, row=delivery.id)
            _put_off(lease, delivery, describe_exception(fault), services)
    return len(leased)


def _record_uninstall(lease: Lease, delivery: Delivery, services: Services) -> None:
    reason, number = "", ""
    try:
        body = payload.parse_json_object(delivery.raw)
        topics.check_body_shape(delivery.topic, body, delivery.shop)
        number = read_record_id(body)
        is_installed = ask_whether_installed(delivery.shop, services)
    except PayloadInvalid as fault:
        reason, is_installed = fault.reason, None
    except (ConnectorUnavailable, ConnectorThrottled) as fault:
        _put_off(lease, delivery, type(fault).__name__, services)
        return
    digest = services.digest("receipt", delivery.raw)
    with services.store.transaction() as tx:
        reason = reason or _find_doubt(delivery.shop, number, digest, is_installed=is_installed, tx=tx)
        if number:  # it is a shop
            tx.remembered_bodies.remember_body(digest, delivery)
        if reason:
            tx.inbox.finish_delivery(lease, DeliveryState.REJECTED, reason)
            detail = {"delivery": delivery.id, "topic": delivery.topic, "reason": reason}
            tx.evidence.append_fact(Fact.DELIVERY_REJECTED, shop=delivery.shop, **detail)
            return
        renamed = learn_signed_name(number, delivery.shop, delivery.received_at, tx)
        key = tx.shop_names.directory.find_key(delivery.shop)
        for domain in tx.shop_names.directory.list_domains(key):
            tx.tokens.delete_tokens(domain)
        tx.inbox.finish_delivery(lease, DeliveryState.DONE)
        tx.evidence.append_fact(Fact.SHOP_UNINSTALLED, shop=key)
        record_renames(renamed, tx)


def _put_off(lease: Lease, delivery: Delivery, error: str, services: Services) -> None:
    with services.store.transaction() as tx:
        retry_or_deadletter_leased(delivery, lease, error, tx, services)


def _find_doubt(shop: str, number: str, digest: str, *, is_installed: bool | None, tx: Tx) -> str:
    """Return why the uninstall is not believed, as a constant word; '' where it is.

    `is_installed` is None where the platform cannot be asked: then a body that came before is not believed again.
    """
    name = tx.shop_names.directory.find_name(shop)
    if name is not None and name.number not in ("", number):
        return ANOTHER_SHOP
    if is_installed:
        return STILL_INSTALLED
    if is_installed is None and tx.remembered_bodies.find_body(digest) is not None:
        return BODY_REPEATED
    return ""
