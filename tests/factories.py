"""Makes invented people, deliveries, orders and requests, and services over a real store.

Asha Qwertzuiop of 7 Nowhere Lane is the canary: none of this data may be found in the clear at rest.
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
    OrderSelection,
    ParcelStatus,
    Principal,
    PrivacyRequest,
    Reconciliation,
    ReconciliationKind,
    ReconciliationState,
    ReferenceKind,
    RequestKind,
    RequestSource,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.rules.index.minimise import Sighting, SightingKind, extract_sighting
from bridge.rules.index.shipping import ParcelSighting
from bridge.services import Services
from bridge.store.recovery.ledger import NullLedger
from config.env_parsers import Secret
from config.merchant_file.merchant import GrievanceOfficer, load_merchant
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
    """Return a recorded body by file name."""
    return json.loads((WEBHOOKS / name).read_text())


def make_delivery(**given: Any) -> Delivery:
    """Make a delivery with a new id."""
    number = next(_numbers)
    usual: dict[str, Any] = {
        "id": f"dlv_{number:026}",
        "shop": SHOP,
        "topic": "orders/create",
        "received_at": NOW,
        "raw": json.dumps({"id": number, "name": f"#{number}"}).encode(),
        "webhook_id": f"webhook-{number}",
    }
    return Delivery(**(usual | given))


def make_request(**given: Any) -> PrivacyRequest:
    """Make Asha's request, thirty days to answer."""
    usual: dict[str, Any] = {
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
    return PrivacyRequest(**(usual | given))


def make_task(request_id: str, system: str = "shopify", action: TaskAction = TaskAction.GATHER, **given: Any) -> Task:
    """Make a pending task."""
    usual: dict[str, Any] = {"id": f"tsk_{next(_numbers):026}", "state": TaskState.PENDING}
    return Task(request_id=request_id, system=system, action=action, **(usual | given))


def make_finding(ref: str = "1001", **body: Any) -> Finding:
    """Make a record about Asha."""
    usual = {"name": "Asha Qwertzuiop", "address1": "7 Nowhere Lane", "phone": "+919811122233"}
    return Finding(kind="order", ref=ref, matched_by="customer_id", body=usual | body)


def opened(tx: Any, request: PrivacyRequest, *tasks: Task, once: str = "") -> PrivacyRequest:
    """Open a new request and return it."""
    kept = tx.requests.open_request(request, idempotency_key=once or request.id, tasks=tasks)
    assert kept is not None
    return kept


def order_body(number: int = 1001, **given: Any) -> dict[str, Any]:
    """Make Asha's order as Shopify would send it; `customer_id`, `at` and `parcels` are shorthands."""
    at = given.pop("at", NOW - timedelta(days=3))
    customer_id = given.pop("customer_id", 7001)
    usual: dict[str, Any] = {
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
    return usual | given


def order(number: int = 1001, **given: Any) -> Sighting:
    """Make the sighting of an order of Asha's."""
    return extract_sighting("orders/updated", order_body(number, **given))


def customer(customer_id: int = 7001, **given: Any) -> Sighting:
    """Make the sighting of a customer."""
    at = (NOW - timedelta(days=9)).isoformat()
    usual = {"id": customer_id, "email": ASHA.email, "phone": ASHA.phone, "created_at": at, "updated_at": at}
    return extract_sighting("customers/update", usual | given)


def parcels(number: int = 1001, *numbers: str, at: datetime = NOW, **given: Any) -> Sighting:
    """Make the sighting of an order's parcels."""
    usual: dict[str, Any] = {"email": ASHA.email, "phone": "", "carrier": "delhivery"}
    usual |= given
    carrier = usual.pop("carrier")
    sent = tuple(
        ParcelSighting(number=waybill, carrier=carrier, account_holder="merchant", shipped_at=at) for waybill in numbers
    )
    return Sighting(kind=SightingKind.PARCELS, order_id=str(number), updated_at=at, parcels=sent, **usual)


def merged(gone: int, kept: int) -> Sighting:
    """Make the sighting of a merge of two customers."""
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


def uninstalled_body(shop: str = SHOP, number: int = 1) -> dict[str, Any]:
    """Make `app/uninstalled`: the shop as an object."""
    return {"id": number, "name": "A shop", "domain": "shop.example.in", "myshopify_domain": shop}


def accepted(store: Any, topic: str, body: Any, **given: Any) -> Delivery:
    """Accept a delivery and return it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = make_delivery(topic=topic, raw=raw, **({"received_at": store.now()} | given))
    assert store.accept_delivery(delivery) is True
    return delivery


OFFICER = GrievanceOfficer(
    name="Devi Nowhere",
    designation="Grievance Officer",
    email="privacy@minimiss.com",
    phone="+91 562 400 0000",
    domain_control_verified=True,
)


@cache
def _configuration_files() -> Any:
    merchant = load_merchant(MERCHANT_FILE)
    return SimpleNamespace(
        settings=Settings(
            shopify_client_secrets=tuple(Secret(secret) for secret in SECRETS),
            connector_attempts=3,
            merge_wait_minutes=0,
        ),
        merchant=replace(merchant, officer=OFFICER),
        retention=load_retention(RETENTION_FILE),
    )


def make_entry(**given: Any) -> NoticeItem:
    """Make a notice item of a prepaid parcel that was delivered long ago."""
    number = next(_numbers)
    usual: dict[str, Any] = {
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
    return NoticeItem(**(usual | given))


def make_notice(**given: Any) -> Notice:
    """Make a notice that is about to be sent."""
    usual: dict[str, Any] = {
        "id": f"ntc_{next(_numbers):026}",
        "shop": SHOP,
        "processor": "delhivery",
        "via": NoticeChannel.EMAIL,
        "created_at": NOW,
        "next_at": NOW,
    }
    return Notice(**(usual | given))


def make_reconciliation(**given: Any) -> Reconciliation:
    """Make a run that was begun by hand and not worked on yet."""
    usual: dict[str, Any] = {
        "id": f"rcn_{next(_numbers):026}",
        "shop": SHOP,
        "kind": ReconciliationKind.MANUAL,
        "selection": OrderSelection(since=NOW - timedelta(days=1), until=NOW),
        "state": ReconciliationState.RUNNING,
        "actor": "operator:test",
        "started_at": NOW,
    }
    return Reconciliation(**(usual | given))


def notified_processors(**given: Any) -> tuple[Processor, ...]:
    """Make the shipped file's processors, with carriers whose contacts were verified; `given` changes both."""
    usual: dict[str, Any] = {"contact_verified_on": NOW.date(), "client_code": "MM-1"} | given
    carriers = {"delhivery": "privacy@delhivery.example", "bluedart": "privacy@bluedart.example"}
    return tuple(
        replace(each, **({"privacy_contact": carriers[each.id]} | usual)) if each.id in carriers else each
        for each in _configuration_files().merchant.processors
    )


def settled_retention() -> Retention:
    """Make the shipped retention file with the lengths that its merchant has not decided yet."""
    kept = _configuration_files().retention
    return replace(kept, merchant={**kept.merchant, "return_window_days": 7, "warranty_days": 30})


def make_services(store: Any, clock: Any, queue: Any, *connectors: Any, **given: Any) -> Services:
    """Bundle a real store with fakes of all other systems."""
    files = _configuration_files()
    usual: dict[str, Any] = {
        "settings": files.settings,
        "merchant": files.merchant,
        "retention": files.retention,
        "clock": clock,
        "store": store,
        "ledger": NullLedger(),
        "queue": queue,
        "mailer": FakeMailer(),
        "connectors": {connector.system: connector for connector in connectors},
        "digest": store.keyring.digest,
        "sign": store.keyring.sign,
    }
    return Services(**(usual | given))
