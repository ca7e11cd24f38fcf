"""Webhooks of the invented shop: bodies in Shopify's form, signed and posted as by Shopify.

Only the body is signed. It never retries: a test of retries posts again with the same ids.
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
RESPONSE_TIMEOUT_S = 5.0  # Shopify waits no longer for the whole answer


def build_body(topic: str, world: World, **selection: Any) -> bytes:
    """Return the body of a webhook about `person`, `order` or `parcel`; about Asha if none is given.

    `selection` has `person`, `order`, `parcel`, `orders` (of a privacy topic), `request_id` (data_request),
    `kept` and `deleted` (merge). Raises KeyError for an unknown topic.
    """
    return json.dumps(BODY_BUILDERS[topic](world, selection), ensure_ascii=False, separators=(",", ":")).encode()


def build_headers(
    topic: str,
    shop: str,
    secret: str,
    raw: bytes,
    *,
    webhook_id: str = "",
    event_id: str = "",
    triggered_at: datetime | None = None,
    header_prefix: str = "X-Shopify-",
) -> dict[str, str]:
    """Return the headers of one delivery, signed with `secret`. `header_prefix` is `X-Shopify-` or `Shopify-`."""
    signature = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    at = triggered_at or datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        f"{header_prefix}Topic": topic,
        f"{header_prefix}Hmac-Sha256": signature,
        f"{header_prefix}Shop-Domain": shop,
        f"{header_prefix}API-Version": API_VERSION,
        f"{header_prefix}Webhook-Id": webhook_id or str(uuid.uuid4()),
        f"{header_prefix}Triggered-At": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        f"{header_prefix}Event-Id": event_id or str(uuid.uuid4()),
    }


def post_delivery(
    base_url: str,
    topic: str,
    raw: bytes,
    headers: Mapping[str, str],
    *,
    session: requests.Session | None = None,
    timeout_s: float = RESPONSE_TIMEOUT_S,
) -> requests.Response:
    """Post one delivery to `base_url/webhooks/<topic>`, following no redirect, as Shopify does."""
    send = session.post if session else requests.post
    return send(
        f"{base_url.rstrip('/')}/webhooks/{topic}",
        data=raw,
        headers=dict(headers),
        timeout=timeout_s,
        allow_redirects=False,
    )


def _select_person(world: World, selection: Mapping[str, Any]) -> Person:
    found: Person = selection.get("person") or world.asha
    return found


def _select_order(world: World, selection: Mapping[str, Any]) -> Order:
    if selection.get("parcel"):
        return world.get_order(selection["parcel"].order_id)
    found: Order = selection.get("order") or world.list_orders(_select_person(world, selection))[0]
    return found


def _build_order_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    order = _select_order(world, selection)
    person = world.get_person(order.person_id) if order.person_id else None
    return rest.build_order(order, person, shop_id=world.shop_id)


def _build_created_order(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    """Return an order at the moment of its creation, without shipments."""
    initial_fields: rest.RestBody = {"fulfillments": [], "refunds": [], "fulfillment_status": None}
    body = _build_order_body(world, selection) | initial_fields
    return body | {"updated_at": body["created_at"]}


def _build_fulfillment_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    order = _select_order(world, selection)
    parcel: Parcel = selection.get("parcel") or order.parcels[0]
    return rest.build_fulfillment(order, parcel)


def _build_created_fulfillment(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    return _build_fulfillment_body(world, selection) | {"shipment_status": None}


def _build_refund_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    order = _select_order(world, selection)
    return rest.build_refund(order, order.refunds[0])


def _build_return_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    order = _select_order(world, selection)
    return rest.build_return(order, order.returns[0])


def _build_customer_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    return rest.build_customer(_select_person(world, selection))


def _build_merge_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    kept = selection.get("kept") or world.asha
    deleted = selection.get("deleted") or world.bikram
    return {
        "admin_graphql_api_customer_kept_id": rest.make_rest_gid("Customer", kept.id),
        "admin_graphql_api_customer_deleted_id": rest.make_rest_gid("Customer", deleted.id),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }


def _build_shop_body(world: World, _: Mapping[str, Any]) -> rest.RestBody:
    return {"shop_id": world.shop_id, "shop_domain": world.shop}


def _select_customer_and_orders(world: World, selection: Mapping[str, Any]) -> tuple[rest.RestBody, list[int]]:
    person = _select_person(world, selection)
    orders: Sequence[Order] | None = selection.get("orders")
    if orders is None:
        orders = world.list_orders(person, with_guests=False)
    customer: rest.RestBody = {"id": person.id, "email": person.email, "phone": person.phone}
    # "In some cases, a customer record contains only the customer's email address."
    return customer if person.id else {"email": person.email}, [order.id for order in orders]


def _build_data_request_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    customer, orders = _select_customer_and_orders(world, selection)
    request = {"id": selection.get("request_id", 9_000_000_000_001)}
    return {
        **_build_shop_body(world, selection),
        "orders_requested": orders,
        "customer": customer,
        "data_request": request,
    }


def _build_redact_body(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    customer, orders = _select_customer_and_orders(world, selection)
    return {**_build_shop_body(world, selection), "customer": customer, "orders_to_redact": orders}


def _build_uninstalled_body(world: World, _: Mapping[str, Any]) -> rest.RestBody:
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


def _build_paid_order(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    return _build_order_body(world, selection) | {"financial_status": "paid", "total_outstanding": "0.00"}


def _build_fulfilled_order(world: World, selection: Mapping[str, Any]) -> rest.RestBody:
    return _build_order_body(world, selection) | {"fulfillment_status": "fulfilled"}


BODY_BUILDERS: Mapping[str, Callable[[World, Mapping[str, Any]], rest.RestBody]] = {
    "orders/create": _build_created_order,
    "orders/updated": _build_order_body,
    "orders/paid": _build_paid_order,
    "orders/fulfilled": _build_fulfilled_order,
    "fulfillments/create": _build_created_fulfillment,
    "fulfillments/update": _build_fulfillment_body,
    "refunds/create": _build_refund_body,
    "returns/request": _build_return_body,
    "customers/create": _build_customer_body,
    "customers/update": _build_customer_body,
    "customers/merge": _build_merge_body,
    "customers/data_request": _build_data_request_body,
    "customers/redact": _build_redact_body,
    "shop/redact": _build_shop_body,
    "app/uninstalled": _build_uninstalled_body,
}
