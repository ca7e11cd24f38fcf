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
    from bridge.sandbox.world.models import Address, Happening, Line, Metafield, World

Record = dict[str, Any]


def gid(kind: str, number: int) -> str:
    """Give the global id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str) -> int:
    """Give the number at the end of a global id; 0 where there is none."""
    tail = str(global_id).partition("?")[0].rpartition("/")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


def moment(at: datetime | None) -> str | None:
    """Write a moment as Shopify does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def price(amount: Decimal) -> Record:
    """Write an amount of rupees: one decimal at least, no more than needed."""
    return {"amount": str(float(amount)), "currencyCode": "INR"}


def bag(amount: Decimal) -> Record:
    """Write an amount in the shop's and the buyer's money, which are the same."""
    return {"shopMoney": price(amount), "presentmentMoney": price(amount)}


def postal(owner: int, found: Address, *, hidden: bool = False) -> Record | None:
    """Write a postal address; nothing where the person was redacted."""
    if hidden:
        return None
    return {
        "__typename": "MailingAddress",
        "id": f"gid://shopify/MailingAddress/{owner}?model_name=CustomerAddress",
        "name": found["name"],
        "firstName": found["first_name"],
        "lastName": found["last_name"],
        "company": found["company"],
        "address1": found["address1"],
        "address2": found["address2"],
        "city": found["city"],
        "province": found["province"],
        "provinceCode": found["province_code"],
        "country": found["country"],
        "countryCode": found["country_code"],
        "countryCodeV2": found["country_code"],
        "zip": found["zip"],
        "phone": found["phone"],
        "latitude": found["latitude"],
        "longitude": found["longitude"],
        "timeZone": "Asia/Kolkata",
        "formatted": [found["address1"], f"{found['city']} {found['zip']}", found["country"]],
        "formattedArea": f"{found['city']}, {found['country']}",
        "coordinatesValidated": True,
    }


def attributes(pairs: Sequence[tuple[str, str]]) -> list[Record]:
    """Write what a buyer or an app typed beside an order or a line."""
    return [{"key": key, "value": value} for key, value in pairs]


def metafields(shop: Shop, owner: str, found: Sequence[Metafield], at: datetime | None) -> Record:
    """Write the metafields of an owner, as a list and one by one."""
    rows = [
        {
            "__typename": "Metafield",
            "id": gid("Metafield", one.id),
            "legacyResourceId": str(one.id),
            "namespace": one.namespace,
            "key": one.key,
            "type": one.type,
            "value": one.value,
            "jsonValue": one.value,
            "createdAt": moment(at),
            "updatedAt": moment(at),
            **_led_to(shop, one),
        }
        for one in found
        if (owner, one.namespace, one.key) not in shop.removed
    ]

    def single(args: Mapping[str, Any]) -> Record | None:
        wanted = (args.get("namespace"), args.get("key"))
        return next((row for row in rows if (row["namespace"], row["key"]) == wanted), None)

    return {"metafields": rows, "metafield": single}


def _led_to(shop: Shop, one: Metafield) -> Record:
    """Follow a metafield that leads to a metaobject."""
    if one.type != "metaobject_reference":
        return {}
    return {"reference": lambda _: shop.metaobject_record(number_of(one.value))}


def timeline(world: World, kind: str, owner: int, found: Sequence[Happening]) -> list[Record]:
    """Write a timeline; what is older than a year is gone, as at Shopify."""
    rows = []
    for one in found:
        if (world.now - one.at).days > 365:
            continue
        row: Record = {
            "__typename": "CommentEvent" if one.comment else "BasicEvent",
            "id": gid("CommentEvent" if one.comment else "BasicEvent", one.id),
            "action": one.action,
            "createdAt": moment(one.at),
            "message": one.message,
            "rawMessage": one.message,
            "subjectType": kind.upper(),
            "subjectId": gid(kind, owner),
        }
        rows.append(row)
    return rows


def lines(found: Sequence[Line], kind: str, *, hidden: bool = False) -> list[Record]:
    """Write line items. What the buyer typed on a line is hers, the piece itself is not."""
    return [
        {
            "__typename": kind,
            "id": gid(kind, one.id),
            "name": one.title,
            "title": one.title,
            "sku": one.sku,
            "vendor": "Minimiss",
            "quantity": one.quantity,
            "currentQuantity": one.quantity,
            "customAttributes": [] if hidden else attributes(one.properties),
            "originalUnitPriceSet": bag(one.price),
            "originalTotalSet": bag(one.price * one.quantity),
            "discountedUnitPriceSet": bag(one.price),
            "discountedTotalSet": bag(one.price * one.quantity),
            "requiresShipping": True,
            "taxable": True,
        }
        for one in found
    ]
