"""Webhooks of the invented shop: bodies in Shopify's shape, signed as Shopify signs, posted as Shopify posts.

Only the body is signed. Never retries: whoever tests retries posts again with the same ids.
https://shopify.dev/docs/apps/build/webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests

from bridge.sandbox.world import rest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bridge.sandbox.world.models import Order, Person, World
    from bridge.sandbox.world.shipments import Parcel

API_VERSION = "2026-10"
PATIENCE_S = 5.0  # Shopify waits no longer for the whole answer


def body(topic: str, world: World, **which: Any) -> bytes:
    """Give the body of a webhook about `person`, `order`, `parcel`, …; about Asha where none is named.

    `which`: `person`, `order`, `parcel`, `orders` (of a privacy topic), `request_id` (data_request),
    `kept` and `deleted` (merge). Raises KeyError for a topic that is not known here.
    """
    return json.dumps(TOPICS[topic](world, which), ensure_ascii=False, separators=(",", ":")).encode()


def headers(
    topic: str,
    shop: str,
    secret: str,
    raw: bytes,
    *,
    webhook_id: str = "",
    event_id: str = "",
    triggered_at: datetime | None = None,
    family: str = "X-Shopify-",
) -> dict[str, str]:
    """Give the headers of one delivery, signed with `secret`. `family` is `X-Shopify-` or `Shopify-`."""
    signature = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    at = triggered_at or datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        f"{family}Topic": topic,
        f"{family}Hmac-Sha256": signature,
        f"{family}Shop-Domain": shop,
        f"{family}API-Version": API_VERSION,
        f"{family}Webhook-Id": webhook_id or str(uuid.uuid4()),
        f"{family}Triggered-At": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        f"{family}Event-Id": event_id or str(uuid.uuid4()),
    }


def post(
    url_base: str,
    topic: str,
    raw: bytes,
    headers: Mapping[str, str],  # the same word on the wire
    *,
    session: requests.Session | None = None,
    timeout_s: float = PATIENCE_S,
) -> requests.Response:
    """Post one delivery to `url_base/webhooks/<topic>`, following no redirect, as Shopify does."""
    send = session.post if session else requests.post
    return send(
        f"{url_base.rstrip('/')}/webhooks/{topic}",
        data=raw,
        headers=dict(headers),
        timeout=timeout_s,
        allow_redirects=False,
    )


def _person(world: World, which: Mapping[str, Any]) -> Person:
    found: Person = which.get("person") or world.asha
    return found


def _order(world: World, which: Mapping[str, Any]) -> Order:
    if which.get("parcel"):
        return world.order(which["parcel"].order_id)
    found: Order = which.get("order") or world.orders_of(_person(world, which))[0]
    return found


def _order_body(world: World, which: Mapping[str, Any]) -> rest.Body:
    order = _order(world, which)
    return rest.order(order, world.person(order.person_id) if order.person_id else None)


def _created(world: World, which: Mapping[str, Any]) -> rest.Body:
    """Give an order as it is placed: nothing was sent yet."""
    fresh: rest.Body = {"fulfillments": [], "refunds": [], "fulfillment_status": None}
    body = _order_body(world, which) | fresh
    return body | {"updated_at": body["created_at"]}


def _fulfillment(world: World, which: Mapping[str, Any]) -> rest.Body:
    order = _order(world, which)
    parcel: Parcel = which.get("parcel") or order.parcels[0]
    return rest.fulfillment(order, parcel)


def _fulfillment_created(world: World, which: Mapping[str, Any]) -> rest.Body:
    return _fulfillment(world, which) | {"shipment_status": None}


def _refund(world: World, which: Mapping[str, Any]) -> rest.Body:
    order = _order(world, which)
    return rest.refund(order, order.refunds[0])


def _return(world: World, which: Mapping[str, Any]) -> rest.Body:
    order = _order(world, which)
    return rest.sent_back(order, order.returns[0])


def _customer(world: World, which: Mapping[str, Any]) -> rest.Body:
    return rest.customer(_person(world, which))


def _merge(world: World, which: Mapping[str, Any]) -> rest.Body:
    kept = which.get("kept") or world.asha
    deleted = which.get("deleted") or world.bikram
    return {
        "admin_graphql_api_customer_kept_id": rest.gid("Customer", kept.id),
        "admin_graphql_api_customer_deleted_id": rest.gid("Customer", deleted.id),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }


def _shop(world: World, _: Mapping[str, Any]) -> rest.Body:
    return {"shop_id": world.shop_id, "shop_domain": world.shop}


def _whom(world: World, which: Mapping[str, Any]) -> tuple[rest.Body, list[int]]:
    person = _person(world, which)
    orders: Sequence[Order] | None = which.get("orders")
    if orders is None:
        orders = world.orders_of(person, guests=False)
    known: rest.Body = {"id": person.id, "email": person.email, "phone": person.phone}
    # "In some cases, a customer record contains only the customer's email address."
    return known if person.id else {"email": person.email}, [order.id for order in orders]


def _data_request(world: World, which: Mapping[str, Any]) -> rest.Body:
    customer, orders = _whom(world, which)
    request = {"id": which.get("request_id", 9_000_000_000_001)}
    return {
        **_shop(world, which),
        "orders_requested": orders,
        "customer": customer,
        "data_request": request,
    }


def _redact(world: World, which: Mapping[str, Any]) -> rest.Body:
    customer, orders = _whom(world, which)
    return {**_shop(world, which), "customer": customer, "orders_to_redact": orders}


def _uninstalled(world: World, _: Mapping[str, Any]) -> rest.Body:
    return {
        "id": world.shop_id,
        "name": "Minimiss (invented)",
        "email": "owner@example.com",
        "domain": world.shop,
        "myshopify_domain": world.shop,
        "country": "IN",
        "currency": "INR",
        "timezone": "(GMT+05:30) Asia/Calcutta",
        "iana_timezone": "Asia/Kolkata",
        "plan_name": "basic",
        "shop_owner": "Owner Example",
    }


def _paid(world: World, which: Mapping[str, Any]) -> rest.Body:
    return _order_body(world, which) | {"financial_status": "paid", "total_outstanding": "0.00"}


def _fulfilled(world: World, which: Mapping[str, Any]) -> rest.Body:
    return _order_body(world, which) | {"fulfillment_status": "fulfilled"}


TOPICS: Mapping[str, Callable[[World, Mapping[str, Any]], rest.Body]] = {
    "orders/create": _created,
    "orders/updated": _order_body,
    "orders/paid": _paid,
    "orders/fulfilled": _fulfilled,
    "fulfillments/create": _fulfillment_created,
    "fulfillments/update": _fulfillment,
    "refunds/create": _refund,
    "returns/request": _return,
    "customers/create": _customer,
    "customers/update": _customer,
    "customers/merge": _merge,
    "customers/data_request": _data_request,
    "customers/redact": _redact,
    "shop/redact": _shop,
    "app/uninstalled": _uninstalled,
}
