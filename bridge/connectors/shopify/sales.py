"""What the tax books need of an order: figures, State, and name and address for the rule that decides about them.

For orders whose webhooks nobody saw. Shopify keeps these figures when it erases a customer, her name and address
it does not: whoever asks late gets less.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering.flatten import has_more, nodes
from bridge.connectors.shopify.gathering.session import gid
from bridge.errors import CredentialRejected
from bridge.model import Place, Sale, SoldLine, Tax
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import mapping, moment, text
from bridge.rules.index.sales import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bridge.connectors.shopify.api.client import Client

AT_ONCE, LINES, MOST_LINES = 5, 30, 200
MOST = 20  # refunds and parcels that one question tells of
PAID = {"PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
SENT = {"FULFILLED", "PARTIALLY_FULFILLED"}


def sales(client: Client, order_ids: Sequence[str], shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
    """The sales of each order that Shopify knows. Raises as `Client.ask`, CredentialRejected where it may not say."""
    for start in range(0, len(order_ids), AT_ONCE):
        for order in _ask(client, shop, order_ids[start : start + AT_ONCE], LINES):
            whole = order
            if has_more(order.get("lineItems")):
                (whole,) = _ask(client, shop, [legacy_id(order["id"])], MOST_LINES)
            yield legacy_id(order["id"]), _sales(whole)


def _ask(client: Client, shop: str, order_ids: Sequence[str], lines: int) -> list[dict[str, Any]]:
    ids = [gid("Order", order_id) for order_id in order_ids]
    reply = client.ask(shop, "sales_by_ids", ids=ids, lines=lines)
    if reply.denied:  # a copy with holes would pass for a whole one
        raise CredentialRejected(f"shopify: not allowed ({reply.denied[0].reason})")
    return [order for order in nodes(reply.data) if "displayFinancialStatus" in order]


def _sales(order: Mapping[str, Any]) -> Sequence[Sale]:
    """The invoice and its credit notes; nothing of a test order, nor of one that was neither paid nor sent."""
    money, goods = text(order.get("displayFinancialStatus")), text(order.get("displayFulfillmentStatus"))
    refunds = [refund for refund in order.get("refunds") or [] if isinstance(refund, dict)]
    given = [refund for refund in refunds if (_money(refund, "totalRefundedSet") or 0) > 0]
    if order.get("test") or (money not in PAID and goods not in SENT and not given):
        return ()
    order_id, issued = legacy_id(order["id"]), _issued(order)
    return (
        Sale(
            order_id=order_id,
            number=text(order.get("name")),
            issued_at=issued,
            currency=text(order.get("currencyCode")),
            total=_money(order, "totalPriceSet"),
            tax=_money(order, "totalTaxSet"),
            tip=_money(order, "totalTipReceivedSet") or Decimal(0),
            lines=tuple(_line(line) for line in nodes(order.get("lineItems"))),
            taxes=_taxes(order),
            shipping=_written(order, "totalShippingPriceSet"),
            gateways=tuple(order.get("paymentGatewayNames") or ()),
            billing=_place(order.get("billingAddress")),
            delivery=_place(order.get("shippingAddress")),
            whole=not has_more(order.get("lineItems"))
            and len(refunds) < MOST
            and len(order.get("fulfillments") or ()) < MOST,
            attributes=tuple(
                (text(each.get("key")), text(each.get("value")))
                for each in map(mapping, order.get("customAttributes") or ())
            ),
        ),
        *(_refund(refund, order, issued) for refund in refunds),
    )


def _issued(order: Mapping[str, Any]) -> datetime:
    """The later of payment and last dispatch: the day that keeps the copy longer."""
    sent = [moment(box.get("createdAt")) for box in map(mapping, order.get("fulfillments") or ())]
    known = [found for found in (moment(order.get("processedAt")), *sent) if found is not None]
    return max(known)


def _refund(refund: Mapping[str, Any], order: Mapping[str, Any], issued: datetime) -> Sale:
    return Sale(
        order_id=legacy_id(order["id"]),
        number=text(order.get("name")),
        refund_id=legacy_id(refund.get("id")),
        issued_at=moment(refund.get("processedAt")) or issued,
        currency=text(order.get("currencyCode")),
        total=_money(refund, "totalRefundedSet"),
    )


def _line(line: Mapping[str, Any]) -> SoldLine:
    return SoldLine(
        description=text(line.get("title")),
        sku=text(line.get("sku")),
        quantity=int(line.get("quantity") or 0),
        unit_price=_written(line, "originalUnitPriceSet"),
        discount=_written(line, "totalDiscountSet"),
        taxes=_taxes(line),
    )


def _taxes(of: Mapping[str, Any]) -> tuple[Tax, ...]:
    return tuple(
        Tax(title=text(tax.get("title")), rate=str(tax.get("rate") or ""), amount=_written(tax, "priceSet"))
        for tax in map(mapping, of.get("taxLines") or ())
    )


def _place(address: Any) -> Place:
    found = mapping(address)
    return Place(
        name=text(found.get("name")),
        company=text(found.get("company")),
        lines=tuple(line for key in ("address1", "address2") if (line := text(found.get(key)))),
        city=text(found.get("city")),
        postal_code=text(found.get("zip")),
        state=text(found.get("province")),
        state_code=text(found.get("provinceCode")),
        country_code=text(found.get("countryCodeV2")),
    )


def _money(of: Mapping[str, Any], name: str) -> Decimal | None:
    return amount(mapping(mapping(of.get(name)).get("shopMoney")).get("amount"))


def _written(of: Mapping[str, Any], name: str) -> str:
    found = _money(of, name)
    return "" if found is None else f"{found:.2f}"
