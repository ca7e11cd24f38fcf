"""Makers of invented people, deliveries, orders and requests, and of services over a real store.

Asha Qwertzuiop of 7 Nowhere Lane is the canary: nothing of hers may be found in the clear at rest.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bridge.model import (
    Delivery,
    Finding,
    Notice,
    NoticeChannel,
    NoticeItem,
    ParcelStatus,
    Principal,
    PrivacyRequest,
    ReferenceKind,
    RequestKind,
    RequestSource,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.ports import Services
from bridge.rules.index.minimise import Sighting, SightingKind, extract_sighting
from bridge.rules.index.shipping import ParcelSighting
from bridge.store.recovery.ledger import NullLedger
from config.env_parsers import Secret
from config.merchant_file.merchant import load_merchant
from config.merchant_file.processors import Processor
from config.retention_file.retention import Retention, load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE, Settings
from tests.fakes import FakeMailer

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHOP = "minimiss.myshopify.com"
OTHER_SHOP = "elsewhere.myshopify.com"
SECRETS = ("shpss_now", "shpss_before")
WEBHOOKS = Path(__file__).parent / "fixtures" / "shopify" / "webhooks"

ASHA = Principal(customer_id="7001", email="asha@qwertzuiop.example", phone="+919811122233")
CANARIES = ("qwertzuiop", "Nowhere Lane", "9811122233", "AWB7007007")

_numbers = itertools.count(1)


def fixture(name: str) -> Any:
    """Give a recorded body by file name."""
    return json.loads((WEBHOOKS / name).read_text())


def make_delivery(**given: Any) -> Delivery:
    """Make a delivery nobody has seen before."""
    number = next(_numbers)
    told: dict[str, Any] = {
        "id": f"dlv_{number:026}",
        "shop": SHOP,
        "topic": "orders/create",
        "received_at": NOW,
        "raw": json.dumps({"id": number, "name": f"#{number}"}).encode(),
        "webhook_id": f"webhook-{number}",
    }
    return Delivery(**(told | given))


def make_request(**given: Any) -> PrivacyRequest:
    """Make Asha's request, thirty days to answer."""
    told: dict[str, Any] = {
        "id": f"req_{next(_numbers):026}",
        "shop": SHOP,
        "kind": RequestKind.ACCESS,
        "source": RequestSource.WEBHOOK,
        "state": RequestState.IN_PROGRESS,
        "subject": "subject-asha",
        "principal": ASHA,
        "received_at": NOW,
        "received_at_basis": "webhook_received",
        "webhook_received_at": NOW,
        "acknowledge_due_at": NOW + timedelta(hours=48),
        "due_at": NOW + timedelta(days=30),
        "due_governed_by": "policy_30d",
        "clocks": {"policy_30d": (NOW + timedelta(days=30)).isoformat()},
        "policy_sha256": "p" * 64,
        "retention_sha256": "r" * 64,
    }
    return PrivacyRequest(**(told | given))


def make_task(
    request_id: str, system: str = "shopify", action: TaskAction = TaskAction.GATHER, **given: Any
) -> Task:
    """Make a pending task."""
    told: dict[str, Any] = {"id": f"tsk_{next(_numbers):026}", "state": TaskState.PENDING}
    return Task(request_id=request_id, system=system, action=action, **(told | given))


def make_finding(ref: str = "1001", **body: Any) -> Finding:
    """Make a record of Asha's."""
    told = {"name": "Asha Qwertzuiop", "address1": "7 Nowhere Lane", "phone": "+919811122233"}
    return Finding(kind="order", ref=ref, matched_by="customer_id", body=told | body)


def opened(tx: Any, request: PrivacyRequest, *tasks: Task, once: str = "") -> PrivacyRequest:
    """Open a request that nobody opened before."""
    kept = tx.requests.open_request(request, idempotency_key=once or request.id, tasks=tasks)
    assert kept is not None
    return kept


def order_body(number: int = 1001, **given: Any) -> dict[str, Any]:
    """Make Asha's order as Shopify would send it; `customer_id`, `at` and `parcels` are short hands."""
    at = given.pop("at", NOW - timedelta(days=3))
    customer_id = given.pop("customer_id", 7001)
    told: dict[str, Any] = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "email": ASHA.email,
        "phone": ASHA.phone,
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "customer": {"id": customer_id, "email": ASHA.email} if customer_id else None,
        "shipping_address": {"name": "Asha Qwertzuiop", "address1": "7 Nowhere Lane"},
        "fulfillments": [
            {"tracking_company": company, "tracking_numbers": [waybill], "created_at": at.isoformat()}
            for company, waybill in given.pop("parcels", ())
        ],
    }
    return told | given


def order(number: int = 1001, **given: Any) -> Sighting:
    """Make what an order delivery of Asha's shows."""
    return extract_sighting("orders/updated", order_body(number, **given))


def customer(customer_id: int = 7001, **given: Any) -> Sighting:
    """Make what a customer delivery shows."""
    at = (NOW - timedelta(days=9)).isoformat()
    told = {"id": customer_id, "email": ASHA.email, "phone": ASHA.phone, "created_at": at, "updated_at": at}
    return extract_sighting("customers/update", told | given)


