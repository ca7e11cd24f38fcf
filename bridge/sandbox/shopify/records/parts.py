"""Small parts of many records: ids, times, money, addresses, metafields, timelines.

The module is pure. Keys are spelled as in Shopify's schema; a missing value is answered by the plan's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Address, LineItem, Metafield, TimelineEvent, World

Record = dict[str, Any]


def make_gid(kind: str, number: int) -> str:
    """Return the global id of an object."""
    return f"gid://shopify/{kind}/{number}"


def read_gid_number(global_id: str) -> int:
    """Return the number at the end of a global id; 0 if there is none."""
    tail = str(global_id).partition("?")[0].rpartition("/")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


def format_utc_time(at: datetime | None) -> str | None:
    """Return a time in Shopify's notation."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def build_price(amount: Decimal) -> Record:
    """Return an amount of rupees with at least one decimal and no superfluous ones."""
    return {"amount": str(float(amount)), "currencyCode": "INR"}


def build_money_bag(amount: Decimal) -> Record:
    """Return an amount in the shop's and the buyer's currency, which are the same."""
    return {"shopMoney": build_price(amount), "presentmentMoney": build_price(amount)}


def build_postal_address(owner_id: int, address: Address, *, hidden: bool = False) -> Record | None:
    """Return a postal address; None if the customer was redacted."""
    if hidden:
        return None
    return {
        "__typename": "MailingAddress",
        "id": f"gid://shopify/MailingAddress/{owner_id}?model_name=CustomerAddress",
        "name": address["name"],
        "firstName": address["first_name"],
        "lastName": address["last_name"],
        "company": address["company"],
        "address1": address["address1"],
        "address2": address["address2"],
        "city": address["city"],
        "province": address["province"],
        "provinceCode": address["province_code"],
        "country": address["country"],
        "countryCode": address["country_code"],
        "countryCodeV2": address["country_code"],
        "zip": address["zip"],
        "phone": address["phone"],
        "latitude": address["latitude"],
        "longitude": address["longitude"],
        "timeZone": "Asia/Kolkata",
        "formatted": [address["address1"], f"{address['city']} {address['zip']}", address["country"]],
        "formattedArea": f"{address['city']}, {address['country']}",
        "coordinatesValidated": True,
    }


def build_attributes(pairs: Sequence[tuple[str, str]]) -> list[Record]:
    """Return what a buyer or an app entered for an order or a line."""
    return [{"key": key, "value": value} for key, value in pairs]


def build_metafields(shop: Shop, owner: str, metafields: Sequence[Metafield], written_at: datetime | None) -> Record:
    """Return the metafields of an owner, as a list and by key."""
    rows = [
        {
            "__typename": "Metafield",
            "id": make_gid("Metafield", one.id),
            "legacyResourceId": str(one.id),
            "namespace": one.namespace,
            "key": one.key,
            "type": one.type,
            "value": one.value,
            "jsonValue": one.value,
            "createdAt": format_utc_time(written_at),
            "updatedAt": format_utc_time(written_at),
            **_build_reference(shop, one),
        }
        for one in metafields
        if (owner, one.namespace, one.key) not in shop.removed_metafields
    ]

    def find_metafield(args: Mapping[str, Any]) -> Record | None:
        key_pair = (args.get("namespace"), args.get("key"))
        return next((row for row in rows if (row["namespace"], row["key"]) == key_pair), None)

    return {"metafields": rows, "metafield": find_metafield}


def _build_reference(shop: Shop, metafield: Metafield) -> Record:
    """Return the metaobject to which a metafield refers."""
    if metafield.type != "metaobject_reference":
        return {}
    return {"reference": lambda _: shop.find_metaobject_record(read_gid_number(metafield.value))}


def build_timeline(world: World, kind: str, owner_id: int, events: Sequence[TimelineEvent]) -> list[Record]:
    """Return a timeline; events older than a year are missing, as at Shopify."""
    rows = []
    for one in events:
        if (world.now - one.at).days > 365:
            continue
        row: Record = {
            "__typename": "CommentEvent" if one.is_comment else "BasicEvent",
            "id": make_gid("CommentEvent" if one.is_comment else "BasicEvent", one.id),
            "action": one.action,
            "createdAt": format_utc_time(one.at),
            "message": one.message,
            "rawMessage": one.message,
            "subjectType": kind.upper(),
            "subjectId": make_gid(kind, owner_id),
        }
        rows.append(row)
    return rows


def build_line_items(line_items: Sequence[LineItem], kind: str, *, hidden: bool = False) -> list[Record]:
    """Return line items. The buyer's entries on a line are personal data, the product is not."""
    return [
        {
            "__typename": kind,
            "id": make_gid(kind, one.id),
            "name": one.title,
            "title": one.title,
            "sku": one.sku,
            "vendor": "Minimiss",
            "quantity": one.quantity,
            "currentQuantity": one.quantity,
            "customAttributes": [] if hidden else build_attributes(one.properties),
            "originalUnitPriceSet": build_money_bag(one.price),
            "originalTotalSet": build_money_bag(one.price * one.quantity),
            "discountedUnitPriceSet": build_money_bag(one.price),
            "discountedTotalSet": build_money_bag(one.price * one.quantity),
            "requiresShipping": True,
            "taxable": True,
        }
        for one in line_items
    ]
