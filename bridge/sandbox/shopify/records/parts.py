"""Small records that many others hold: ids, moments, money, addresses, metafields, timelines.

Pure. A key is spelled as in Shopify's schema; a value that a record lacks is answered by the plan's default.
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
    """Give the global id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def parse_gid_number(global_id: str) -> int:
    """Give the number at the end of a global id; 0 where there is none."""
    tail = str(global_id).partition("?")[0].rpartition("/")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


def format_utc_time(at: datetime | None) -> str | None:
    """Write a moment as Shopify does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def build_price(amount: Decimal) -> Record:
    """Write an amount of rupees: one decimal at least, no more than needed."""
    return {"amount": str(float(amount)), "currencyCode": "INR"}


def build_money_bag(amount: Decimal) -> Record:
    """Write an amount in the shop's and the buyer's money, which are the same."""
    return {"shopMoney": build_price(amount), "presentmentMoney": build_price(amount)}


def build_postal_address(owner_id: int, address: Address, *, hidden: bool = False) -> Record | None:
    """Write a postal address; nothing where the person was redacted."""
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
    """Write what a buyer or an app typed beside an order or a line."""
    return [{"key": key, "value": value} for key, value in pairs]


def build_metafields(
    shop: Shop, owner: str, metafields: Sequence[Metafield], written_at: datetime | None
) -> Record:
    """Write the metafields of an owner, as a list and one by one."""
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

    def single(args: Mapping[str, Any]) -> Record | None:
        wanted = (args.get("namespace"), args.get("key"))
        return next((row for row in rows if (row["namespace"], row["key"]) == wanted), None)

    return {"metafields": rows, "metafield": single}


def _build_reference(shop: Shop, metafield: Metafield) -> Record:
    """Follow a metafield that leads to a metaobject."""
    if metafield.type != "metaobject_reference":
        return {}
    return {"reference": lambda _: shop.find_metaobject_record(parse_gid_number(metafield.value))}


def build_timeline(world: World, kind: str, owner_id: int, events: Sequence[TimelineEvent]) -> list[Record]:
    """Write a timeline; what is older than a year is gone, as at Shopify."""
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
    """Write line items. What the buyer typed on a line is hers, the piece itself is not."""
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