def parcels(number: int = 1001, *numbers: str, at: datetime = NOW, **given: Any) -> Sighting:
    """Make what a fulfilment of an order shows."""
    told: dict[str, Any] = {"email": ASHA.email, "phone": "", "carrier": "delhivery"}
    told |= given
    carrier = told.pop("carrier")
    sent = tuple(
        ParcelSighting(number=waybill, carrier=carrier, account_holder="merchant", shipped_at=at)
        for waybill in numbers
    )
    return Sighting(kind=SightingKind.PARCELS, order_id=str(number), updated_at=at, parcels=sent, **told)


def merged(gone: int, kept: int) -> Sighting:
    """Make what a merge of two customers shows."""
    return Sighting(kind=SightingKind.CUSTOMERS_MERGED, customer_id=str(gone), kept_customer_id=str(kept))


def redact_body(*orders: int, **who: Any) -> dict[str, Any]:
    """Make `customers/redact` about Asha, or about `who`."""
    named = who or {"id": 7001, "email": ASHA.email, "phone": ASHA.phone}
    return {"shop_id": 1, "shop_domain": SHOP, "customer": named, "orders_to_redact": list(orders)}


def data_request_body(number: int = 9999, *orders: int, **who: Any) -> dict[str, Any]:
    """Make `customers/data_request` about Asha, or about `who`."""
    named = who or {"id": 7001, "email": ASHA.email, "phone": ASHA.phone}
    return {
        "shop_id": 1,
        "shop_domain": SHOP,
        "customer": named,
        "orders_requested": list(orders),
        "data_request": {"id": number},
    }


def accepted(store: Any, topic: str, body: Any, **given: Any) -> Delivery:
    """Accept a signed delivery and give it back."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = make_delivery(topic=topic, raw=raw, **({"received_at": store.now()} | given))
    assert store.accept_delivery(delivery) is True
    return delivery


@cache
def _papers() -> Any:
    merchant = load_merchant(MERCHANT_FILE)
    return SimpleNamespace(
        settings=Settings(
            shopify_client_secrets=tuple(Secret(secret) for secret in SECRETS), connector_attempts=3
        ),
        merchant=replace(merchant, officer=replace(merchant.officer, domain_control_verified=True)),
        retention=load_retention(RETENTION_FILE),
    )


def make_entry(**given: Any) -> NoticeItem:
    """Make an entry of a parcel that was delivered long ago and paid before."""
    number = next(_numbers)
    told: dict[str, Any] = {
        "id": f"ent_{number:026}",
        "shop": SHOP,
        "request_id": f"req_{number:026}",
        "task_id": f"tsk_{number:026}",
        "processor": "delhivery",
        "names": ReferenceKind.WAYBILL,
        "reference": f"AWB{number:011}",
        "order": f"#{number}",
        "order_id": str(number),
        "system": "delhivery",
        "shipped_at": NOW - timedelta(days=200),
        "status": ParcelStatus.DELIVERED,
        "status_at": NOW - timedelta(days=190),
        "cod": False,
        "look_at": NOW,
    }
    return NoticeItem(**(told | given))


def make_notice(**given: Any) -> Notice:
    """Make a notice that is about to be sent."""
    told: dict[str, Any] = {
        "id": f"ntc_{next(_numbers):026}",
        "shop": SHOP,
        "processor": "delhivery",
        "via": NoticeChannel.EMAIL,
        "created_at": NOW,
        "next_at": NOW,
    }
    return Notice(**(told | given))


def told_processors(**given: Any) -> tuple[Processor, ...]:
    """Make the shipped file's processors, with carriers whose contacts were verified; `given` changes both."""
    told: dict[str, Any] = {"contact_verified_on": NOW.date(), "client_code": "MM-1"} | given
    carriers = {"delhivery": "privacy@delhivery.example", "bluedart": "privacy@bluedart.example"}
    return tuple(
        replace(each, **({"privacy_contact": carriers[each.id]} | told)) if each.id in carriers else each
        for each in _papers().merchant.processors
    )


def settled_retention() -> Retention:
    """Make the shipped retention file with the lengths that its merchant has not decided yet."""
    kept = _papers().retention
    return replace(kept, merchant={**kept.merchant, "return_window_days": 7, "warranty_days": 30})


def make_services(store: Any, clock: Any, queue: Any, *connectors: Any, **given: Any) -> Services:
    """Bundle a real store with fakes of the others' systems."""
    papers = _papers()
    told: dict[str, Any] = {
        "settings": papers.settings,
        "merchant": papers.merchant,
        "retention": papers.retention,
        "clock": clock,
        "store": store,
        "ledger": NullLedger(),
        "queue": queue,
        "mailer": FakeMailer(),
        "connectors": {connector.system: connector for connector in connectors},
        "digest": store.keyring.digest,
        "sign": store.keyring.sign,
    }
    return Services(**(told | given))
